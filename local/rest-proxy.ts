/** REST through the ingress: the prefix off, to a predictor, its answer back. */
import type { HttpCall } from "../runtime/client/http.ts";
import { type EngineError, httpStatusOf } from "../runtime/errors.ts";
import { makeScope } from "../runtime/scope.ts";
import type { Answerer, HttpAnswer, HttpRequest, HttpStream } from "../runtime/server/http.ts";
import { answerHeaders, forwardedLines, headerOf } from "./forward.ts";
import { listing } from "./listing.ts";
import { decide, type Found, findRoute, type Route, type Target } from "./routes.ts";
import type { Shadow } from "./shadow.ts";

export type ProxyOptions = {
  /** The namespace meant when a request names none. */
  readonly defaultNamespace: string;
  /** The deployments there are now. */
  readonly routes: () => readonly Route[];
  /** 0 or more, less than 1: splits the traffic. */
  readonly random: () => number;
  readonly shadow: Shadow;
};

export const makeRestProxy =
  (options: ProxyOptions): Answerer =>
  (request) => {
    const routes = options.routes();
    const found = findRoute(request.target, routes, options.defaultNamespace);
    if (found !== undefined) return answer(found, request, options);
    return isRoot.test(request.target)
      ? listing(routes, headerOf(request.headers, "accept"))
      : nothingHere(request.target, routes);
  };

const isRoot = /^\/(?:\?|$)/;

const answer = (
  found: Found,
  request: HttpRequest,
  { random, shadow }: ProxyOptions,
): HttpAnswer | Promise<HttpAnswer | HttpStream> => {
  const decision = decide(found.route, random);
  if (decision.is === "wait") return notReady(decision.why);
  const call = callOf(request, found);
  if (decision.shadow !== undefined) shadow.copy(decision.shadow, copyOf(call));
  return wantsStream(request)
    ? passStream(decision.target, call, found)
    : pass(decision.target, call, found);
};

/** The main client may leave, the shadow still gets its copy: it has a scope of its own. */
const copyOf = (call: HttpCall) => ({
  bytes: call.body?.length ?? 0,
  send: ({ upstream }: Target, timeoutMs: number) =>
    upstream.send({ ...call, timeoutMs, scope: makeScope() }),
});

/** Server-sent events, by the header that asks for them or by a path such as `infer_stream`. */
const wantsStream = ({ method, headers, target }: HttpRequest): boolean =>
  method !== "HEAD" &&
  (headerOf(headers, "accept")?.includes("text/event-stream") === true ||
    (target.split("?", 1)[0] ?? "").endsWith("_stream"));

const pass = async (target: Target, call: HttpCall, found: Found): Promise<HttpAnswer> => {
  const { status, headers, body } = await target.upstream.send(call);
  return { status, headers: answerHeaders(headers, found.prefix), body };
};

const passStream = async (target: Target, call: HttpCall, found: Found): Promise<HttpStream> => {
  const { status, headers, stream } = await target.upstream.stream(call);
  return { status, headers: answerHeaders(headers, found.prefix), stream };
};

/** Methods whose requests have no body unless they say so. */
const bodiless = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "TRACE"]);

const callOf = ({ method, headers, body, peer, scope }: HttpRequest, found: Found): HttpCall => {
  const host = headerOf(headers, "host");
  return {
    // The client below reads a HEAD answer's Content-Length as a promise; our server drops the body.
    method: method === "HEAD" ? "GET" : method,
    path: found.target,
    ...(host !== undefined && { host }),
    headerLines: forwardedLines({ headers, prefix: found.prefix, peer }),
    body: body.length === 0 && bodiless.has(method) ? undefined : body,
    timeoutMs: 0,
    scope,
  };
};

const nothingHere = (target: string, routes: readonly Route[]): HttpAnswer =>
  json(404, {
    error: `there is nothing at ${target}; paths begin with /seldon/<namespace>/<name>/`,
    deployments: routes.map(({ namespace, name }) => `/seldon/${namespace}/${name}`),
  });

const notReady = (why: string): HttpAnswer => json(503, { error: why }, ["Retry-After", "1"]);

export const failure = (error: EngineError): HttpAnswer =>
  json(statusOf(error), { error: error.message });

/** A predictor that cannot be reached, or that breaks off, is a bad gateway to the client. */
const statusOf = (error: EngineError): number =>
  error.code === "NODE_UNREACHABLE" || error.code === "NODE_PROTOCOL" ? 502 : httpStatusOf(error);

const json = (status: number, value: object, headers: readonly string[] = []): HttpAnswer => ({
  status,
  headers: ["Content-Type", "application/json", ...headers],
  body: `${JSON.stringify(value)}\n`,
});
