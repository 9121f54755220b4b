/** The ports of the Services that routes lead to. */
import { containersOf, hasNoEngine } from "../../api/deployment.ts";
import type { ContainerPort } from "../../api/types.ts";
import { nodeContainerOf, type Subject } from "./subject.ts";

export type ServicePorts = { readonly http: number; readonly grpc: number };

/**
 * Of a predictor's Service: its engine's, or those of the container that serves without one.
 * Containers and Services have one source. Source: operator contract, 4.6, 4.7, 12.3.
 */
export const predictorPorts = (subject: Subject): ServicePorts => {
  const { predictor, settings } = subject;
  const own = hasNoEngine(predictor)
    ? predictor.componentSpecs
        .flatMap(containersOf)
        .map((container) => nodeContainerOf(container, subject)?.ports)
        .find((ports) => ports !== undefined)
    : undefined;
  return own ?? { http: settings.engineHttpPort, grpc: settings.engineGrpcPort };
};

/** Of an explainer's Service: that of its container. Source: operator contract, 5, 12.6. */
export const explainerPort = ({ predictor }: Subject): number => {
  const { containerSpec, endpoint } = predictor.explainer ?? {};
  const own = containerSpec?.ports?.find(({ name }) => name === "http");
  return own?.containerPort ?? (endpoint?.service_port || 9000);
};

/**
 * How a probe names a container's port for HTTP: by name, unless a user's port of that number keeps
 * a name of its own, since a list of ports has each number once. Source: design 5.2.1.
 */
export const httpPortOf = (ports: readonly ContainerPort[], number: number): "http" | number =>
  ports.some(({ name, containerPort }) => name !== "http" && containerPort === number)
    ? number
    : "http";
