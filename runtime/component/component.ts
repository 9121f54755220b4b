/**
 * A user's class as a node of a graph, whatever the transport: an action and a message in, a
 * message out, or a ComponentError. The faces (`rest.ts`, `grpc.ts`) put it on sockets.
 *
 * Source: engine contract, 11.4 and 11.5.
 */
import { type Action, callRaw, isRaw, required, type Transport } from "./action.ts";
import { absent, call } from "./call.ts";
import { readFeedback } from "./feedback.ts";
import {
  asMessage,
  contentOf,
  dataContentOf,
  type JsonObject,
  kindOf,
  messagesOf,
  metaOf,
} from "./message.ts";
import type { MetricMethod } from "./metrics.ts";
import { buildReply, type ComponentOptions, type Inherited, type Reply } from "./reply.ts";
import { asComponentError, asResponse, ComponentError, type Meta } from "./user.ts";

export type Component = {
  /**
   * Answers one message, which came over REST if nothing else is said. The result is a message whose `binData`, if any, is a Buffer, or what a
   * raw method returned.
   *
   * @throws whatever the user's method threw; `asComponentError` tells how to answer it.
   */
  run(action: Action, message: unknown, transport?: Transport): Promise<unknown>;
  /** Answers one message in parts; only if `streams`. */
  stream(message: unknown, transport?: Transport): AsyncGenerator<JsonObject>;
  readonly streams: boolean;
  /** Whether the message of an action goes to a method as it is, in its JSON form. */
  isRaw(action: Action, transport: Transport): boolean;
  /** Answers whether the model is healthy, in words of its own; throws if it is not. */
  health(): Promise<unknown>;
  /** Undefined if the model is healthy, else why it is not. */
  readiness(): Promise<string | undefined>;
};

type Context = ComponentOptions & {
  readonly reply: (reply: Omit<Reply, "transport">) => Promise<JsonObject>;
  readonly transport: Transport;
};

export const makeComponent = (options: ComponentOptions): Component => {
  const contextOf = (transport: Transport): Context => ({
    ...options,
    transport,
    reply: (reply) => buildReply(options, { ...reply, transport }),
  });
  const contexts = { rest: contextOf("rest"), grpc: contextOf("grpc") };
  return {
    run: (action, message, transport = "rest") => acts[action](contexts[transport], message),
    stream: (message, transport = "rest") => stream(contexts[transport], message),
    streams: typeof options.model.predictStream === "function",
    isRaw: (action, transport) => isRaw(options.model, action, transport),
    health: () => health(contexts.rest),
    readiness: () =>
      health(contexts.rest).then(
        () => undefined,
        (thrown) => asComponentError(thrown).message,
      ),
  };
};

const acts: Readonly<Record<Action, (context: Context, message: unknown) => Promise<unknown>>> = {
  predict: (context, message) => typed(context, "predict", message),
  transformInput: (context, message) => typed(context, "transformInput", message),
  transformOutput: (context, message) => typed(context, "transformOutput", message),
  route: (context, message) => route(context, message),
  aggregate: (context, message) => aggregate(context, message),
  sendFeedback: (context, message) => sendFeedback(context, message),
};

const labels = {
  predict: "predict",
  transformInput: "inputtransform",
  transformOutput: "outputtransform",
} as const satisfies Partial<Record<Action, MetricMethod>>;

const typed = async (
  { model, reply, transport }: Context,
  method: keyof typeof labels,
  body: unknown,
): Promise<unknown> => {
  const message = asMessage(body);
  const raw = await callRaw(model, method, transport, message);
  if (raw !== absent) return raw;
  const meta = metaOf(message);
  const { value, names, encoding } = contentOf(message);
  const returned = await call(model, method, [value, names, meta]);
  const base = { method, label: labels[method], encoding, inherited: meta };
  if (returned !== absent) return reply({ ...base, returned });
  // without a method, predictions are empty and transformations change nothing
  if (method !== "predict") return reply({ ...base, returned: value, names });
  if (model.predictStream === undefined) return reply({ ...base, returned: [] });
  throw new ComponentError("Predict not defined: the class answers in parts, so ask for a stream");
};

async function* stream({ model, reply }: Context, body: unknown): AsyncGenerator<JsonObject> {
  const message = asMessage(body);
  const inherited = metaOf(message);
  const { value, names, encoding } = contentOf(message);
  const parts = await call(model, "predictStream", [value, names, inherited]);
  if (!isIterable(parts)) {
    throw new ComponentError(`predictStream returned ${kindOf(parts)}: write it as a generator`, {
      status: 500,
      reason: "MICROSERVICE_INTERNAL_ERROR",
    });
  }
  const base = { method: "predict", label: "predict", encoding, inherited, onPath: true } as const;
  for await (const returned of parts) yield await reply({ ...base, returned });
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === "object" &&
  value !== null &&
  (Symbol.asyncIterator in value || Symbol.iterator in value);

const route = async ({ model, reply, transport }: Context, body: unknown): Promise<unknown> => {
  const message = asMessage(body);
  const raw = await callRaw(model, "route", transport, message);
  if (raw !== absent) return raw;
  const meta = metaOf(message);
  const { value, names, encoding } = contentOf(message);
  const returned = await call(model, "route", [value, names, meta]);
  if (returned === absent) throw new ComponentError("Route not defined");
  const { data, ...extra } = asResponse(returned);
  if (!Number.isInteger(data)) {
    throw new ComponentError(
      `route returned ${typeof data === "number" ? data : kindOf(data)}: return the index of a child, a whole number`,
    );
  }
  return reply({
    method: "route",
    label: "router",
    returned: { ...extra, data: [[data]] },
    encoding,
    inherited: pick(meta, "puid"),
    integer: true,
  });
};

const aggregate = async ({ model, reply, transport }: Context, body: unknown): Promise<unknown> => {
  const raw = await callRaw(model, "aggregate", transport, body);
  if (raw !== absent) return raw;
  const messages = messagesOf(body);
  const contents = messages.map((message) => contentOf(message));
  const metas = messages.map(metaOf);
  const returned = await call(model, "aggregate", [
    contents.map((content) => content.value),
    contents.map((content) => content.names),
  ]);
  if (returned === absent) throw new ComponentError("Aggregate not defined");
  return reply({
    method: "aggregate",
    label: "aggregate",
    returned,
    encoding: contents[0]?.encoding,
    inherited: {
      ...pick(metas[0] ?? {}, "puid"),
      tags: merge(metas.map((meta) => meta.tags)),
      requestPath: merge(metas.map((meta) => meta.requestPath)),
      metrics: metas.flatMap((meta) => meta.metrics ?? []),
    },
  });
};

/** The unit that a feedback's routing is looked up for when the node has no name. Source: engine contract, 11.4. */
const unnamedUnit = "0";

const sendFeedback = async (
  { model, reply, metrics, transport, unitId = unnamedUnit }: Context,
  body: unknown,
): Promise<unknown> => {
  const feedback = readFeedback(body);
  const { request, reward } = feedback;
  metrics.reward(reward);
  const raw = await callRaw(model, "sendFeedback", transport, body);
  if (raw !== absent) return raw;
  const { value, names, encoding } = dataContentOf(request);
  const truth = dataContentOf(feedback.truth).value;
  const routing = metaOf(feedback.response).routing ?? {};
  const route = Object.hasOwn(routing, unitId) ? routing[unitId] : undefined;
  const returned = await call(model, "sendFeedback", [value, names, reward, truth, route]);
  return reply({
    method: "sendFeedback",
    label: "feedback",
    returned: returned === absent ? [] : (returned ?? []),
    encoding,
    inherited: pick(metaOf(request), "puid"),
  });
};

const health = async ({ model, reply }: Context): Promise<unknown> => {
  const raw = await call(model, "healthStatusRaw", []);
  if (raw !== absent) return required(raw, "healthStatusRaw");
  const returned = await call(model, "healthStatus", []);
  return reply({
    method: "healthStatus",
    label: "health",
    returned: healthOf(returned, typeof model.healthStatus === "function"),
    encoding: undefined,
    inherited: {},
  });
};

/** Source: engine contract, 11.7. A method that returns nothing, or `true`, has nothing to complain about. */
const healthOf = (returned: unknown, defined: boolean): unknown => {
  if (returned === absent) return defined ? "not implemented - assuming healthy" : "healthy";
  if (returned === undefined || returned === true) return "healthy";
  return typeof returned === "number" ? [returned] : returned;
};

/** Later entries win. */
const merge = <T>(
  records: readonly (Readonly<Record<string, T>> | undefined)[],
): Record<string, T> =>
  Object.fromEntries(records.flatMap((record) => Object.entries(record ?? {})));

const pick = (meta: Meta, key: "puid"): Inherited =>
  meta[key] === undefined ? {} : { puid: meta[key] };
