/**
 * The REST face of the engine: an HTTP request in, an action of the engine, an HTTP answer out.
 *
 * What the phases of a request are, in order: match the path; answer OPTIONS and the plain routes;
 * read the head; set the deadline; act; add the engine's headers; count. Source: engine contract, 2.
 */
import type { RestCarried } from "../client/rest-node.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Call } from "../engine/call.ts";
import type { Engine } from "../engine/engine.ts";
import { asEngineError, EngineError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { graphMetadata } from "../graph-metadata.ts";
import type { Metrics } from "../metrics.ts";
import type { Payload } from "../payload.ts";
import type { Action, RestProtocol } from "../protocol/protocol.ts";
import type { Readiness } from "../readiness.ts";
import { cancel } from "../scope.ts";
import { unitAnswer } from "../unit-answer.ts";
import type { Docs } from "./docs.ts";
import type { Handler, HttpAnswer, HttpRequest } from "./http.ts";
import { type RequestHead, readHead } from "./request.ts";
import { routeHeader } from "./route-header.ts";
import { type Found, makeMatch, type Route } from "./routes.ts";

export type RestOptions = {
  readonly deployment: string;
  readonly namespace: string;
  readonly predictor: string;
  readonly protocol: RestProtocol;
  readonly engine: Engine<RestCarried>;
  readonly graph: Graph<RestCarried>;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly docs: Docs;
  readonly deadlines: Deadlines;
  /** Path of the metrics. */
  readonly metricsPath: string;
  /** For the whole graph, in milliseconds. */
  readonly graphTimeoutMs: number;
  /** Write `meta.routing` into the final answer. */
  readonly recordAtEnd: boolean;
  readonly cors: { readonly origins: string; readonly headers: string };
};

/** A route by what it is for. */
type RestAction = Route & { readonly action: Action | "live" | "probe" | "metrics" | "docs" };

/** The label `service` of the metrics. Source: engine contract, 2.1. */
const services: Readonly<Record<Action, string>> = {
  predict: "predictions",
  feedback: "feedback",
  status: "status",
  ready: "status",
  metadata: "metadata",
  "graph-metadata": "metadata",
};

export const makeRestHandler = (options: RestOptions): Handler => {
  const match = makeMatch(makeRoutes(options));
  const act = makeActions(options);
  const addHeaders = makeEngineHeaders(options);
  return async (request) => {
    const found = match(request.method, request.target);
    if (found.is !== "route") return refusal(found);
    const { route, unit, allow } = found;
    const head = readHead(request.headers);
    const started = performance.now();
    const preflight = request.method === "OPTIONS";
    const answer = preflight ? empty(200) : await act(route.action, { request, head, unit });
    if (isCounted(route.action) && !preflight) {
      const method = request.method.toLowerCase();
      const labels = { service: services[route.action], method, code: String(answer.status) };
      options.metrics.server(labels)((performance.now() - started) / 1000);
    }
    return addHeaders(answer, { request, head, allow });
  };
};

const isCounted = (action: RestAction["action"]): action is Action =>
  Object.hasOwn(services, action);

const empty = (status: number): HttpAnswer => ({ status, headers: [], body: undefined });

/** Source: engine contract, 2.1. */
const notFound: HttpAnswer = {
  status: 404,
  headers: ["Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff"],
  body: "404 page not found\n",
};

const refusal = (found: Exclude<Found<RestAction>, { is: "route" }>): HttpAnswer => {
  switch (found.is) {
    case "unknown":
      return notFound;
    case "moved":
      return { status: 301, headers: ["Location", found.location], body: undefined };
    case "wrong-method":
      return empty(405);
  }
};

/** Source: engine contract, 2.1 and 2.5. */
const makeRoutes = ({ protocol, metricsPath }: RestOptions): readonly RestAction[] => [
  ...protocol.routes.map(({ path, method, action }) => ({
    path,
    action,
    methods: method === "POST" ? ["OPTIONS", "POST"] : ["GET", "OPTIONS"],
  })),
  { path: "/ready", action: "probe", methods: undefined },
  { path: "/live", action: "live", methods: undefined },
  { path: metricsPath, action: "metrics", methods: undefined },
  ...protocol.docs.map((path) => ({ path, action: "docs" as const, methods: undefined })),
];

type Asked = {
  readonly request: HttpRequest;
  readonly head: RequestHead;
  readonly unit: string | undefined;
};

type Act = (action: RestAction["action"], asked: Asked) => Promise<HttpAnswer>;

const makeActions = (options: RestOptions): Act => {
  const { metrics, readiness, docs, protocol } = options;
  return async (action, asked) => {
    switch (action) {
      case "live":
        return empty(200);
      case "ready":
      case "probe":
        return empty((await readiness()) === undefined ? 200 : 503);
      case "metrics":
        return {
          status: 200,
          headers: ["Content-Type", metrics.contentType],
          body: await metrics.text(),
        };
      case "docs":
        return docs(asked.request.target);
      case "predict":
      case "feedback":
      case "status":
      case "metadata":
      case "graph-metadata":
        return actOnGraph(options, action, asked).catch((thrown) => failed(protocol, thrown));
    }
  };
};

/** A node's error goes to the client as it came; an engine's own in the protocol's form. Source: deviation E2. */
const failed = (protocol: RestProtocol, thrown: unknown): HttpAnswer => {
  const error = asEngineError(thrown);
  if (error.code === "CLIENT_GONE") throw error;
  const { answer } = error;
  if (answer === undefined) return protocol.failure(error);
  const { status, body } = answer;
  return { status, headers: body.length === 0 ? [] : payloadHeaders(answer), body };
};

const actOnGraph = async (
  options: RestOptions,
  action: Exclude<Action, "ready">,
  { request, head, unit }: Asked,
): Promise<HttpAnswer> => {
  const { graph, engine, protocol, deadlines } = options;
  const call: Call<RestCarried> = {
    id: head.id,
    carried: { headerLines: head.forwarded, acceptsEncoding: head.acceptsEncoding },
    modelName: action === "predict" ? unit : undefined,
    scope: request.scope,
    unlogged: head.unlogged,
    routes: new Map(),
  };
  const timeoutMs = graphTimeout(head, options.graphTimeoutMs);
  const deadline = deadlines.set(timeoutMs, () => cancel(call.scope, tooLate(timeoutMs)));
  try {
    const message: Payload = {
      body: request.body,
      contentType: head.contentType,
      contentEncoding: head.contentEncoding,
      ...(head.jsonBytes !== undefined && { jsonBytes: head.jsonBytes }),
    };
    switch (action) {
      case "predict":
        return predicted(options, await engine.predict(message, call), call);
      case "feedback":
        return success(
          await engine.feedback(message, call, protocol.codec.feedbackRoutes(message)),
        );
      case "status":
      case "metadata":
        return success(await unitAnswer(graph, unit ?? "", action, call));
      case "graph-metadata":
        return success(await graphMetadata(options.predictor, graph, call));
    }
  } finally {
    deadlines.clear(deadline);
  }
};

const predicted = (options: RestOptions, answer: Payload, { routes }: Call): HttpAnswer => {
  const { graph, protocol, recordAtEnd } = options;
  const recorded = recordAtEnd ? protocol.codec.record(answer, routes) : answer;
  const { status, headers, body } = success(recorded);
  const taken = routeHeader(graph.routers, routes);
  return {
    status,
    headers: taken === undefined ? headers : [...headers, "Seldon-Route", taken],
    body,
  };
};

const success = (payload: Payload): HttpAnswer => ({
  status: 200,
  headers: payloadHeaders({ ...payload, contentType: payload.contentType ?? "" }),
  body: payload.body,
});

const payloadHeaders = ({
  contentType,
  contentEncoding,
  jsonBytes,
}: Payload): readonly string[] => {
  const headers: string[] = [];
  if (contentType !== undefined) headers.push("Content-Type", contentType);
  if (contentEncoding) headers.push("Content-Encoding", contentEncoding);
  if (jsonBytes !== undefined) headers.push("Inference-Header-Content-Length", String(jsonBytes));
  return headers;
};

/** The smaller of the engine's and the client's. @throws {EngineError} REQUEST_INVALID */
const graphTimeout = ({ timeout }: RequestHead, engineMs: number): number => {
  if (timeout === undefined) return engineMs;
  const ms = Number(timeout);
  if (!/^\d+$/.test(timeout) || ms === 0) {
    throw new EngineError(
      "REQUEST_INVALID",
      `header Espalier-Timeout-Ms is "${timeout}"; write a whole number of milliseconds, 1 or more`,
    );
  }
  return Math.min(ms, engineMs);
};

const tooLate = (timeoutMs: number): EngineError =>
  new EngineError("GRAPH_DEADLINE", `the graph did not answer within ${timeoutMs} ms`);

type Answered = {
  readonly request: HttpRequest;
  readonly head: RequestHead;
  readonly allow: readonly string[];
};

/** The headers of every answer on a known path. Source: engine contract, 2.3 and 2.5. */
const makeEngineHeaders = ({ deployment, namespace, cors }: RestOptions) => {
  const fixed = ["X-Content-Type-Options", "nosniff", "Access-Control-Allow-Origin", cors.origins];
  fixed.push("Access-Control-Allow-Headers", cors.headers);
  return (answer: HttpAnswer, { request, head, allow }: Answered): HttpAnswer => {
    const headers = ["Seldon-Puid", head.id, ...fixed, ...answer.headers];
    if (allow.length > 0) headers.push("Access-Control-Allow-Methods", allow.join(","));
    if (head.cloudEvent) {
      const path = request.target.split("?", 1)[0] ?? "";
      headers.push("Ce-Id", head.id, "Ce-Specversion", "0.3", "Ce-Path", path);
      headers.push("Ce-Type", `seldon.${deployment}.${namespace}.response`);
      headers.push("Ce-Source", `seldon.${deployment}`);
    }
    return { ...answer, headers };
  };
};
