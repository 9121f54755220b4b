/**
 * The ingress: requests for `/seldon/<namespace>/<name>/...` in, one answer of a predictor out.
 *
 * It stands where Istio or Ambassador stands in a cluster: it takes the prefix off, splits the
 * traffic by weight, and sends a copy to the shadow. It has no timeout of its own: the engine
 * behind it has the graph's, and a client that leaves cancels its request.
 */

import type { HttpCall } from "../runtime/client/http.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import { type EngineError, httpStatusOf } from "../runtime/errors.ts";
import type { Limits } from "../runtime/limits.ts";
import {
  type HttpAnswer,
  type HttpRequest,
  type HttpServer,
  listenHttp,
} from "../runtime/server/http.ts";
import { answerHeaders, forwardedLines, headerOf } from "./forward.ts";
import { listing } from "./listing.ts";
import { chooseTarget, type Found, findRoute, type Route, type Target } from "./routes.ts";
import { makeShadow, type Shadow } from "./shadow.ts";

export type IngressOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** The namespace meant when a path names none. */
  readonly defaultNamespace: string;
  /** The deployments there are now. */
  readonly routes: () => readonly Route[];
  /** 0 or more, less than 1: splits the traffic. */
  readonly random: () => number;
};

/** Listens; rejects with the system's error if it cannot (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export const listenIngress = (options: IngressOptions): Promise<HttpServer> => {
  const shadow = makeShadow();
  return listenHttp({
    handler: (request) => {
      const routes = options.routes();
      const found = findRoute(request.target, routes, options.defaultNamespace);
      if (found !== undefined) return answer(found, request, shadow, options.random);
      return isRoot.test(request.target)
        ? listing(routes, headerOf(request.headers, "accept"))
        : nothingHere(request.target, routes);
    },
    onError: (error) => json(statusOf(error), { error: error.message }),
    limits: options.limits,
    port: options.port,
    host: options.host,
  });
};

const isRoot = /^\/(?:\?|$)/;

const answer = (
  found: Found,
  request: HttpRequest,
  shadow: Shadow,
  random: () => number,
): HttpAnswer | Promise<HttpAnswer> => {
  const { route } = found;
  const name = `${route.namespace}/${route.name}`;
  const state = route.state();
  switch (state.is) {
    case "starting":
      return notReady(`${name} is not ready: waiting for ${state.waitingFor.join(", ")}`);
    case "failed":
      return notReady(`${name} does not run: ${state.reason}`);
    case "ready": {
      const call = callOf(request, found);
      if (state.shadow !== undefined) shadow.copy(state.shadow, call);
      const target = chooseTarget(state.targets, random());
      const reason = target === undefined ? "it has no predictor" : target.unavailable();
      return target === undefined || reason !== undefined
        ? notReady(`${name} is not ready: ${reason}`)
        : pass(target, call, found);
    }
  }
};

const pass = async (target: Target, call: HttpCall, found: Found): Promise<HttpAnswer> => {
  const { status, headers, body } = await target.upstream.send(call);
  return { status, headers: answerHeaders(headers, found.prefix), body };
};

/** Methods whose requests have no body unless they say so. */
const bodiless = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "TRACE"]);

const callOf = (request: HttpRequest, found: Found): HttpCall => ({
  // The client below reads a HEAD answer's Content-Length as a promise; our server drops the body.
  method: request.method === "HEAD" ? "GET" : request.method,
  path: found.target,
  headerLines: forwardedLines({ headers: request.headers, prefix: found.prefix, peer: undefined }),
  body: request.body.length === 0 && bodiless.has(request.method) ? undefined : request.body,
  timeoutMs: 0,
  scope: request.scope,
});

const nothingHere = (target: string, routes: readonly Route[]): HttpAnswer =>
  json(404, {
    error: `there is nothing at ${target}; paths begin with /seldon/<namespace>/<name>/`,
    deployments: routes.map(({ namespace, name }) => `/seldon/${namespace}/${name}`),
  });

const notReady = (why: string): HttpAnswer => json(503, { error: why }, ["Retry-After", "1"]);

/** A predictor that cannot be reached, or that breaks off, is a bad gateway to the client. */
const statusOf = (error: EngineError): number =>
  error.code === "NODE_UNREACHABLE" || error.code === "NODE_PROTOCOL" ? 502 : httpStatusOf(error);

export const json = (
  status: number,
  value: object,
  headers: readonly string[] = [],
): HttpAnswer => ({
  status,
  headers: ["Content-Type", "application/json", ...headers],
  body: `${JSON.stringify(value)}\n`,
});
