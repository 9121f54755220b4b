import type { Transport } from "./action.ts";
import { absent, call } from "./call.ts";
import { buildContent } from "./content.ts";
import { buildMeta, type Encoding, isObject, type JsonObject, kindOf } from "./message.ts";
import { type CustomMetrics, checkMetrics, type MetricMethod } from "./metrics.ts";
import { asResponse, ComponentError, type Meta, type Model } from "./user.ts";

export type ComponentOptions = {
  readonly model: Model;
  /** Name of the node: the key of its routing and its place in `requestPath`. */
  readonly unitId: string | undefined;
  readonly image: string | undefined;
  readonly metrics: CustomMetrics;
  /** Whether replies carry the model's own metrics. */
  readonly includeMetrics: boolean;
};

/** What a reply takes over from the messages it answers. */
export type Inherited = Pick<Meta, "puid" | "tags" | "metrics" | "requestPath">;

export type Reply = {
  readonly method: string;
  readonly label: MetricMethod;
  readonly returned: unknown;
  readonly encoding: Encoding;
  readonly inherited: Inherited;
  /** Names of columns if the model has none; `t:0`, `t:1`... if absent. */
  readonly names?: readonly string[];
  readonly integer?: boolean;
  readonly transport: Transport;
};

/**
 * Builds the message that answers a call, and records the metrics that the model reports after it.
 *
 * Source: engine contract, 11.5.
 */
export const buildReply = async (
  { model, metrics, includeMetrics, unitId, image }: ComponentOptions,
  { method, label, returned, encoding, inherited, names, integer, transport }: Reply,
): Promise<JsonObject> => {
  const { data, ...extra } = asResponse(returned);
  const columns = (await columnNames(model, method)) ?? names;
  const content = buildContent(data, {
    method,
    encoding,
    names: (count) => columns ?? Array.from({ length: count }, (_, i) => `t:${i}`),
    ...(integer === undefined ? {} : { integer }),
    asJson: transport === "rest",
  });
  const tags = await call(model, "tags", []);
  const reported = await call(model, "metrics", []);
  const own = [
    ...checkMetrics(reported === absent ? undefined : reported),
    ...checkMetrics(extra.metrics),
  ];
  metrics.record(own, label);
  const meta = buildMeta({
    puid: inherited.puid,
    tags: { ...inherited.tags, ...checkTags(tags, "tags()"), ...checkTags(extra.tags, "tags") },
    metrics: [...(inherited.metrics ?? []), ...(includeMetrics ? own : [])],
    requestPath: {
      ...(unitId === undefined ? {} : { [unitId]: image ?? "" }),
      ...inherited.requestPath,
    },
  });
  // keys in order: `strData` is the one that comes behind `meta`
  return "strData" in content ? { meta, ...content } : { ...content, meta };
};

const checkTags = (tags: unknown, what: string): JsonObject => {
  if (tags === absent || tags === undefined || tags === null) return {};
  if (isObject(tags)) return tags;
  throw internal(`${what} must be an object, not ${kindOf(tags)}`);
};

/** The model's own names of columns, or undefined. */
const columnNames = async (
  model: Model,
  method: string,
): Promise<readonly string[] | undefined> => {
  const sources =
    method === "transformInput"
      ? (["featureNames", "classNames"] as const)
      : (["classNames"] as const);
  for (const source of sources) {
    const own: unknown = model[source];
    const names = Array.isArray(own) ? own : await call(model, source, []);
    if (names === absent || names === undefined || names === null) continue;
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
    throw internal(`${source} must be a list of strings`);
  }
  return undefined;
};

const internal = (message: string): ComponentError =>
  new ComponentError(message, { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" });
