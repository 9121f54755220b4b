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
  readonly env?: Readonly<Record<string, string>>;
};

/** The environment that its pod would have. Source: engine contract, 11.7. */
const podEnv = ({ unit, parameters }: MicroserviceOptions, image: string, ports: Ports) => ({
  PREDICTIVE_UNIT_HTTP_SERVICE_PORT: String(ports.http),
  PREDICTIVE_UNIT_GRPC_SERVICE_PORT: String(ports.grpc),
  PREDICTIVE_UNIT_METRICS_SERVICE_PORT: String(ports.metrics),
  PREDICTIVE_UNIT_METRICS_ENDPOINT: "/prometheus",
  PREDICTIVE_UNIT_ID: unit,
  PREDICTIVE_UNIT_IMAGE: image,
  PREDICTOR_ID: "main",
  PREDICTOR_LABELS: JSON.stringify({ version: "v7" }),
  SELDON_DEPLOYMENT_ID: "peers",
  SELDON_EXECUTOR_ENABLED: "true",
  ...(parameters === undefined ? {} : { PREDICTIVE_UNIT_PARAMETERS: JSON.stringify(parameters) }),
});

type Ports = { readonly http: number; readonly grpc: number; readonly metrics: number };

/** Starts `seldon-core-microservice` and waits until it answers over REST and gRPC. */
export const startMicroservice = async (
  processes: Processes,
  options: MicroserviceOptions,
): Promise<Microservice> => {
  const { unit, target, env = {} } = options;
  const image = `peers/${unit}:0.1`;
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
    env: { ...machineEnv(bin), ...podEnv(options, image, ports), ...env },
  });
  await Promise.all(Object.values(ports).map((port) => process.listens(port)));
  return {
    unit,
    image,
    url: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    metricsUrl: `http://127.0.0.1:${ports.metrics}/prometheus`,
    endpoint: {
      service_host: "127.0.0.1",
      service_port: ports.http,
      httpPort: ports.http,
      grpcPort: ports.grpc,
    },
    process,
  };
};
