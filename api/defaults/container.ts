import { containerServiceName, serviceHost } from "../names.ts";
import type { Container, ContainerPort, Endpoint, PredictiveUnit, VolumeMount } from "../types.ts";
import type { Context } from "./context.ts";
import type { ReservedPorts } from "./ports.ts";

/** Source: operator contract, 2.2. */
const podinfo: VolumeMount = { name: "seldon-podinfo", mountPath: "/etc/podinfo" };
const retiredPodinfo = "podinfo";

/** The container of a prepackaged server that its user did not write. */
export const newServerContainer = (name: string): Container => ({ name, volumeMounts: [podinfo] });

/** A node's container; `nextMetrics` is asked only when it has no port for metrics. */
export const defaultContainer = (
  container: Container,
  metricsPortName: string,
  nextMetrics: () => number,
): Container => ({
  ...container,
  imagePullPolicy: container.imagePullPolicy || "IfNotPresent",
  terminationMessagePath: container.terminationMessagePath || "/dev/termination-log",
  terminationMessagePolicy: container.terminationMessagePolicy || "File",
  volumeMounts: withPodinfo(container.volumeMounts ?? []),
  ports: findPort(container, metricsPortName)
    ? (container.ports ?? [])
    : [
        ...(container.ports ?? []),
        { name: metricsPortName, containerPort: nextMetrics(), protocol: "TCP" },
      ],
});

/** Mounts of versions before 1.2 give way, the last mount taking the place of each. */
const withPodinfo = (mounts: readonly VolumeMount[]): readonly VolumeMount[] => {
  const kept = [...mounts];
  for (let i = 0; i < kept.length; i++) {
    while (kept[i]?.name === retiredPodinfo) {
      const last = kept.pop();
      if (last !== undefined && i < kept.length) kept[i] = last;
    }
  }
  return kept.some(({ name }) => name === podinfo.name) ? kept : [...kept, podinfo];
};

const findPort = ({ ports }: Container, name: string): ContainerPort | undefined =>
  ports?.find((port) => port.name === name);

/** Where a container lives: the predictor, and the index of its componentSpec. */
export type Lodging = { readonly predictor: string; readonly index: number };

/** Where the engine finds the node that `container` serves; a port named by the user wins. */
export const endpointOf = (
  unit: PredictiveUnit,
  container: Container,
  { predictor, index, reserved }: Lodging & { readonly reserved: ReservedPorts },
  context: Context,
): Endpoint => {
  const isLocal = index === 0 && !context.isEngineSeparate;
  const service = containerServiceName(context.deployment, predictor, container.name);
  const httpPort = findPort(container, "http")?.containerPort ?? reserved.http;
  const grpcPort = findPort(container, "grpc")?.containerPort ?? reserved.grpc;
  const isGrpc = unit.endpoint?.type === "GRPC" || context.transport === "grpc";
  return {
    ...unit.endpoint,
    service_host: isLocal ? "localhost" : serviceHost(service, context.namespace),
    service_port: isGrpc ? grpcPort : httpPort,
    httpPort,
    grpcPort,
  };
};
