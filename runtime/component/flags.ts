/** The command line of `espalier serve`. Source: engine contract, 11.7, and flags of our own. */
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import type { Limits } from "../limits.ts";

export type Flags = {
  readonly module: string;
  /** Values of the flags that are given, by name without dashes. */
  readonly values: ReadonlyMap<string, string>;
};

export const usage = `Usage: espalier serve MODULE [flags]

Serves a class as a model container. MODULE is a file of TypeScript or JavaScript, if need be with
the name of the class in it: model.ts, model.ts:Wine, model.Wine. Or it is a stored model, a file or
the folder of one: of XGBoost (JSON), LightGBM (text), ONNX, or of tools/export_model.py (JSON).

  --http-port N         port for REST (PREDICTIVE_UNIT_HTTP_SERVICE_PORT, 9000)
  --grpc-port N         port for gRPC (PREDICTIVE_UNIT_GRPC_SERVICE_PORT, 5000)
  --metrics-port N      port for Prometheus (PREDICTIVE_UNIT_METRICS_SERVICE_PORT, 6000)
  --host ADDRESS        address to listen on (all)
  --service-type TYPE   MODEL, ROUTER, TRANSFORMER, OUTPUT_TRANSFORMER or COMBINER (SERVICE_TYPE, MODEL)
  --parameters JSON     what the constructor gets: [{"name": "depth", "value": "3", "type": "INT"}]
                        (PREDICTIVE_UNIT_PARAMETERS)
  --log-level LEVEL     DEBUG, INFO, WARN, ERROR or FATAL (SELDON_LOG_LEVEL, INFO)
  --help                this text

Limits, as those of espalier engine:
  --max-body-bytes N            largest request body (268435456)
  --max-decompressed-bytes N    largest body after decompression (268435456)
  --max-header-bytes N          largest head of a request (65536)
  --max-connections N           connections open at once (10000)
  --max-concurrent-requests N   requests in work at once; 0 means no limit (0)
  --idle-timeout DURATION       how long a connection may be silent (65s)
  --header-timeout DURATION     how long a client may take to send a head (30s)

The other flags of seldon-core-microservice are taken, with a warning that they have no effect; but
0 grpc workers (GRPC_WORKERS) open no port for gRPC.
`;

/** Flags that bound what a client may ask for. Source: design 5.3.7. */
export const limitFlags = {
  "max-body-bytes": { limit: "maxBodyBytes", kind: "count" },
  "max-decompressed-bytes": { limit: "maxDecompressedBytes", kind: "count" },
  "max-header-bytes": { limit: "maxHeaderBytes", kind: "count" },
  "max-connections": { limit: "maxConnections", kind: "count" },
  "max-concurrent-requests": { limit: "maxConcurrentRequests", kind: "count" },
  "idle-timeout": { limit: "idleTimeoutMs", kind: "duration" },
  "header-timeout": { limit: "headerTimeoutMs", kind: "duration" },
} as const satisfies Readonly<
  Record<string, { readonly limit: keyof Limits; readonly kind: "count" | "duration" }>
>;

/** Flags that mean something here. */
const known = [
  "http-port",
  "grpc-port",
  "metrics-port",
  "host",
  "service-type",
  "parameters",
  "log-level",
  "grpc-workers",
  ...Object.keys(limitFlags),
];

/** Flags of the Python wrapper about processes and threads that do not exist here. Source: engine contract, 11.7. */
const withoutEffect = [
  "workers",
  "threads",
  "max-requests",
  "max-requests-jitter",
  "keepalive",
  "pidfile",
  "grpc-threads",
];

/** Of these the value may be left out. */
const switchesWithoutEffect = ["debug", "tracing", "single-threaded", "access-log"];

type Reading = {
  readonly values: Map<string, string>;
  readonly issues: Issue[];
  readonly warnings: Issue[];
};

/** Reads the arguments; `help` when it is asked for. `--http_port` and `--http-port` are the same. */
export const readFlags = (argv: readonly string[]): Result<Flags | "help"> => {
  if (argv.some((argument) => argument === "--help" || argument === "-h")) return success("help");
  const reading: Reading = { values: new Map(), issues: [], warnings: [] };
  const positional: string[] = [];
  for (let i = 0; i < argv.length; ) {
    const argument = argv[i] ?? "";
    if (argument.startsWith("-")) {
      i += readFlag(reading, argument, argv[i + 1]);
      continue;
    }
    positional.push(argument);
    i += 1;
  }
  const { values, issues, warnings } = reading;
  const [module, ...rest] = positional;
  if (module === undefined) issues.push({ path: "MODULE", message: "is missing" });
  for (const path of rest) issues.push({ path, message: "is one argument too many" });
  return module === undefined || issues.length > 0
    ? failure(issues, warnings)
    : success({ module, values }, warnings);
};

/** Reads one flag; returns how many arguments it took. */
const readFlag = (
  { values, issues, warnings }: Reading,
  argument: string,
  next: string | undefined,
): number => {
  const { name, inline } = split(argument);
  const path = `--${name}`;
  if (switchesWithoutEffect.includes(name)) {
    warnings.push({ path, message: "has no effect here" });
    return inline === undefined && /^(?:true|false|\d+)$/i.test(next ?? "") ? 2 : 1;
  }
  const meansSomething = known.includes(name);
  if (!meansSomething && !withoutEffect.includes(name)) {
    issues.push({ path: argument, message: "is not a flag of espalier serve" });
    return 1;
  }
  const value = inline ?? next;
  if (value === undefined) issues.push({ path, message: "needs a value" });
  else if (meansSomething) values.set(name, value);
  else warnings.push({ path, message: "has no effect here" });
  return inline === undefined ? 2 : 1;
};

const split = (
  argument: string,
): { readonly name: string; readonly inline: string | undefined } => {
  const bare = argument.replace(/^--?/, "");
  const equals = bare.indexOf("=");
  const name = (equals < 0 ? bare : bare.slice(0, equals)).replaceAll("_", "-");
  return { name, inline: equals < 0 ? undefined : bare.slice(equals + 1) };
};
