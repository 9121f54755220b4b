import type { Container, ContainerPort, Lifecycle, Probe } from "../../api/types.ts";
import { nodeEnv } from "./env.ts";
import { given } from "./object.ts";
import type { NodeContainer, NodePorts, Subject } from "./subject.ts";

/**
 * A node's container as it goes into a pod, which has `graceSeconds` to end.
 * Source: operator contract, 4.3.
 */
export const nodeContainer = (
  node: NodeContainer,
  subject: Subject,
  graceSeconds: number,
): Container => {
  const { container, ports } = node;
  return {
    ...container,
    ports: withPorts(container.ports ?? [], ports),
    livenessProbe: container.livenessProbe ?? tcpProbe(ports.primary, 60),
    readinessProbe: container.readinessProbe ?? tcpProbe(ports.primary, 20),
    ...given({ lifecycle: container.lifecycle ?? drain(graceSeconds) }),
    env: nodeEnv(node, subject),
  };
};

const withPorts = (
  ports: readonly ContainerPort[],
  { http, grpc }: NodePorts,
): readonly ContainerPort[] => {
  const missing = [
    { name: "http", containerPort: http, protocol: "TCP" },
    { name: "grpc", containerPort: grpc, protocol: "TCP" },
  ].filter(({ name }) => !ports.some((port) => port.name === name));
  return [...ports, ...missing];
};

const tcpProbe = (port: number, initialDelaySeconds: number): Probe => ({
  tcpSocket: { port },
  initialDelaySeconds,
  periodSeconds: 5,
  successThreshold: 1,
  failureThreshold: 3,
  timeoutSeconds: 1,
});

/**
 * Serves on while the cluster forgets the pod; no shell needed. Kubernetes wants a sleep shorter than
 * the grace, and takes none of 0 seconds before 1.34. Source: design 5.2.11.
 */
export const drain = (graceSeconds: number): Lifecycle | undefined =>
  graceSeconds > 1
    ? { preStop: { sleep: { seconds: Math.min(10, graceSeconds - 1) } } }
    : undefined;
