/** What the engine is told at start: flags, environment and the pod's annotations, read once. */
import { join } from "node:path";
import { decodePlan, type Plan, type PlanUnit } from "../api/plan.ts";
import { wholeNumber } from "../api/whole-number.ts";
import { type FlagValues, parseBool, readFlags } from "../host/flags.ts";
import { type Environment, engineFlags, mostWorkers, withEnvDefaults } from "./flags.ts";
import type { Limits } from "./limits.ts";
import { findTargets, type LogTarget } from "./payload-log/targets.ts";
import { type Protocol, protocols } from "./protocol/protocols.ts";
import type { TlsFiles } from "./server/tls.ts";
import { stateFaults } from "./store/open.ts";

export type EngineConfig = {
  readonly makeProtocol: (limitBytes: number) => Protocol;
  readonly flags: FlagValues<typeof engineFlags>;
  readonly plan: Plan;
  readonly limits: Limits;
  /** Per call to a node; 0 means no limit. */
  readonly restTimeoutMs: number;
  readonly grpcTimeoutMs: number;
  /** Largest message over gRPC. */
  readonly grpcMaxBytes: number;
  /** For the whole graph. */
  readonly graphTimeoutMs: number;
  /** When routes are written into `meta.routing`. Source: deviation E6. */
  readonly record: "every-node" | "final" | "never";
  readonly cors: { readonly origins: string; readonly headers: string };
  /** Undefined serves without TLS. */
  readonly tls: TlsFiles | undefined;
  /** Where the payloads of units are logged. */
  readonly logTargets: ReadonlyMap<PlanUnit, LogTarget>;
};

export type ReadConfig =
  | { readonly ok: true; readonly config: EngineConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[]; readonly exitCode: number };

/** What Go's flag package, and so a v1 engine, ends with. Source: engine contract, 1.1. */
const malformedExitCode = 2;
/** What a v1 engine answers with when it has no predictor. Source: engine contract, 1.1. */
const noPredictorExitCode = 255;

const defaultGraphTimeoutMs = 600_000;
/** Source: engine contract, 2.5. */
const defaultCorsHeaders =
  "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token";

const noKafkaLog =
  "a Kafka broker for logged payloads is set (--log_kafka_broker or LOGGER_KAFKA_BROKER), which is not offered yet: they go over HTTP";

export type Sources = {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Annotations of the pod; empty if it has none. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Reads the plan out of the manifest that `--file` names. */
  readonly planFromFile: (file: string, predictor: string) => Promise<PlanOrFaults>;
};
export type PlanOrFaults =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly string[] };

/** All faults are reported together; only a missing plan has an exit code of its own. */
export const readConfig = async (sources: Sources): Promise<ReadConfig> => {
  const { argv, env, annotations } = sources;
  const read = readFlags(engineFlags, withEnvDefaults(argv, env));
  if (!read.ok) {
    const faults = [...read.faults, ...annotationFaults(annotations)];
    return { ok: false, faults, exitCode: read.malformed ? malformedExitCode : 1 };
  }
  const flags = read.values;
  const faults = [...flagFaults(flags), ...stateFaults(flags)];
  const warnings: string[] = [];
  const number = (key: string, fallback: number, sink = faults): number => {
    const value = annotated(annotations, key);
    if (typeof value === "string") sink.push(value);
    return typeof value === "number" ? value : fallback;
  };
  const settings = {
    // A malformed one is fatal for REST and passed over for gRPC; one below zero is no limit.
    // Source: engine contract, 10.2.
    restTimeoutMs: number("seldon.io/rest-timeout", 0),
    grpcTimeoutMs: number("seldon.io/grpc-timeout", 0, warnings),
    graphTimeoutMs: number("espalier.io/graph-timeout", 0) || defaultGraphTimeoutMs,
    grpcMaxBytes: Math.min(
      number("seldon.io/grpc-max-message-size", flags.max_body_bytes),
      flags.max_body_bytes,
    ),
    record: recordWhen(env["SELDON_ENABLE_ROUTING_INJECTION"], warnings),
    limits: limitsOf(flags),
    cors: {
      origins: env["CORS_ALLOWED_ORIGINS"] || "*",
      headers: env["CORS_ALLOWED_HEADERS"] || defaultCorsHeaders,
    },
    tls: tlsFiles(env),
  };
  faults.push(...corsFaults(env));
  const makeProtocol = Object.hasOwn(protocols, flags.protocol)
    ? protocols[flags.protocol]
    : undefined;
  if (makeProtocol === undefined) {
    const offered = Object.keys(protocols).join(", ");
    faults.push(`--protocol is "${flags.protocol}"; write one of ${offered}`);
  }
  if (faults.length > 0 || makeProtocol === undefined) return { ok: false, faults, exitCode: 1 };
  const plan = await findPlan(sources, flags);
  if (!plan.ok) return { ok: false, faults: plan.faults, exitCode: noPredictorExitCode };
  if (flags.log_kafka_broker !== "" || env["LOGGER_KAFKA_BROKER"]) warnings.push(noKafkaLog);
  const logged = findTargets(plan.plan.graph, env["REQUEST_LOGGER_DEFAULT_ENDPOINT"] ?? "");
  return {
    ok: true,
    config: { ...settings, makeProtocol, flags, plan: plan.plan, logTargets: logged.targets },
    warnings: [...warnings, ...logged.warnings],
  };
};

/** A value that is no header value would make every answer a failure. */
const corsFaults = (env: Environment): readonly string[] =>
  ["CORS_ALLOWED_ORIGINS", "CORS_ALLOWED_HEADERS"]
    .filter((name) => !/^[\t\x20-\x7e\x80-\xff]*$/.test(env[name] ?? ""))
    .map((name) => `${name} cannot be a header: write one line without control characters`);

/** Source: engine contract, 1.2; deviation E10. */
const tlsFiles = (env: Environment): TlsFiles | undefined => {
  const folder = env["SELDON_CERT_MOUNT_PATH"];
  if (folder === undefined || folder === "") return undefined;
  return {
    certificate: join(folder, env["SELDON_CERT_FILE_NAME"] || "tls.crt"),
    key: join(folder, env["SELDON_CERT_KEY_FILE_NAME"] || "tls.key"),
    clientAuthorities: env["ESPALIER_CLIENT_CA_FILE"] || undefined,
  };
};

const positiveFlags = [
  "max_body_bytes",
  "max_header_bytes",
  "max_connections",
  "max_decompressed_bytes",
  "logger_workers",
  "log_work_buffer_bytes",
] as const;

const flagFaults = (flags: FlagValues<typeof engineFlags>): readonly string[] => [
  ...(flags.transport === "rest" || flags.transport === "grpc"
    ? []
    : [`--transport is "${flags.transport}"; write rest or grpc`]),
  ...(flags.server_type === "kafka" ? ["--server_type kafka is not offered yet; write rpc"] : []),
  ...(["http_port", "grpc_port", "metrics_port"] as const)
    .filter((name) => flags[name] < 0 || flags[name] > 65_535)
    .map((name) => `--${name} is ${flags[name]}; write a port from 0 to 65535`),
  ...positiveFlags
    .filter((name) => flags[name] < 1)
    .map((name) => `--${name} is ${flags[name]}; write a number above 0`),
  ...(flags.log_work_buffer_size < 0
    ? [`--log_work_buffer_size is ${flags.log_work_buffer_size}; write 0 or more`]
    : []),
  ...(flags.workers < 0 || flags.workers > mostWorkers
    ? [`--workers is ${flags.workers}; write a number from 0 to ${mostWorkers}`]
    : []),
  ...(flags.prometheus_path.startsWith("/")
    ? []
    : [`--prometheus_path is "${flags.prometheus_path}"; write a path that begins with /`]),
];

const limitsOf = (flags: FlagValues<typeof engineFlags>): Limits => ({
  maxBodyBytes: flags.max_body_bytes,
  maxHeaderBytes: flags.max_header_bytes,
  maxConnections: flags.max_connections,
  maxConcurrentRequests: Math.max(0, flags.max_concurrent_requests),
  idleTimeoutMs: flags.idle_timeout,
  headerTimeoutMs: flags.header_timeout,
  maxDecompressedBytes: flags.max_decompressed_bytes,
});

/** A fault is a sentence. */
const annotated = (
  annotations: ReadonlyMap<string, string>,
  key: string,
): number | string | undefined => {
  const text = annotations.get(key);
  if (text === undefined) return undefined;
  return wholeNumber(key, text) ?? `annotation ${key} is "${text}"; write a whole number`;
};

/** Those of annotations that must be right, for when the flags are not. */
const annotationFaults = (annotations: ReadonlyMap<string, string>): readonly string[] =>
  ["seldon.io/rest-timeout", "espalier.io/graph-timeout", "seldon.io/grpc-max-message-size"]
    .map((key) => annotated(annotations, key))
    .filter((fault) => typeof fault === "string");

const recordWhen = (text: string | undefined, warnings: string[]): EngineConfig["record"] => {
  if (text === undefined || text === "") return "final";
  const wanted = parseBool(text.trim());
  if (wanted === undefined) {
    warnings.push(
      `SELDON_ENABLE_ROUTING_INJECTION is "${text}"; write true or false (taken as unset)`,
    );
    return "final";
  }
  return wanted ? "every-node" : "never";
};

const findPlan = async (
  { env, planFromFile }: Sources,
  { file, predictor }: FlagValues<typeof engineFlags>,
): Promise<PlanOrFaults> => {
  if (file !== "") return planFromFile(file, predictor);
  const encoded = env["ENGINE_PREDICTOR"];
  if (encoded === undefined || encoded === "") {
    const how = encoded === undefined ? "is not set" : "is empty";
    return {
      ok: false,
      faults: [
        `no predictor: environment variable ENGINE_PREDICTOR ${how}; set it to the base64 of a predictor's JSON, or give --file`,
      ],
    };
  }
  const decoded = decodePlan(encoded);
  if (decoded.ok)
    return { ok: true, plan: { ...decoded.value, name: decoded.value.name || predictor } };
  return { ok: false, faults: decoded.issues.map(({ path, message }) => `${path} ${message}`) };
};
