/** The ports of a component: REST, gRPC and Prometheus, all open or none. Source: engine contract, 11.6 and 11.7. */
import type { Registry } from "prom-client";
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import type { GrpcServer } from "../server/grpc.ts";
import { answering, type HttpServer, listenHttp } from "../server/http.ts";
import type { ComponentConfig } from "./config.ts";
import { answerEdgeError, makeRestHandler, type RestOptions } from "./rest.ts";
import { makeScrapeHandler } from "./scrape.ts";

export type Running = {
  readonly httpPort: number;
  /** Undefined if gRPC is not served. */
  readonly grpcPort: number | undefined;
  readonly metricsPort: number;
  /**
   * Lets requests in work end; resolves when the last connection is closed. `partingMs` is for
   * clients that keep REST connections: HttpServer.drain.
   */
  drain(partingMs?: number): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

/** What answers on the ports. */
export type Served = Omit<RestOptions, "maxDecompressedBytes"> & { readonly registry: Registry };

type Name = "metrics" | "grpc" | "http";
type Server = HttpServer | GrpcServer;

type Listener = {
  readonly name: Name;
  readonly port: number;
  /** Where the port is written. */
  readonly flag: string;
  readonly variable: string;
  readonly open: (port: number) => Promise<Server>;
};

export const listenAll = async (
  config: ComponentConfig,
  served: Served,
): Promise<Result<Running>> => {
  const opened = new Map<Name, Server>();
  const close = (): void => {
    for (const server of opened.values()) server.close();
  };
  for (const listener of listenersOf(config, served)) {
    try {
      opened.set(listener.name, await listener.open(listener.port));
    } catch (thrown) {
      close();
      return failure([faultOf(thrown, listener, config.host)]);
    }
  }
  return success({
    httpPort: opened.get("http")?.port ?? 0,
    grpcPort: opened.get("grpc")?.port,
    metricsPort: opened.get("metrics")?.port ?? 0,
    drain: async (partingMs = 0) => {
      const drained = [...opened].map(([name, server]) =>
        server.drain(name === "http" ? partingMs : 0),
      );
      await Promise.all(drained);
    },
    close,
  });
};

/** REST comes last: a probe asks there whether the model is ready. */
const listenersOf = (config: ComponentConfig, served: Served): readonly Listener[] => {
  const { limits, host, httpPort, grpcPort, metricsPort } = config;
  const edge = { limits, onError: answerEdgeError, ...(host === undefined ? {} : { host }) };
  const scrape = makeScrapeHandler(served.registry, config.metricsPath);
  const rest = makeRestHandler({ ...served, maxDecompressedBytes: limits.maxDecompressedBytes });
  const metrics: Listener = {
    name: "metrics",
    port: metricsPort,
    flag: "--metrics-port",
    variable: "PREDICTIVE_UNIT_METRICS_SERVICE_PORT",
    open: (port) => listenHttp({ ...edge, handler: answering(scrape, answerEdgeError), port }),
  };
  const http: Listener = {
    name: "http",
    port: httpPort,
    flag: "--http-port",
    variable: "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
    open: (port) => listenHttp({ ...edge, handler: answering(rest, answerEdgeError), port }),
  };
  if (grpcPort === undefined) return [metrics, http];
  const grpc: Listener = {
    name: "grpc",
    port: grpcPort,
    flag: "--grpc-port",
    variable: "PREDICTIVE_UNIT_GRPC_SERVICE_PORT",
    open: (port) => openGrpc(port, config, served),
  };
  return [metrics, grpc, http];
};

/** The libraries of gRPC are loaded only where it is served. */
const openGrpc = async (
  port: number,
  { host, limits, grpcMaxBytes }: ComponentConfig,
  served: Served,
): Promise<GrpcServer> => {
  const [{ listenGrpc }, { makeGrpcHandlers }] = await Promise.all([
    import("../server/grpc.ts"),
    import("./grpc.ts"),
  ]);
  return listenGrpc({
    ...makeGrpcHandlers(served),
    ...(host === undefined ? {} : { host }),
    port,
    maxConnections: limits.maxConnections,
    maxMessageBytes: grpcMaxBytes,
    limits,
  });
};

const faultOf = (
  thrown: unknown,
  { port, flag, variable }: Listener,
  host: string | undefined,
): Issue => {
  const { code, message } = thrown as NodeJS.ErrnoException; // only the system's errors come here
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use: stop what listens there, or choose another port with ${flag} or ${variable}`,
    EACCES: `port ${port} is not allowed: choose one from 1024 up with ${flag} or ${variable}`,
    EADDRNOTAVAIL: `address ${host} is not of this machine: choose another with --host`,
  };
  return { path: flag, message: why[code ?? ""] ?? `cannot listen: ${message}` };
};
