/**
 * The engine process: configuration in, two listeners out, and an orderly end.
 *
 * Everything that a request needs is made here, once. Source: engine contract, section 1.
 */
import { readFileSync } from "node:fs";
import { type Logger, makeLog } from "../host/log.ts";
import { parseAnnotations } from "./annotations.ts";
import { loadBuiltIns, makeBuiltIns } from "./built-ins.ts";
import { makeClients } from "./clients.ts";
import { type EngineConfig, type PlanOrFaults, readConfig } from "./config.ts";
import { makeDeadlines } from "./deadlines.ts";
import { type Faces, type Means, makeFaces } from "./faces.ts";
import type { Environment } from "./flags.ts";
import { type Metrics, makeMetrics } from "./metrics.ts";
import { makeLookup } from "./payload-log/lookup.ts";
import type { PayloadLog } from "./payload-log/payload-log.ts";
import { type GrpcServer, listenGrpc } from "./server/grpc.ts";
import { answering, type HttpServer, type HttpServerOptions, listenHttp } from "./server/http.ts";
import { openTls, type TlsMaterial } from "./server/tls.ts";
import { openState } from "./store/open.ts";
import { readTextFile } from "./text-file.ts";
import { unshared } from "./workers/unshared.ts";
import type { Siblings } from "./workers/worker.ts";

/** Where the kubelet writes the pod's annotations. Source: engine contract, 1.5. */
const podAnnotations = "/etc/podinfo/annotations";

export type EngineProcess = {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Turns unready, serves on for the delay, `--shutdown_delay` if not given, and drains. Resolves with the exit code. */
  stop(delayMs?: number): Promise<number>;
};

export type Started =
  | { readonly ok: true; readonly process: EngineProcess }
  | { readonly ok: false; readonly faults: readonly string[]; readonly exitCode: number };

/** Starts an engine, or one process of it, from its command line and environment. */
export const startEngine = async (
  argv: readonly string[],
  env: Environment,
  siblings?: Siblings,
): Promise<Started> => {
  const annotations = readAnnotations(env["ESPALIER_PODINFO_ANNOTATIONS"] || podAnnotations);
  const read = await readConfig({ argv, env, annotations, planFromFile });
  if (!read.ok) return read;
  const { config } = read;
  const log = makeLog(config.flags.log_level);
  for (const warning of read.warnings) log.warn({ warning }, "configuration");
  try {
    return { ok: true, process: await listen(config, log, siblings) };
  } catch (error) {
    return { ok: false, faults: [listenFault(error)], exitCode: 1 };
  }
};

/** Reading YAML is not needed by an engine that gets its plan from the environment. */
const planFromFile = async (file: string, predictor: string): Promise<PlanOrFaults> =>
  (await import("./plan-file.ts")).planFromFile(file, predictor);

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

const listen = async (
  config: EngineConfig,
  log: Logger,
  siblings: Siblings | undefined,
): Promise<EngineProcess> => {
  const { flags, limits, plan } = config;
  const deadlines = makeDeadlines();
  const clients = makeClients(limits, deadlines);
  const own = makeMetrics(flags.sdep, plan);
  const metrics = siblings === undefined ? own : { ...own, text: siblings.text };
  const payloadLog = await openPayloadLog(config, { metrics, deadlines, log });
  const state = { stopping: false };
  const tls = config.tls && openTls(config.tls);
  const definitions = await loadBuiltIns(plan);
  // Without built-in nodes there is nobody who would learn, and nothing to load for it.
  const learned =
    definitions.size === 0 || (siblings !== undefined && flags.state_store === "")
      ? unshared
      : await openState({ flags, registry: await metrics.registry(), log });
  const builtIns = makeBuiltIns(plan, definitions, {
    random: Math.random,
    now: Date.now,
    store: learned.store,
    readFile: readTextFile,
  });
  const faces = makeFaces(config, {
    clients,
    deadlines,
    metrics,
    payloadLog,
    builtIns,
    ownReason: () => (state.stopping ? "the engine is stopping" : undefined),
    onReadiness: (reason) => {
      if (reason === undefined) log.info("ready");
      else log.warn({ reason }, "not ready");
    },
  });
  const opening = openListeners(config, { faces, metrics, tls: tls?.material });
  const servers = await opening.catch(async (error: unknown) => {
    await learned.close();
    throw error;
  });
  tls?.renew(
    servers.all.flatMap(({ renewable }) => renewable ?? []),
    (error) => {
      if (error === undefined) log.info("certificates renewed");
      else log.error({ error: error.message }, "cannot renew certificates; the old ones stay");
    },
  );
  const ports = { httpPort: servers.http.port, grpcPort: servers.grpc.port };
  log.info({ ...ports, deployment: flags.sdep, predictor: plan.name }, "engine started");
  siblings?.started(ports, own);
  return {
    ...ports,
    stop: async (delayMs = flags.shutdown_delay) => {
      state.stopping = true;
      log.info({ delayMs }, "engine stopping");
      servers.http.retire();
      await wait(delayMs);
      const end = performance.now() + flags.graceful_timeout;
      const code = await drain(servers.all, flags.graceful_timeout);
      await payloadLog?.close(Math.max(0, Math.min(payloadFlushMs, end - performance.now())));
      await learned.close();
      clients.close();
      tls?.close();
      log.info({ code }, "engine stopped");
      return code;
    },
  };
};

/** How long a sink of logged payloads may take to answer. */
const payloadPostMs = 10_000;
/** The longest time at shutdown to send payloads that wait to be logged. */
const payloadFlushMs = 5000;

/** Undefined if no unit is logged. */
const openPayloadLog = async (
  { flags, limits, logTargets: targets }: EngineConfig,
  { metrics, deadlines, log }: Pick<Means, "metrics" | "deadlines"> & { readonly log: Logger },
): Promise<PayloadLog | undefined> => {
  if (targets.size === 0) return undefined;
  const { makePayloadLog } = await import("./payload-log/payload-log.ts");
  return makePayloadLog({
    targets,
    origin: {
      deployment: flags.sdep,
      namespace: flags.namespace,
      predictor: flags.predictor,
      protocol: flags.protocol,
      source: `http://${flags.hostname}:${flags.http_port}/`,
    },
    bounds: {
      maxItems: Math.max(1, flags.log_work_buffer_size),
      maxBytes: flags.log_work_buffer_bytes,
      waitMs: flags.log_write_timeout_ms,
    },
    senders: flags.logger_workers,
    timeoutMs: payloadPostMs,
    lookup: makeLookup(),
    limits,
    deadlines,
    registry: await metrics.registry(),
    log,
  });
};

type Inside = {
  readonly faces: Faces;
  readonly metrics: Metrics;
  readonly tls: TlsMaterial | undefined;
};

/** All listeners or none: what was opened is closed again when a later one cannot be. */
const openListeners = async (config: EngineConfig, { faces, metrics, tls }: Inside) => {
  const { flags, limits } = config;
  const onError = faces.protocol.rest.failure;
  const secured = {
    ...(tls !== undefined && { tls }),
    ...(flags.listen_address !== "" && { host: flags.listen_address }),
  };
  const opened: (HttpServer | GrpcServer)[] = [];
  const open = async <Kind extends HttpServer | GrpcServer>(one: Promise<Kind>): Promise<Kind> => {
    const server = await one;
    opened.push(server);
    return server;
  };
  try {
    // Kubernetes would restart an engine for being busy.
    const probes = new Set(["/live", "/ready", flags.prometheus_path]);
    const isProbe = (target: string): boolean => probes.has(target.split("?", 1)[0] ?? "");
    const rest = {
      ...secured,
      handler: faces.rest,
      onError,
      limits,
      port: flags.http_port,
      isProbe,
    };
    const http = await open(listenHttp(rest));
    const grpc = await open(
      listenGrpc({
        ...secured,
        port: flags.grpc_port,
        maxConnections: limits.maxConnections,
        maxMessageBytes: config.grpcMaxBytes,
        limits,
        ...faces.grpc,
      }),
    );
    if (flags.metrics_port !== 0) await open(listenMetrics(config, metrics, onError));
    return { http, grpc, all: opened };
  } catch (error) {
    for (const server of opened) server.close();
    throw error;
  }
};

const listenMetrics = (
  { flags, limits }: EngineConfig,
  metrics: Metrics,
  onError: HttpServerOptions["onError"],
): Promise<HttpServer> => {
  const notFound = { status: 404, headers: [], body: undefined };
  return listenHttp({
    handler: answering(
      async ({ target }) =>
        target.split("?", 1)[0] === flags.prometheus_path
          ? {
              status: 200,
              headers: ["Content-Type", metrics.contentType],
              body: await metrics.text(),
            }
          : notFound,
      onError,
    ),
    onError,
    limits,
    port: flags.metrics_port,
    ...(flags.listen_address !== "" && { host: flags.listen_address }),
  });
};

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * 0 when every connection ended by itself in time, else 1, and what is left is closed.
 * Source: engine contract, 1.6.
 */
const drain = async (
  servers: readonly (HttpServer | GrpcServer)[],
  timeoutMs: number,
): Promise<number> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(1), timeoutMs);
  });
  const drained = Promise.all(servers.map((server) => server.drain())).then(() => 0);
  const code = await Promise.race([drained, late]);
  clearTimeout(timer);
  if (code !== 0) for (const server of servers) server.close();
  return code;
};
