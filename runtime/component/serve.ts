/**
 * Runs a user's class as a model container: settings in, two servers out, one for requests and one
 * for Prometheus.
 */
import { Registry } from "prom-client";
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import type { Logger } from "../../host/log.ts";
import { type HttpServer, type HttpServerOptions, listenHttp } from "../server/http.ts";
import { call } from "./call.ts";
import { makeComponent } from "./component.ts";
import type { ComponentConfig, ServiceType } from "./config.ts";
import { faultOf, type Importer, loadModel } from "./load.ts";
import { locate } from "./locate.ts";
import type { JsonObject } from "./message.ts";
import { buildMetadata } from "./metadata.ts";
import { makeCustomMetrics } from "./metrics.ts";
import { answerEdgeError, makeRestHandler, type RestOptions } from "./rest.ts";
import { makeScrapeHandler } from "./scrape.ts";
import { asComponentError, type ComponentError, type Model } from "./user.ts";

export type Running = {
  readonly httpPort: number;
  readonly metricsPort: number;
  /** Lets requests in work end; resolves when the last connection is closed. */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

export type ServeOptions = {
  readonly config: ComponentConfig;
  /** The folder that MODULE is relative to. */
  readonly folder: string;
  readonly log: Logger;
  readonly importer?: Importer;
};

/** Loads the model, then listens: a port that is open means a model that is ready. */
export const serve = async (options: ServeOptions): Promise<Result<Running>> => {
  const { config, log, folder } = options;
  const located = locate(config.module, folder);
  if (!located.ok) return located;
  const { file } = located.value;
  const loaded = await loadModel(located.value, config.parameters, options.importer);
  if (!loaded.ok) return loaded;
  const model = loaded.value;
  const warnings = [...loaded.warnings, ...missingMethod(model, config.serviceType, file)];
  try {
    await call(model, "load", []);
  } catch (thrown) {
    log.debug({ err: thrown }, "load failed");
    return failure([{ path: file, message: `load() failed: ${faultOf(thrown)}` }], warnings);
  }
  const passthrough = passthroughOf(model, config.passthrough);
  if (passthrough === "missing") {
    const message = "PAYLOAD_PASSTHROUGH needs a method predictRaw, and the class has none";
    return failure([{ path: file, message }], warnings);
  }
  const registry = new Registry();
  const metrics = makeCustomMetrics(registry, config.metricLabels, log);
  const listening = await listenBoth(config, {
    registry,
    rest: {
      component: makeComponent({ ...config, model, metrics }),
      metadata: await metadataOf(model, config, log),
      passthrough,
      maxDecompressedBytes: config.limits.maxDecompressedBytes,
      log,
    },
  });
  return listening.ok ? success(listening.value, warnings) : failure(listening.issues, warnings);
};

/** What each type of node is called for. */
const calls: Readonly<Record<ServiceType, keyof Model & string>> = {
  MODEL: "predict",
  ROUTER: "route",
  TRANSFORMER: "transformInput",
  OUTPUT_TRANSFORMER: "transformOutput",
  COMBINER: "aggregate",
};

const missingMethod = (model: Model, type: ServiceType, file: string): readonly Issue[] => {
  const methods = ["predict", "transformInput", "transformOutput", "route", "aggregate"] as const;
  const has = (name: string): boolean =>
    [name, `${name}Raw`].some((each) => typeof Reflect.get(model, each) === "function");
  const wanted = calls[type];
  const found = methods.filter(has);
  if (has(wanted)) return [];
  // the type is rarely told to a container; another method says what the class is
  if (type === "MODEL" && found.length > 0) return [];
  return [
    { path: file, message: `the class has no method ${wanted}, which a ${type} is called for` },
  ];
};

const passthroughOf = (model: Model, wanted: boolean): RestOptions["passthrough"] | "missing" => {
  if (!wanted) return undefined;
  const { predictRaw } = model;
  if (predictRaw !== undefined) return (body) => predictRaw.call(model, body);
  return model.predict === undefined ? undefined : "missing";
};

/** Bad metadata does not stop predictions: it is told now, and to whoever asks for it. */
const metadataOf = async (
  model: Model,
  { image, metadataYaml }: ComponentConfig,
  log: Logger,
): Promise<JsonObject | ComponentError> => {
  try {
    const own = await model.metadata?.();
    return buildMetadata({ own, yaml: metadataYaml, image });
  } catch (thrown) {
    const error = asComponentError(thrown);
    log.error({ err: thrown }, "the model's metadata cannot be served");
    return error;
  }
};

type Faces = { readonly registry: Registry; readonly rest: RestOptions };

const listenBoth = async (
  config: ComponentConfig,
  { registry, rest }: Faces,
): Promise<Result<Running>> => {
  const { limits, host } = config;
  const edge = { limits, onError: answerEdgeError, ...(host === undefined ? {} : { host }) };
  const metrics = await listenOn(
    { ...edge, handler: makeScrapeHandler(registry, config.metricsPath), port: config.metricsPort },
    ["--metrics-port", "PREDICTIVE_UNIT_METRICS_SERVICE_PORT"],
  );
  if (!metrics.ok) return metrics;
  const http = await listenOn({ ...edge, handler: makeRestHandler(rest), port: config.httpPort }, [
    "--http-port",
    "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
  ]);
  if (!http.ok) {
    metrics.value.close();
    return http;
  }
  const servers = [http.value, metrics.value] as const;
  return success({
    httpPort: http.value.port,
    metricsPort: metrics.value.port,
    drain: async () => {
      await Promise.all(servers.map((server) => server.drain()));
    },
    close: () => {
      for (const server of servers) server.close();
    },
  });
};

const listenOn = async (
  options: HttpServerOptions,
  [flag, variable]: readonly [string, string],
): Promise<Result<HttpServer>> => {
  try {
    return success(await listenHttp(options));
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException; // only the system's errors come here
    const { port, host } = options;
    const why: Readonly<Record<string, string>> = {
      EADDRINUSE: `port ${port} is in use: stop what listens there, or choose another port with ${flag} or ${variable}`,
      EACCES: `port ${port} is not allowed: choose one from 1024 up with ${flag} or ${variable}`,
      EADDRNOTAVAIL: `address ${host} is not of this machine: choose another with --host`,
    };
    return failure([{ path: flag, message: why[code ?? ""] ?? `cannot listen: ${message}` }]);
  }
};
