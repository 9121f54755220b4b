/**
 * The REST face of a component: an HTTP request in, an action run, an HTTP answer out.
 *
 * Source: engine contract, 11.1 to 11.3.
 */
import type { Logger } from "../../host/log.ts";
import { type EngineError, httpStatusOf } from "../errors.ts";
import type { Answerer, HttpAnswer, HttpRequest, HttpStream } from "../server/http.ts";
import type { Action } from "./action.ts";
import type { Component } from "./component.ts";
import { cors } from "./cors.ts";
import { decodeRequest, headerOf, type Undecoded, undecoded } from "./decode.ts";
import { answerEvents, wantsEvents } from "./events.ts";
import type { Inference } from "./inference.ts";
import { isV2, makeV2Routes, type Route, v2Error } from "./inference-rest.ts";
import { stringify } from "./json.ts";
import { isObject, type JsonObject } from "./message.ts";
import { openApi } from "./openapi.ts";
import { asComponentError, ComponentError } from "./user.ts";

export type RestOptions = {
  readonly component: Component;
  readonly inference: Inference;
  /** The model's metadata, or why it has none that is valid. */
  readonly metadata: JsonObject | ComponentError;
  /** PAYLOAD_PASSTHROUGH: predictions go to this method undecoded, and its answer out as it is. */
  readonly passthrough: ((body: Undecoded) => unknown) | undefined;
  readonly maxDecompressedBytes: number;
  readonly log: Logger;
};

type Answer = Route["answer"];

const jsonHeaders = ["Content-Type", "application/json", ...cors] as const;

export const makeRestHandler = (options: RestOptions): Answerer => {
  const routes = makeRoutes(options);
  const v2 = makeV2Routes(options);
  const find: Find = (path) => (isV2(path) ? v2(path) : routes.get(path));
  return async (request) => {
    try {
      return await dispatch(find, request);
    } catch (thrown) {
      return answerError(thrown, request, options.log);
    }
  };
};

/** Source: engine contract, 11.1. */
const makeRoutes = (options: RestOptions): ReadonlyMap<string, Route> => {
  const getOrPost = ["GET", "POST"];
  const predict = { methods: ["POST"], answer: makePredict(options) };
  const feedback = { methods: ["POST"], answer: makeAction(options, "sendFeedback") };
  const health = {
    methods: ["GET"],
    answer: async () => answerJson(200, await options.component.health()),
  };
  const metadata = { methods: ["GET"], answer: () => answerMetadata(options) };
  return new Map<string, Route>([
    ["/predict", { ...predict, methods: getOrPost }],
    ["/api/v1.0/predictions", predict],
    ["/api/v0.1/predictions", predict],
    ["/send-feedback", { ...feedback, methods: getOrPost }],
    ["/api/v1.0/feedback", feedback],
    ["/api/v0.1/feedback", feedback],
    ["/transform-input", { methods: getOrPost, answer: makeAction(options, "transformInput") }],
    ["/transform-output", { methods: getOrPost, answer: makeAction(options, "transformOutput") }],
    ["/route", { methods: getOrPost, answer: makeAction(options, "route") }],
    ["/aggregate", { methods: getOrPost, answer: makeAction(options, "aggregate") }],
    ["/health/ping", { methods: ["GET"], answer: async () => pong }],
    ["/health/status", health],
    ["/api/v1.0/health/status", health],
    ["/metadata", metadata],
    ["/api/v1.0/metadata", metadata],
    ["/seldon.json", { methods: ["GET"], answer: async () => answerJson(200, openApi) }],
  ]);
};

type Find = (path: string) => Route | undefined;

const pong: HttpAnswer = {
  status: 200,
  headers: ["Content-Type", "text/plain; charset=utf-8", ...cors],
  body: "pong",
};

const dispatch = (
  find: Find,
  request: HttpRequest,
): Promise<HttpAnswer | HttpStream> | HttpAnswer => {
  const { method } = request;
  const path = pathOf(request);
  const route = find(path);
  if (route === undefined) {
    throw new ComponentError(`there is no path ${path.slice(0, 200)}: see /seldon.json and /v2`, {
      status: 404,
    });
  }
  // of HEAD the server sends the head alone
  if (route.methods.includes(method === "HEAD" ? "GET" : method)) return route.answer(request);
  const allowed = [...route.methods, "OPTIONS"].join(", ");
  if (method === "OPTIONS") return preflight(request, allowed);
  const refusal = new ComponentError(`${path} takes ${allowed}, not ${method}`, { status: 405 });
  const { status, headers, body } = failed(path, refusal);
  return { status, headers: [...headers, "Allow", allowed], body };
};

/** The path alone: a query may hold the payload. */
const pathOf = ({ target }: HttpRequest): string => target.split("?", 1)[0] ?? target;

const preflight = ({ headers }: HttpRequest, allowed: string): HttpAnswer => {
  const asked = headerOf(headers, "access-control-request-headers");
  return {
    status: 200,
    headers: [
      ...["Allow", allowed, ...cors, "Access-Control-Allow-Methods", allowed],
      ...(asked === undefined ? [] : ["Access-Control-Allow-Headers", asked]),
    ],
    body: undefined,
  };
};

const makeAction =
  ({ component, maxDecompressedBytes }: RestOptions, action: Action): Answer =>
  async (request) => {
    const message = await decodeRequest(request, maxDecompressedBytes);
    return answerJson(200, await component.run(action, message));
  };

const makePredict = (options: RestOptions): Answer => {
  const { component, passthrough, maxDecompressedBytes } = options;
  if (passthrough !== undefined) {
    return async (request) => {
      const returned = await passthrough(await undecoded(request, maxDecompressedBytes));
      return { status: 200, headers: jsonHeaders, body: bodyOf(returned) };
    };
  }
  return async (request) => {
    const message = await decodeRequest(request, maxDecompressedBytes);
    if (component.streams && wantsEvents(request)) return answerStream(options, message);
    const reply = await component.run("predict", message);
    return answerJson(statusOf(reply), reply);
  };
};

/** An event for each part of the prediction. */
const answerStream = ({ component, log }: RestOptions, message: unknown): Promise<HttpStream> => {
  const parts = async function* (): AsyncGenerator<string> {
    for await (const reply of component.stream(message)) yield stringify(reply);
  };
  return answerEvents(parts(), (thrown) => {
    log.error({ err: thrown }, "a stream failed");
    return stringify(errorBody(asComponentError(thrown)));
  });
};

const bodyOf = (returned: unknown): Buffer | string => {
  if (typeof returned === "string") return returned;
  if (returned instanceof Uint8Array) return Buffer.from(returned);
  throw new ComponentError(
    "predictRaw returned neither a string nor a Buffer, which PAYLOAD_PASSTHROUGH asks of it",
    { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" },
  );
};

/** A prediction's own `status.code` is its HTTP status. Source: engine contract, 11.3. */
const statusOf = (reply: unknown): number => {
  const status = isObject(reply) ? reply["status"] : undefined;
  const code = isObject(status) ? status["code"] : undefined;
  if (code === undefined || code === null) return 200;
  return typeof code === "number" && Number.isInteger(code) && code >= 200 && code <= 599
    ? code
    : 500; // no status of HTTP: -1, as in the error messages of this very interface
};

const answerMetadata = async ({ metadata }: RestOptions): Promise<HttpAnswer> => {
  if (metadata instanceof ComponentError) throw metadata;
  return answerJson(200, metadata);
};

const answerJson = (status: number, value: unknown): HttpAnswer => ({
  status,
  headers: jsonHeaders,
  body: stringify(value),
});

const answerError = (thrown: unknown, request: HttpRequest, log: Logger): HttpAnswer => {
  const error = asComponentError(thrown);
  const { status, message } = error;
  const path = pathOf(request);
  const puid = headerOf(request.headers, "seldon-puid");
  if (status >= 500) log.error({ err: error.cause ?? error, path, puid }, "request failed");
  else log.debug({ status, path, puid, info: message }, "request refused");
  return failed(path, error);
};

/** An error in the words of the protocol that the path is of. */
const failed = (path: string, error: ComponentError): HttpAnswer =>
  isV2(path) ? v2Error(error) : answerJson(error.status, errorBody(error));

/** Source: engine contract, 11.3: status 1 is FAILURE, and the code is always -1. */
const errorBody = ({ message, reason }: ComponentError): JsonObject => ({
  status: { status: 1, info: message, code: -1, reason },
});

/** An error of the edge, in the same words: a body that is too large, a request that is no HTTP. */
export const answerEdgeError = (error: EngineError): HttpAnswer => {
  const status = httpStatusOf(error);
  const reason = status < 500 ? "MICROSERVICE_BAD_DATA" : "MICROSERVICE_INTERNAL_ERROR";
  return answerJson(status, errorBody(new ComponentError(error.message, { status, reason })));
};
