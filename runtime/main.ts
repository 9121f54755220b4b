/**
 * The engine process: configuration in, two listeners out, and an orderly end.
 *
 * Everything that a request needs is made here, once. Source: engine contract, section 1.
 */
import { readFileSync } from "node:fs";
import { type Logger, makeLog } from "../host/log.ts";
import { parseAnnotations } from "./annotations.ts";
import type { RestCarried } from "./client/rest-node.ts";
import { makeClients, makeRestRemote } from "./clients.ts";
import { type EngineConfig, type Environment, readConfig } from "./config.ts";
import { type Deadlines, makeDeadlines } from "./deadlines.ts";
import { makeEngine } from "./engine/engine.ts";
import { type Graph, makeGraph, preorder } from "./graph.ts";
import { type Metrics, makeMetrics } from "./metrics.ts";
import { planFromFile } from "./plan-file.ts";
import type { RestProtocol } from "./protocol/protocol.ts";
import { makeSeldonRest } from "./protocol/seldon-rest.ts";
import {
  makeConnectReadiness,
  makeHealthReadiness,
  type Readiness,
  type Target,
} from "./readiness.ts";
import { makeDocs } from "./server/docs.ts";
import { type GrpcServer, listenGrpc } from "./server/grpc.ts";
import { type HttpServer, listenHttp } from "./server/http.ts";
import { makeRestHandler } from "./server/rest.ts";

/** Where the kubelet writes the pod's annotations. Source: engine contract, 1.5. */
const podAnnotations = "/etc/podinfo/annotations";

export type EngineProcess = {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Turns unready, serves on for the delay, drains. Resolves with the exit code. */
  stop(): Promise<number>;
};

export type Started =
  | { readonly ok: true; readonly process: EngineProcess }
  | { readonly ok: false; readonly faults: readonly string[]; readonly exitCode: number };

/** Starts an engine from its command line and environment. */
export const startEngine = async (argv: readonly string[], env: Environment): Promise<Started> => {
  const annotations = readAnnotations(env["ESPALIER_PODINFO_ANNOTATIONS"] || podAnnotations);
  const read = readConfig({ argv, env, annotations, planFromFile });
  if (!read.ok) return read;
  const { config } = read;
  const log = makeLog(config.flags.log_level);
  for (const warning of read.warnings) log.warn({ warning }, "configuration");
  try {
    return { ok: true, process: await listen(config, log) };
  } catch (error) {
    return { ok: false, faults: [listenFault(error)], exitCode: 1 };
  }
};

const readAnnotations = (path: string): ReadonlyMap<string, string> => {
  try {
    return parseAnnotations(readFileSync(path, "utf8"));
  } catch {
    return new Map(); // outside a pod there is no such file
  }
};

const listenFault = (error: unknown): string => {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number }; // what listen() rejects with
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} is in use; choose others with --http_port, --grpc_port and --metrics_port`;
    case "EACCES":
      return `port ${port} may not be opened by this user; choose one above 1023`;
    default:
      return `cannot start: ${message}`;
  }
};

const listen = async (config: EngineConfig, log: Logger): Promise<EngineProcess> => {
  const { flags, limits, plan } = config;
  const deadlines = makeDeadlines();
  const clients = makeClients(limits, deadlines);
  const protocol = makeSeldonRest(limits.maxDecompressedBytes);
  const metrics = makeMetrics(flags.sdep, plan);
  const remote = makeRestRemote({
    protocol,
    timeoutMs: config.restTimeoutMs,
    limits,
    metrics,
    ...clients,
  });
  const graph = makeGraph({ plan, codec: protocol.codec, remote, random: Math.random });
  const state = { stopping: false };
  const nodesReady = makeReadiness(config, protocol, { graph, clients, deadlines });
  const readiness = watchReadiness(
    async () => (state.stopping ? "the engine is stopping" : nodesReady()),
    log,
  );
  const handler = makeRestHandler({
    deployment: flags.sdep,
    namespace: flags.namespace,
    predictor: plan.name,
    protocol,
    engine: makeEngine(
      graph.root,
      config.record === "every-node" ? protocol.codec.record : undefined,
    ),
    graph,
    metrics,
    readiness,
    docs: makeDocs(protocol.routes, {
      deployment: flags.sdep,
      namespace: flags.namespace,
      predictor: plan.name,
    }),
    deadlines,
    metricsPath: flags.prometheus_path,
    graphTimeoutMs: config.graphTimeoutMs,
    recordAtEnd: config.record === "final" && graph.routeVaries,
    cors: config.cors,
  });
  const http = await listenHttp({
    handler,
    onError: protocol.failure,
    limits,
    port: flags.http_port,
  });
  const grpc = await listenGrpc({
    port: flags.grpc_port,
    maxConnections: limits.maxConnections,
    maxMessageBytes: limits.maxBodyBytes,
    unary: new Map(),
    serverStreams: new Map(),
    duplexStreams: new Map(),
  });
  const scrape = await listenMetrics(config, protocol, metrics);
  log.info(
    { httpPort: http.port, grpcPort: grpc.port, deployment: flags.sdep, predictor: plan.name },
    "engine started",
  );
  return {
    httpPort: http.port,
    grpcPort: grpc.port,
    stop: async () => {
      state.stopping = true;
      log.info({ delayMs: flags.shutdown_delay }, "engine stopping");
      await wait(flags.shutdown_delay);
      const code = await drain([http, grpc, ...scrape], flags.graceful_timeout);
      clients.close();
      log.info({ code }, "engine stopped");
      return code;
    },
  };
};

type Means = {
  readonly graph: Graph<RestCarried>;
  readonly clients: ReturnType<typeof makeClients>;
  readonly deadlines: Deadlines;
};

/** Children before their parent. Source: engine contract, 10.5. */
const makeReadiness = (
  { flags }: EngineConfig,
  protocol: RestProtocol,
  { graph, clients, deadlines }: Means,
): Readiness => {
  const targets = [...preorder(graph.units)].reverse().flatMap(({ plan }): readonly Target[] => {
    const { service_host: host, service_port: port } = plan.endpoint ?? {};
    return !host || port === undefined ? [] : [{ name: plan.name, host, port }];
  });
  return flags.full_health_checks
    ? makeHealthReadiness(targets, protocol.healthPath, clients.clientFor)
    : makeConnectReadiness(targets, deadlines);
};

/** Says in the log when readiness changes, and why. */
const watchReadiness = (readiness: Readiness, log: Logger): Readiness => {
  let last: string | undefined = "";
  return async () => {
    const reason = await readiness();
    if (reason !== last) {
      if (reason === undefined) log.info("ready");
      else log.warn({ reason }, "not ready");
      last = reason;
    }
    return reason;
  };
};

const listenMetrics = async (
  { flags, limits }: EngineConfig,
  protocol: RestProtocol,
  metrics: Metrics,
): Promise<readonly HttpServer[]> => {
  if (flags.metrics_port === 0) return [];
  const notFound = { status: 404, headers: [], body: undefined };
  return [
    await listenHttp({
      handler: async ({ target }) =>
        target.split("?", 1)[0] === flags.prometheus_path
          ? {
              status: 200,
              headers: ["Content-Type", metrics.contentType],
              body: await metrics.text(),
            }
          : notFound,
      onError: protocol.failure,
      limits,
      port: flags.metrics_port,
    }),
  ];
};

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** 0 when every connection ended by itself in time, else 1. Source: engine contract, 1.6. */
const drain = async (
  servers: readonly (HttpServer | GrpcServer)[],
  timeoutMs: number,
): Promise<number> => {
  const drained = Promise.all(servers.map((server) => server.drain())).then(() => 0);
  const late = wait(timeoutMs).then(() => 1);
  return Promise.race([drained, late]);
};
