/** The settings of a component: flags first, then the environment of its pod, then defaults. */
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import { wholeNumber } from "../../api/whole-number.ts";
import { parseDuration } from "../../host/flags.ts";
import { defaultLimits, type Limits } from "../limits.ts";
import type { Action } from "./action.ts";
import { type Flags, limitFlags } from "./flags.ts";
import { isObject } from "./message.ts";
import { splitImage } from "./metadata.ts";
import type { MetricLabels } from "./metrics.ts";
import { type Parameters, readParameters } from "./parameters.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export type ComponentConfig = {
  readonly module: string;
  readonly serviceType: ServiceType;
  readonly httpPort: number;
  /** Undefined opens none. */
  readonly grpcPort: number | undefined;
  /** Largest message over gRPC. */
  readonly grpcMaxBytes: number;
  readonly metricsPort: number;
  readonly metricsPath: string;
  /** Address to listen on; all if undefined. */
  readonly host: string | undefined;
  readonly parameters: Parameters;
  readonly logLevel: string;
  readonly unitId: string | undefined;
  readonly image: string | undefined;
  /** What clients of the protocol v2 call the model, if its pod says so. */
  readonly modelName: string | undefined;
  readonly metricLabels: MetricLabels;
  readonly metadataYaml: string | undefined;
  readonly includeMetrics: boolean;
  readonly passthrough: boolean;
  readonly limits: Limits;
};

const serviceTypes = ["MODEL", "ROUTER", "TRANSFORMER", "OUTPUT_TRANSFORMER", "COMBINER"] as const;
export type ServiceType = (typeof serviceTypes)[number];

/** What each type of node is called for. */
export const nodeActions = {
  MODEL: "predict",
  ROUTER: "route",
  TRANSFORMER: "transformInput",
  OUTPUT_TRANSFORMER: "transformOutput",
  COMBINER: "aggregate",
} as const satisfies Record<ServiceType, Action>;
export type NodeAction = (typeof nodeActions)[ServiceType];

/** As in `host/log.ts`, the default first. */
const levels = ["INFO", "DEBUG", "WARN", "WARNING", "ERROR", "FATAL"] as const;

/** Collects faults while the settings are read, so that all are reported together. */
type Reader = {
  readonly flags: ReadonlyMap<string, string>;
  readonly env: Env;
  readonly issues: Issue[];
  readonly warnings: Issue[];
};

/** A setting as it was written, and where. */
type Written = { readonly text: string; readonly path: string };

/**
 * `annotations` are the pod's.
 *
 * Source: engine contract, 11.7, for variables and defaults.
 */
export const readConfig = (
  flags: Flags,
  env: Env,
  annotations: ReadonlyMap<string, string> = new Map(),
): Result<ComponentConfig> => {
  const reader: Reader = { flags: flags.values, env, issues: [], warnings: [] };
  const unitId = written(reader, undefined, "PREDICTIVE_UNIT_ID")?.text;
  const image = written(reader, undefined, "PREDICTIVE_UNIT_IMAGE")?.text;
  const limits = readLimits(reader);
  const config: ComponentConfig = {
    module: flags.module,
    serviceType: readWord(reader, { flag: "service-type", variable: "SERVICE_TYPE" }, serviceTypes),
    httpPort: readPort(reader, "http-port", "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", 9000),
    grpcPort: readGrpcPort(reader),
    grpcMaxBytes: readGrpcMaxBytes(reader, annotations) ?? limits.maxBodyBytes,
    metricsPort: readPort(reader, "metrics-port", "PREDICTIVE_UNIT_METRICS_SERVICE_PORT", 6000),
    metricsPath: readMetricsPath(reader),
    host: written(reader, "host", undefined)?.text,
    parameters: readOwnParameters(reader),
    logLevel: readWord(reader, { flag: "log-level", variable: "SELDON_LOG_LEVEL" }, levels),
    unitId,
    image,
    modelName: unitId ?? written(reader, undefined, "MLSERVER_MODEL_NAME")?.text,
    metricLabels: readMetricLabels(reader, unitId, image),
    metadataYaml: written(reader, undefined, "MODEL_METADATA")?.text,
    includeMetrics: readBoolean(reader, "INCLUDE_METRICS_IN_CLIENT_RESPONSE", true),
    passthrough: readBoolean(reader, "PAYLOAD_PASSTHROUGH", false),
    limits,
  };
  warnOfIgnored(reader);
  return reader.issues.length > 0
    ? failure(reader.issues, reader.warnings)
    : success(config, reader.warnings);
};

/** An empty variable counts as unset. */
const written = (
  { flags, env }: Reader,
  flag: string | undefined,
  variable: string | undefined,
): Written | undefined => {
  const given = flag === undefined ? undefined : flags.get(flag);
  if (given !== undefined) return { text: given, path: `--${flag}` };
  const inherited = variable === undefined ? undefined : env[variable];
  return inherited ? { text: inherited, path: variable ?? "" } : undefined;
};

const readPort = (reader: Reader, flag: string, variable: string, fallback: number): number => {
  const setting = written(reader, flag, variable);
  if (setting === undefined) return fallback;
  const port = Number(setting.text);
  if (/^\d+$/.test(setting.text) && port <= 65_535) return port;
  reader.issues.push({
    path: setting.path,
    message: `${JSON.stringify(setting.text)} is not a port: use a number from 0 (any free one) to 65535`,
  });
  return fallback;
};

/** No workers, no port. Source: engine contract, 11.6. */
const readGrpcPort = (reader: Reader): number | undefined => {
  const port = readPort(reader, "grpc-port", "PREDICTIVE_UNIT_GRPC_SERVICE_PORT", 5000);
  const workers = written(reader, "grpc-workers", "GRPC_WORKERS");
  if (workers === undefined) return port;
  if (workers.text === "0") return undefined;
  reader.warnings.push({ path: workers.path, message: "has no effect here, unless it is 0" });
  return port;
};

const messageSize = "seldon.io/grpc-max-message-size";

/** Source: engine contract, 10.3. */
const readGrpcMaxBytes = (
  { warnings }: Reader,
  annotations: ReadonlyMap<string, string>,
): number | undefined => {
  const text = annotations.get(messageSize);
  if (text === undefined) return undefined;
  const bytes = wholeNumber(messageSize, text);
  if (bytes !== undefined && bytes > 0) return bytes;
  const message = `${JSON.stringify(text)} is not a number of bytes above 0: --max-body-bytes is taken`;
  warnings.push({ path: `annotation ${messageSize}`, message });
  return undefined;
};

const readMetricsPath = (reader: Reader): string => {
  const path = written(reader, undefined, "PREDICTIVE_UNIT_METRICS_ENDPOINT")?.text ?? "/metrics";
  return path.startsWith("/") ? path : `/${path}`;
};

type Names = { readonly flag: string; readonly variable: string };

/** One of the words, the first if none is written. A wrong one is a fault of a flag, a warning of a variable. */
const readWord = <Word extends string>(
  reader: Reader,
  { flag, variable }: Names,
  words: readonly [Word, ...Word[]],
): Word => {
  const setting = written(reader, flag, variable);
  if (setting === undefined) return words[0];
  const word = words.find((each) => each === setting.text.toUpperCase());
  if (word !== undefined) return word;
  const { text, path } = setting;
  const choice = `${JSON.stringify(text)} is not one of ${words.join(", ")}`;
  if (path === variable) {
    reader.warnings.push({ path, message: `${choice}: ${words[0]} is taken` });
  } else {
    reader.issues.push({ path, message: choice });
  }
  return words[0];
};

const readOwnParameters = (reader: Reader): Parameters => {
  const setting = written(reader, "parameters", "PREDICTIVE_UNIT_PARAMETERS");
  if (setting === undefined) return {};
  const read = readParameters(setting.text, setting.path);
  if (read.ok) return read.value;
  for (const { path, message } of read.issues) {
    reader.issues.push({ path, message: `MICROSERVICE_BAD_PARAMETER: ${message}` });
  }
  return {};
};

const readBoolean = (reader: Reader, variable: string, fallback: boolean): boolean => {
  const setting = written(reader, undefined, variable);
  if (setting === undefined) return fallback;
  return ["1", "true", "t"].includes(setting.text.toLowerCase());
};

const readLimits = (reader: Reader): Limits => {
  const limits: Record<keyof Limits, number> = { ...defaultLimits };
  for (const [flag, { limit, kind }] of Object.entries(limitFlags)) {
    const setting = written(reader, flag, undefined);
    if (setting === undefined) continue;
    const { text, path } = setting;
    const value = kind === "duration" ? parseDuration(text) : parseCount(text);
    if (value !== undefined && (value > 0 || limit === "maxConcurrentRequests")) {
      limits[limit] = value;
      continue;
    }
    const wanted = kind === "duration" ? "a duration such as 30s or 500ms" : "a whole number";
    reader.issues.push({ path, message: `${JSON.stringify(text)} is not ${wanted} above 0` });
  }
  return limits;
};

const parseCount = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** What an identity reads where the pod does not say it. Source: engine contract, 11.8. */
const unset = "NOT_IMPLEMENTED";

const readMetricLabels = (
  reader: Reader,
  unitId: string | undefined,
  image: string | undefined,
): MetricLabels => {
  const deployment = written(reader, undefined, "SELDON_DEPLOYMENT_ID")?.text ?? unset;
  const { name, version } = splitImage(image ?? "");
  return {
    deployment_name: deployment,
    model_name: unitId ?? unset,
    model_image: name || unset,
    model_version: version || unset,
    predictor_name: written(reader, undefined, "PREDICTOR_ID")?.text ?? unset,
    predictor_version: readPredictorVersion(reader) ?? unset,
    seldon_deployment_name: deployment,
    image_name: name || unset,
    image_version: version || unset,
    worker_id: "0", // one process serves all requests
  };
};

const readPredictorVersion = (reader: Reader): string | undefined => {
  const setting = written(reader, undefined, "PREDICTOR_LABELS");
  if (setting === undefined) return undefined;
  try {
    const labels: unknown = JSON.parse(setting.text);
    const version = isObject(labels) ? labels["version"] : undefined;
    return typeof version === "string" ? version : undefined;
  } catch {
    reader.warnings.push({ path: setting.path, message: "is not valid JSON: it is left out" });
    return undefined;
  }
};

/** Variables that tune processes and threads of the Python wrapper. Source: engine contract, 11.7. */
const ignored = /^(?:GUNICORN_|FLASK_|JAEGER_|GRPC_THREADS$|TRACING$|PERSISTENCE$)/;

const warnOfIgnored = ({ env, warnings }: Reader): void => {
  for (const name of Object.keys(env)) {
    if (ignored.test(name)) warnings.push({ path: name, message: "has no effect here" });
  }
};
