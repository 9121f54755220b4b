/** An engine in front of one container that echoes, both over REST and gRPC. */
import { gzipSync } from "node:zlib";
import type { Later } from "../../contract/cleanup.ts";
import { openGrpcHost } from "../../contract/grpc.ts";
import { openRestHost, type RestHandler, type RestSeen } from "../../contract/rest.ts";
import { type Engine, type EngineOptions, startEngine } from "../../peers/support/engine.ts";
import { type ContainerPorts, endpointAt } from "../../peers/support/microservice.ts";
import { makeProcesses, type Processes } from "../../peers/support/processes.ts";

export const predictions = "/api/v1.0/predictions";
export const predictRpc = "/seldon.protos.Seldon/Predict";

const takesGzip = (headers: RestSeen["headers"]): boolean =>
  String(headers["accept-encoding"]).includes("gzip");

/** Echoes; the request's header `Do` may ask for something else. */
const echo: RestHandler = ({ body, headers }) => {
  switch (headers["do"]) {
    case "gzip":
      return takesGzip(headers)
        ? { body: gzipSync(body), headers: { "content-encoding": "gzip" } }
        : { body };
    case "headers":
      return { body: JSON.stringify(headers) };
    default:
      return { body };
  }
};

export type Started = {
  readonly engine: Engine;
  readonly processes: Processes;
  /** Requests that came to the container over REST. */
  readonly seen: readonly RestSeen[];
};

export type StartOptions = Pick<EngineOptions, "flags" | "env" | "ports">;

/** In front of a container of this process. */
export const startEchoed = async (later: Later, options: StartOptions = {}): Promise<Started> => {
  const rest = await openRestHost(later, { "/predict": echo });
  const grpc = await openGrpcHost(later, {
    unary: { "/seldon.protos.Model/Predict": ({ body }) => body },
  });
  const ports = { http: rest.httpPort, grpc: grpc.grpcPort };
  const { engine, processes } = await startBefore(later, ports, options);
  return { engine, processes, seen: rest.seen };
};

/** In front of a container that listens on these ports. */
export const startBefore = async (
  later: Later,
  ports: Pick<ContainerPorts, "http" | "grpc">,
  options: StartOptions = {},
): Promise<Pick<Started, "engine" | "processes">> => {
  const processes = makeProcesses();
  later(() => processes.stopAll());
  const engine = await startEngine(processes, {
    graph: { name: "echo", type: "MODEL" },
    peers: [{ unit: "echo", image: "echo:1", endpoint: endpointAt(ports) }],
    ...options,
  });
  return { engine, processes };
};
