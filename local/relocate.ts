/**
 * One machine has one set of ports, where a cluster has one for each pod: the containers of a
 * predictor move to ports that are free here, and the graph is told. Pure.
 *
 * Everything else follows from rendering: the variables that name a port, probes, the plan.
 */
import { findContainer } from "../api/deployment.ts";
import type { Container, Endpoint, PredictiveUnit, Predictor } from "../api/types.ts";

export type ContainerPorts = {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
};

/** What a node's container needs; a number where it declares one itself, and cannot be moved. */
export type PortNeed = {
  readonly container: string;
  readonly http: number | undefined;
  readonly grpc: number | undefined;
};

/** The containers that serve a node. Sidecars have no ports of ours. */
export const portNeeds = (predictor: Predictor): readonly PortNeed[] =>
  nodeContainers(predictor).map(({ container, endpoint }) => ({
    container: container.name,
    http: declared(container, "http", endpoint.httpPort),
    grpc: declared(container, "grpc", endpoint.grpcPort),
  }));

type Placed = { readonly container: Container; readonly endpoint: Endpoint };

const nodeContainers = (predictor: Predictor): readonly Placed[] => {
  const endpoints = endpointsOf(predictor.graph);
  const seen = new Set<string>();
  return predictor.componentSpecs
    .flatMap(({ spec }) => spec?.containers ?? [])
    .flatMap((container) => {
      const endpoint = endpoints.get(container.name);
      if (endpoint === undefined || seen.has(container.name)) return [];
      seen.add(container.name);
      return [{ container, endpoint }];
    });
};

const endpointsOf = (unit: PredictiveUnit): ReadonlyMap<string, Endpoint> => {
  const found = new Map<string, Endpoint>();
  const visit = ({ name, endpoint, children }: PredictiveUnit): void => {
    if (endpoint !== undefined && !found.has(name)) found.set(name, endpoint);
    children?.forEach(visit);
  };
  visit(unit);
  return found;
};

/** Variables whose literal value says where a container listens; they win over ours when rendered. */
const portVariables = {
  http: ["PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "MLSERVER_HTTP_PORT", "PREDICTIVE_UNIT_SERVICE_PORT"],
  grpc: ["PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "MLSERVER_GRPC_PORT", "PREDICTIVE_UNIT_SERVICE_PORT"],
} as const;

/** The port that a user gave the container: by a port of that name, or by a variable. */
const declared = (
  container: Container,
  name: "http" | "grpc",
  port: number | undefined,
): number | undefined => {
  const byName = container.ports?.find((each) => each.name === name)?.containerPort;
  const byVariable = container.env?.some(
    (entry) =>
      portVariables[name].some((one) => one === entry.name) && entry.value === String(port),
  );
  return byName ?? (byVariable ? port : undefined);
};

/** The predictor with its containers on these ports, by container name; hosts stay as they are. */
export const relocate = (
  predictor: Predictor,
  ports: ReadonlyMap<string, ContainerPorts>,
  metricsPortName: string,
): Predictor => ({
  ...predictor,
  graph: mapEndpoints(predictor.graph, ({ name }, endpoint) => {
    const moved = ports.get(name);
    if (moved === undefined) return endpoint;
    const isGrpc = endpoint.service_port === endpoint.grpcPort;
    return {
      ...endpoint,
      service_port: isGrpc ? moved.grpc : moved.http,
      httpPort: moved.http,
      grpcPort: moved.grpc,
    };
  }),
  componentSpecs: predictor.componentSpecs.map((component) =>
    component.spec === undefined
      ? component
      : {
          ...component,
          spec: {
            ...component.spec,
            containers: component.spec.containers.map((container) =>
              withMetricsPort(container, metricsPortName, ports.get(container.name)?.metrics),
            ),
          },
        },
  ),
});

const withMetricsPort = (
  container: Container,
  name: string,
  port: number | undefined,
): Container =>
  port === undefined || container.ports === undefined
    ? container
    : {
        ...container,
        ports: container.ports.map((each) =>
          each.name === name ? { ...each, containerPort: port } : each,
        ),
      };

/** The predictor as an engine on this machine sees it: every node with a container is here. */
export const atHome = (predictor: Predictor): Predictor => ({
  ...predictor,
  graph: mapEndpoints(predictor.graph, ({ name }, endpoint) =>
    findContainer(predictor, name) === undefined
      ? endpoint
      : { ...endpoint, service_host: "127.0.0.1" },
  ),
});

/** Changes endpoints where there are any. */
const mapEndpoints = (
  unit: PredictiveUnit,
  change: (unit: PredictiveUnit, endpoint: Endpoint) => Endpoint,
): PredictiveUnit => ({
  ...unit,
  ...(unit.endpoint === undefined ? {} : { endpoint: change(unit, unit.endpoint) }),
  ...(unit.children === undefined
    ? {}
    : { children: unit.children.map((child) => mapEndpoints(child, change)) }),
});
