/** How an explainer and its predictor speak with each other. Source: operator contract, 5. */
import { protocolOf, transportOf } from "../../../api/deployment.ts";
import { predictorServiceName } from "../../../api/names.ts";
import { predictorPorts } from "../ports.ts";
import type { Subject } from "../subject.ts";

export type Speech = {
  readonly protocol: "seldon" | "tensorflow" | "v2";
  readonly transport: "http" | "grpc";
  /** Where the predictor is: `service.namespace:port`. */
  readonly predictor: string;
};

export const speechOf = (subject: Subject): Speech => {
  const { deployment, predictor } = subject;
  const isGrpc =
    transportOf(deployment) === "grpc" || predictor.explainer?.endpoint?.type === "GRPC";
  const transport = isGrpc ? "grpc" : "http";
  const { name, namespace } = deployment.metadata;
  const protocol = protocolOf(deployment);
  return {
    protocol: protocol === "kfserving" ? "v2" : protocol,
    transport,
    predictor: `${predictorServiceName(name, predictor)}.${namespace}:${predictorPorts(subject)[transport]}`,
  };
};
