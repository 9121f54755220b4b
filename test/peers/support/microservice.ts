import type { Endpoint } from "../../../api/types.ts";
import { machineEnv, pythonFolder, seldonCore } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

/** A container of a graph, run by the real Python wrapper. */
export type Microservice = {
  readonly unit: string;
  readonly image: string;
  readonly url: string;
  readonly grpc: string;
  readonly metricsUrl: string;
  /** Where an engine reaches it. */
  readonly endpoint: Endpoint;
  readonly process: Process;
};

export type MicroserviceOptions = {
  /** The name of its node. */
  readonly unit: string;
  /** `module.Class` in the folder of Python classes. */
  readonly target: string;
  readonly parameters?: readonly object[];
  /** Over those of its pod; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

export type ContainerPorts = {
  readonly http: number;
  readonly grpc: number;
  readonly metrics: number;
};

/** Where an engine on this machine reaches a container. */
export const endpointAt = ({ http, grpc }: Pick<ContainerPorts, "http" | "grpc">): Endpoint => ({
  service_host: "127.0.0.1",
  service_port: http,
  httpPort: http,
  grpcPort: grpc,
});

const imageOf = (unit: string): string => `peers/${unit}:0.1`;

/** The environment that a container would have in its pod. Source: engine contract, 11.7. */
export const podEnv = (
  { unit, parameters, env }: Omit<MicroserviceOptions, "target">,
  ports: ContainerPorts,
): Readonly<Record<string, string>> => {
  const all = { ...identity(unit, ports), ...parametersOf(parameters), ...env };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
};

const parametersOf = (parameters: readonly object[] | undefined) =>
  parameters === undefined ? {} : { PREDICTIVE_UNIT_PARAMETERS: JSON.stringify(parameters) };

const identity = (unit: string, ports: ContainerPorts) => ({
  PREDICTIVE_UNIT_HTTP_SERVICE_PORT: String(ports.http),
  PREDICTIVE_UNIT_GRPC_SERVICE_PORT: String(ports.grpc),
  PREDICTIVE_UNIT_METRICS_SERVICE_PORT: String(ports.metrics),
  PREDICTIVE_UNIT_METRICS_ENDPOINT: "/prometheus",
  PREDICTIVE_UNIT_ID: unit,
  PREDICTIVE_UNIT_IMAGE: imageOf(unit),
  PREDICTOR_ID: "main",
  PREDICTOR_LABELS: JSON.stringify({ version: "v7" }),
  SELDON_DEPLOYMENT_ID: "peers",
  SELDON_EXECUTOR_ENABLED: "true",
});

/** Starts `seldon-core-microservice` and waits until it answers over REST and gRPC. */
export const startMicroservice = async (
  processes: Processes,
  options: MicroserviceOptions,
): Promise<Microservice> => {
  const { unit, target } = options;
  const ports = {
    http: await processes.freePort(),
    grpc: await processes.freePort(),
    metrics: await processes.freePort(),
  };
  const bin = seldonCore();
  const process = processes.start({
    name: unit,
    file: `${bin}/seldon-core-microservice`,
    args: [target, "--service-type", "MODEL"],
    cwd: pythonFolder,
    env: { ...machineEnv(bin), ...podEnv(options, ports) },
  });
  await Promise.all(Object.values(ports).map((port) => process.listens(port)));
  return {
    unit,
    image: imageOf(unit),
    url: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    metricsUrl: `http://127.0.0.1:${ports.metrics}/prometheus`,
    endpoint: endpointAt(ports),
    process,
  };
};
