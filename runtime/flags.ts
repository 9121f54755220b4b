import { type FlagTable, readFlags } from "../host/flags.ts";
import { defaultLimits } from "./limits.ts";

/** Source: engine contract, 1.1; those of our own, design 5.2.1 and 5.3.7. */
export const engineFlags = {
  sdep: { kind: "string", default: undefined, help: "name of the SeldonDeployment" },
  namespace: { kind: "string", default: undefined, help: "its namespace" },
  predictor: { kind: "string", default: undefined, help: "name of the predictor" },
  listen_address: {
    kind: "string",
    default: "",
    help: "address of all ports; empty listens on every one",
  },
  http_port: { kind: "int", default: "8080", help: "REST port" },
  grpc_port: { kind: "int", default: "5000", help: "gRPC port" },
  metrics_port: { kind: "int", default: "0", help: "a port for the metrics alone; 0 opens none" },
  protocol: { kind: "string", default: "seldon", help: "seldon, tensorflow, v2 or kfserving" },
  transport: { kind: "string", default: "rest", help: "rest or grpc; both are served in any case" },
  server_type: { kind: "string", default: "rpc", help: "rpc" },
  file: { kind: "string", default: "", help: "read the plan from this manifest (.yaml)" },
  hostname: { kind: "string", default: "", help: "host name in the source of logged events" },
  prometheus_path: { kind: "string", default: "/metrics", help: "path of the metrics" },
  full_health_checks: {
    kind: "bool",
    default: "false",
    help: "ready only when every node says it is healthy",
  },
  graceful_timeout: {
    kind: "duration",
    default: "15s",
    help: "longest time for requests in work to end at shutdown",
  },
  shutdown_delay: {
    kind: "duration",
    default: "0",
    help: "how long to serve on after the signal to stop, while not ready",
  },
  logger_workers: { kind: "int", default: "10", help: "senders of logged payloads" },
  log_work_buffer_size: { kind: "int", default: "10000", help: "logged payloads kept in a queue" },
  log_write_timeout_ms: {
    kind: "int",
    default: "2000",
    help: "how long a payload waits for a place in the queue",
  },
  log_work_buffer_bytes: {
    kind: "int",
    default: "67108864",
    help: "bytes of logged payloads kept in the queue",
  },
  log_kafka_broker: { kind: "string", default: "", help: "Kafka broker for logged payloads" },
  log_kafka_topic: { kind: "string", default: "", help: "Kafka topic for logged payloads" },
  kafka_broker: { kind: "string", default: "", help: "Kafka broker" },
  kafka_input_topic: { kind: "string", default: "", help: "Kafka topic of requests" },
  kafka_output_topic: { kind: "string", default: "", help: "Kafka topic of answers" },
  kafka_full_graph: { kind: "bool", default: "false", help: "call nodes over Kafka" },
  kafka_workers: { kind: "int", default: "4", help: "Kafka records in work at once" },
  kafka_auto_commit: { kind: "bool", default: "true", help: "commit Kafka offsets by time" },
  state_store: {
    kind: "string",
    default: "",
    help: "address of a Redis or Valkey server in which engines share what built-in nodes learn",
  },
  state_dir: {
    kind: "string",
    default: "",
    help: "folder for what built-in nodes learn, without a state store; off: only in memory; empty: below that for temporary files",
  },
  log_level: { kind: "string", default: "INFO", help: "DEBUG, INFO, WARNING, ERROR or FATAL" },
  workers: {
    kind: "int",
    default: "1",
    help: "processes that share the ports; 0: one for each CPU",
  },
  debug: { kind: "bool", default: "false", help: "accepted for compatibility" },
  config: { kind: "string", default: "", help: "accepted for compatibility" },
  max_body_bytes: {
    kind: "int",
    default: String(defaultLimits.maxBodyBytes),
    help: "largest request or answer",
  },
  max_header_bytes: {
    kind: "int",
    default: String(defaultLimits.maxHeaderBytes),
    help: "largest head of a request or answer",
  },
  max_connections: {
    kind: "int",
    default: String(defaultLimits.maxConnections),
    help: "connections open at once",
  },
  max_concurrent_requests: {
    kind: "int",
    default: String(defaultLimits.maxConcurrentRequests),
    help: "requests in work at once; 0 means no limit",
  },
  idle_timeout: {
    kind: "duration",
    default: "65s",
    help: "how long a connection may stay silent",
  },
  header_timeout: {
    kind: "duration",
    default: "30s",
    help: "how long a client may take to send a request's head",
  },
  max_decompressed_bytes: {
    kind: "int",
    default: String(defaultLimits.maxDecompressedBytes),
    help: "largest message after decompression",
  },
} as const satisfies FlagTable;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Defaults of flags that come from the environment. Source: engine contract, 1.1. */
export const withEnvDefaults = (argv: readonly string[], env: Environment): readonly string[] => [
  ...Object.entries(flagOfVariable).flatMap(([variable, flag]) => {
    const value = env[variable];
    return value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  }),
  ...argv,
];

const flagOfVariable = {
  SELDON_LOG_LEVEL: "log_level",
  ESPALIER_WORKERS: "workers",
  ESPALIER_STATE_STORE: "state_store", // with its password, it can come out of a Secret
  ESPALIER_STATE_DIR: "state_dir",
} as const;

/** How many processes an engine shall have; 1 where that cannot be read, and is told by who reads the rest. */
export const readWorkers = (argv: readonly string[], env: Environment, cpus: number): Workers => {
  const read = readFlags(engineFlags, withEnvDefaults(argv, env));
  const asked = read.ok ? read.values.workers : 1;
  if (!read.ok || asked < 0 || asked > mostWorkers) return alone;
  const { shutdown_delay: delayMs, graceful_timeout: drainMs, log_level } = read.values;
  return {
    count: asked || Math.min(cpus, mostWorkers),
    stopTimeoutMs: delayMs + drainMs + spareMs,
    logLevel: log_level,
  };
};

const alone: Workers = { count: 1, stopTimeoutMs: 0, logLevel: "INFO" };

export type Workers = {
  readonly count: number;
  /** The longest time that a process takes to stop. */
  readonly stopTimeoutMs: number;
  readonly logLevel: string;
};

export const mostWorkers = 64;
/** For what a process does after its connections are closed: to send logged payloads, to store what was learned. */
const spareMs = 10_000;
