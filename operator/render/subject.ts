import { transportOf } from "../../api/deployment.ts";
import { find } from "../../api/graph.ts";
import { item } from "../../api/path.ts";
import type { Settings } from "../../api/settings.ts";
import type { Container, Deployment, PredictiveUnit, Predictor } from "../../api/types.ts";

/** What a renderer looks at: one predictor of a deployment that `parse` has answered. */
export type Subject = {
  readonly deployment: Deployment;
  readonly predictor: Predictor;
  readonly settings: Settings;
};

/** Where the predictor is in its manifest: predictors of one deployment differ by name. */
export const predictorPath = ({ deployment, predictor }: Subject): string =>
  item(
    "spec.predictors",
    deployment.spec.predictors.findIndex(({ name }) => name === predictor.name),
  );

/** Labels or annotations. */
export type Words = { readonly [key: string]: string };

/** The name of the engine's container. Source: operator contract, 4.4. */
export const engineContainerName = "seldon-container-engine";
/** The TensorFlow server beside its proxy. Source: operator contract, 7.3. */
export const tensorflowContainerName = "tfserving";

/** The ports on which a node listens; `primary` is the one that probes look at. */
export type NodePorts = { readonly http: number; readonly grpc: number; readonly primary: number };

/** A container that serves a node of the graph. */
export type NodeContainer = {
  readonly container: Container;
  readonly unit: PredictiveUnit;
  readonly ports: NodePorts;
};

/** What node a container serves, if any. Source: operator contract, 4.3. */
export const nodeContainerOf = (
  container: Container,
  { deployment, predictor }: Subject,
): NodeContainer | undefined => {
  const isOurs = [engineContainerName, tensorflowContainerName].includes(container.name);
  const unit = isOurs ? undefined : find(predictor.graph, container.name);
  const { httpPort: http, grpcPort: grpc, type } = unit?.endpoint ?? {};
  if (unit === undefined || http === undefined || grpc === undefined) return undefined;
  const isGrpc = transportOf(deployment) === "grpc" || type === "GRPC";
  return { container, unit, ports: { http, grpc, primary: isGrpc ? grpc : http } };
};
