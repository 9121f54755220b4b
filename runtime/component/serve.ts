/**
 * Runs a user's class, or a stored model, as a model container: settings in, servers out, for REST, gRPC and Prometheus.
 */
import { basename, extname } from "node:path";
import { Registry } from "prom-client";
import { failure, type Issue, type Result, success } from "../../api/result.ts";
import type { Logger } from "../../host/log.ts";
import { isOffered } from "./action.ts";
import { call } from "./call.ts";
import { makeComponent } from "./component.ts";
import { type ComponentConfig, type NodeAction, nodeActions, type ServiceType } from "./config.ts";
import { makeInference } from "./inference.ts";
import { listenAll, type Running } from "./listen.ts";
import { faultOf, type Importer, loadModel } from "./load.ts";
import { locate } from "./locate.ts";
import type { JsonObject } from "./message.ts";
import { buildMetadata } from "./metadata.ts";
import { makeCustomMetrics } from "./metrics.ts";
import { findStoredModel } from "./models/find.ts";
import type { RestOptions } from "./rest.ts";
import { asComponentError, type ComponentError, type Model } from "./user.ts";

export type ServeOptions = {
  readonly config: ComponentConfig;
  /** The folder that MODULE is relative to. */
  readonly folder: string;
  readonly log: Logger;
  readonly importer?: Importer;
};

/** Loads the model, then listens: a port that is open means a model that is ready. */
export const serve = async (options: ServeOptions): Promise<Result<Running>> => {
  const { config, log } = options;
  const found = await find(options);
  if (!found.ok) return found;
  const { file, model } = found.value;
  const warnings = [...found.warnings, ...missingMethod(model, config.serviceType, file)];
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
  const component = makeComponent({ ...config, model, metrics });
  const metadata = await metadataOf(model, config, log);
  const name = config.modelName ?? nameOf(model, file);
  const action = actionOf(model, config.serviceType);
  const inference = makeInference({ component, model, metadata, name, action });
  const served = { registry, component, inference, metadata, passthrough, log };
  const listening = await listenAll(config, served);
  return listening.ok ? success(listening.value, warnings) : failure(listening.issues, warnings);
};

type Found = { readonly file: string; readonly model: Model };

/** What MODULE names: a stored model, else a class. */
const find = async ({ config, folder, importer }: ServeOptions): Promise<Result<Found>> => {
  const { module, parameters } = config;
  const stored = findStoredModel(module, folder);
  if (stored !== undefined) {
    if (!stored.ok) return stored;
    const { loadStoredModel } = await import("./models/load.ts");
    return withFile(stored.value, await loadStoredModel(stored.value, parameters));
  }
  const located = locate(module, folder);
  if (!located.ok) return located;
  return withFile(located.value.file, await loadModel(located.value, parameters, importer));
};

const withFile = (file: string, loaded: Result<Model>): Result<Found> =>
  loaded.ok ? success({ file, model: loaded.value }, loaded.warnings) : loaded;

/** The name of the class, or of the file if it has none. */
const nameOf = (model: Model, file: string): string => {
  const { name } = Object(model.constructor);
  return typeof name === "string" && name !== "" && name !== "Object"
    ? name
    : basename(file, extname(file));
};

/** What the class is for: what its node is called for, else the first that it has a method for. */
const actionOf = (model: Model, type: ServiceType): NodeAction => {
  const wanted = nodeActions[type];
  const order = [wanted, ...Object.values(nodeActions)];
  return order.find((action) => isOffered(model, action)) ?? wanted;
};

const missingMethod = (model: Model, type: ServiceType, file: string): readonly Issue[] => {
  const wanted = nodeActions[type];
  if (isOffered(model, wanted)) return [];
  // the type is rarely told to a container; another method says what the class is
  const others = Object.values(nodeActions).some((action) => isOffered(model, action));
  if (type === "MODEL" && others) return [];
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
