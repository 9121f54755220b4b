/**
 * The REST face of the engine: an HTTP request in, an action of the engine, an HTTP answer out.
 *
 * The phases of a request, in order: match path and method; read the head; answer OPTIONS; act;
 * count; add the engine's headers. Source: engine contract, 2.
 */
import { type Done, settle } from "../done.ts";
import { httpStatusOf } from "../errors.ts";
import type { Count, Metrics } from "../metrics.ts";
import type { Action, Verb } from "../protocol/protocol.ts";
import type { Readiness } from "../readiness.ts";
import type { Docs } from "./docs.ts";
import type { Handler, HttpAnswer, HttpStream } from "./http.ts";
import { type RequestHead, readHead } from "./request.ts";
import {
  type Asked,
  type GraphAction,
  type GraphOptions,
  isGraphAction,
  makeGraphActions,
} from "./rest-actions.ts";
import { type Found, makeMatch, type Route } from "./routes.ts";

export type RestOptions = GraphOptions & {
  readonly deployment: string;
  readonly namespace: string;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly docs: Docs;
  /** What nodes have learned, by their names. */
  readonly learned: () => object;
  /** Path of the metrics. */
  readonly metricsPath: string;
  readonly cors: { readonly origins: string; readonly headers: string };
};

/** A route by what it is for; probes, metrics and documents are not counted. */
type RestRoute = Route & {
  readonly action: Action | "live" | "probe" | "metrics" | "docs" | "learned";
  readonly verb?: Verb | undefined;
};

/** The label `service` of the metrics. Source: engine contract, 2.1. */
const services: Readonly<Partial<Record<RestRoute["action"], string>>> = {
  predict: "predictions",
  stream: "predictions",
  feedback: "feedback",
  status: "status",
  ready: "status",
  metadata: "metadata",
  "graph-metadata": "metadata",
};

export const makeRestHandler = (options: RestOptions): Handler => {
  const { metrics, protocol } = options;
  const match = makeMatch(makeRoutes(options));
  const act = makeActions(options);
  const headersOf = makeEngineHeaders(options);
  const count = makeCount(metrics);
  return (request, respond) => {
    const found = match(request.method, request.target);
    if (found.is !== "route") {
      respond(refusal(found));
      return;
    }
    const { route, unit, path, allow } = found;
    const head = readHead(request.headers);
    const tell = (answer: HttpAnswer | HttpStream): void =>
      respond({ ...answer, headers: headersOf(answer.headers, { head, path, allow }) });
    if (request.method === "OPTIONS") {
      tell(empty(200));
      return;
    }
    const started = performance.now();
    act(route, { request, head, unit }, (error, answer) => {
      const seconds = (performance.now() - started) / 1000;
      if (error !== undefined) {
        count(route, request.method, httpStatusOf(error), seconds);
        respond(protocol.failure(error)); // nobody is left to read it
      } else {
        count(route, request.method, answer.status, seconds);
        tell(answer);
      }
    });
  };
};

/** Counts an answer; the series of a route and a method are looked up once. */
const makeCount = (metrics: Metrics) => {
  const known = new Map<RestRoute, Map<string, Count>>();
  return (route: RestRoute, method: string, status: number, seconds: number): void => {
    const service = services[route.action];
    if (service === undefined) return;
    let ofRoute = known.get(route);
    if (ofRoute === undefined) {
      ofRoute = new Map();
      known.set(route, ofRoute);
    }
    let one = ofRoute.get(method);
    if (one === undefined) {
      one = metrics.serverCount({ service, method: method.toLowerCase() });
      ofRoute.set(method, one);
    }
    one(status, seconds);
  };
};

const empty = (status: number): HttpAnswer => ({ status, headers: [], body: undefined });

/** Source: engine contract, 2.1. */
const notFound: HttpAnswer = {
  status: 404,
  headers: ["Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff"],
  body: "404 page not found\n",
};

/** What Go's server, and so v1, says of a target that is none. */
const malformed: HttpAnswer = {
  status: 400,
  headers: ["Content-Type", "text/plain; charset=utf-8"],
  body: "400 Bad Request",
};

const refusal = (found: Exclude<Found<RestRoute>, { is: "route" }>): HttpAnswer => {
  switch (found.is) {
    case "unknown":
      return notFound;
    case "moved":
      return { status: 301, headers: ["Location", found.location], body: undefined };
    case "wrong-method":
      return empty(405);
    case "malformed":
      return malformed;
  }
};

/** In every protocol the feedback of a graph that learns comes here. */
const feedbackPath = "/api/v1.0/feedback";
const post = ["OPTIONS", "POST"];
const get = ["GET", "OPTIONS"];

/** Source: engine contract, 2.1 and 2.5. */
const makeRoutes = ({ protocol, metricsPath, graph }: RestOptions): readonly RestRoute[] => [
  ...protocol.routes.map(({ path, method, action, verb }) => ({
    path,
    action,
    verb,
    methods: method === "POST" ? post : get,
  })),
  ...(graph.learns && !protocol.routes.some(({ path }) => path === feedbackPath)
    ? [{ path: feedbackPath, action: "feedback" as const, methods: post }]
    : []),
  { path: "/api/v1.0/routers", action: "learned", methods: get },
  { path: "/ready", action: "probe", methods: undefined },
  { path: "/live", action: "live", methods: undefined },
  { path: metricsPath, action: "metrics", methods: undefined },
  ...(protocol.docs?.paths ?? []).map((path) => ({
    path,
    action: "docs" as const,
    methods: undefined,
  })),
];

/** Tells an error only where nobody is left to be answered: CLIENT_GONE. */
type Act = (route: RestRoute, asked: Asked, done: Done<HttpAnswer | HttpStream>) => void;

const makeActions = (options: RestOptions): Act => {
  const { metrics, readiness, docs, protocol, learned } = options;
  const onGraph = makeGraphActions(options);
  const about = async (
    action: Exclude<RestRoute["action"], GraphAction["action"]>,
    asked: Asked,
  ) => {
    switch (action) {
      case "live":
      case "server-live":
        return empty(200);
      case "ready":
      case "probe":
        return empty((await readiness()) === undefined ? 200 : 503);
      case "server-metadata":
        return protocol.about?.() ?? notFound;
      case "metrics":
        return {
          status: 200,
          headers: ["Content-Type", metrics.contentType],
          body: await metrics.text(),
        };
      case "learned":
        return {
          status: 200,
          headers: ["Content-Type", "application/json"],
          body: JSON.stringify(learned()),
        };
      case "docs":
        return docs(asked.request.target);
    }
  };
  return ({ action, verb }, asked, done) => {
    if (isGraphAction(action)) onGraph({ action, verb }, asked, done);
    else
      settle(
        () => about(action, asked),
        (...outcome) => {
          const [error, answer] = outcome;
          done(undefined, error === undefined ? answer : protocol.failure(error));
        },
      );
  };
};

type Answered = {
  readonly head: RequestHead;
  readonly path: string;
  readonly allow: string;
};

/** The headers of every answer on a known path. Source: engine contract, 2.3 and 2.5. */
const makeEngineHeaders = ({ deployment, namespace, cors }: RestOptions) => {
  const fixed = ["X-Content-Type-Options", "nosniff", "Access-Control-Allow-Origin", cors.origins];
  fixed.push("Access-Control-Allow-Headers", cors.headers);
  return (own: readonly string[], { head, path, allow }: Answered): readonly string[] => {
    const headers = ["Seldon-Puid", head.id, ...fixed, ...own];
    if (allow !== "") headers.push("Access-Control-Allow-Methods", allow);
    if (head.cloudEvent) {
      headers.push("Ce-Id", head.id, "Ce-Specversion", "0.3", "Ce-Path", printable(path));
      headers.push("Ce-Type", `seldon.${deployment}.${namespace}.response`);
      headers.push("Ce-Source", `seldon.${deployment}`);
    }
    return headers;
  };
};

/** A header value holds no control characters. */
const printable = (bytes: string): string => bytes.replace(/[^\t\x20-\x7e\x80-\xff]/g, " ");
