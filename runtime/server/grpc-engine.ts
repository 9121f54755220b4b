/**
 * The gRPC face of the engine: a call in, an action of the engine, a message out.
 * Source: engine contract, section 4.
 */
import { aboutBuiltIn } from "../built-in-about.ts";
import type { GrpcCarried } from "../client/grpc-node.ts";
import type { Deadlines } from "../deadlines.ts";
import { attempt, type Done, settle } from "../done.ts";
import type { Call } from "../engine/call.ts";
import type { Engine } from "../engine/engine.ts";
import { EngineError, grpcCodeOf } from "../errors.ts";
import { type Graph, preorder } from "../graph.ts";
import { valuesOf } from "../grpc/fields.ts";
import { grpcCodes } from "../grpc-status.ts";
import { skipsLogging } from "../headers.ts";
import type { Fields } from "../http2/types.ts";
import type { Observe } from "../latency.ts";
import type { Metrics } from "../metrics.ts";
import type { Payload } from "../payload.ts";
import type { GrpcProtocol, GrpcRpc } from "../protocol/grpc.ts";
import { feedbackRpc } from "../protocol/seldon-grpc.ts";
import type { Readiness } from "../readiness.ts";
import { cancel } from "../scope.ts";
import { type GrpcAnswer, type GrpcRequest, promising, type UnaryHandler } from "./grpc-call.ts";
import { grpcGraphMetadata } from "./grpc-graph-metadata.ts";
import { readMetadata } from "./grpc-metadata.ts";
import { routeHeader } from "./route-header.ts";

export type GrpcEngineOptions = {
  readonly predictor: string;
  readonly protocol: GrpcProtocol;
  readonly engine: Engine<GrpcCarried>;
  readonly graph: Graph<GrpcCarried>;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly deadlines: Deadlines;
  /** For the whole graph, in milliseconds. */
  readonly graphTimeoutMs: number;
  /** Write `meta.routing` into the final answer. */
  readonly recordAtEnd: boolean;
};

/** A handler for each RPC of the protocol; a graph that learns takes feedback in every one. */
export const makeGrpcHandlers = (options: GrpcEngineOptions): ReadonlyMap<string, UnaryHandler> => {
  const { protocol, graph } = options;
  const takes = protocol.rpcs.some(({ action }) => action === "feedback");
  const rpcs = takes || !graph.learns ? protocol.rpcs : [...protocol.rpcs, feedbackRpc];
  return new Map(rpcs.map((rpc) => [rpc.path, measured(options, rpc, handlerOf(options, rpc))]));
};

const measured = (
  { metrics }: GrpcEngineOptions,
  { path }: GrpcRpc,
  handler: UnaryHandler,
): UnaryHandler => {
  let ok: Observe | undefined; // found once: it is that of almost every call
  return (request, done) => {
    const started = performance.now();
    const told: Done<GrpcAnswer> = (...outcome) => {
      const [error] = outcome;
      const seconds = (performance.now() - started) / 1000;
      if (error === undefined) {
        ok ??= metrics.serverGrpc(path, grpcCodes.OK);
        ok(seconds);
      } else metrics.serverGrpc(path, grpcCodeOf(error))(seconds);
      done(...outcome);
    };
    attempt((own) => handler(request, own), told);
  };
};

const handlerOf = (options: GrpcEngineOptions, rpc: GrpcRpc): UnaryHandler => {
  const { protocol, readiness } = options;
  const { action } = rpc;
  switch (action) {
    case "refuse":
      return () => {
        throw new EngineError("MESSAGE_UNREADABLE", protocol.refusal);
      };
    case "server-live":
    case "server-metadata":
      return (_request, done) => done(undefined, { body: protocol.server(action, true) });
    case "server-ready":
      return promising(async () => ({
        body: protocol.server(action, (await readiness()) === undefined),
      }));
    case "predict":
      return onGraph(options, rpc, predicting(options));
    case "feedback":
      return onGraph(options, rpc, learning(options));
    case "unit-status":
    case "unit-metadata":
      return onGraph(options, rpc, asking(options, rpc));
    case "graph-metadata":
      return onGraph(options, rpc, (_message, call, done) =>
        settle(async () => {
          const { predictor, graph } = options;
          return { body: await grpcGraphMetadata(predictor, graph, protocol, call) };
        }, done),
      );
  }
};

type Act = (message: Payload, call: Call<GrpcCarried>, done: Done<GrpcAnswer>) => void;

/** What is asked of the graph, until its deadline. */
const onGraph = (options: GrpcEngineOptions, rpc: GrpcRpc, act: Act): UnaryHandler => {
  const { deadlines, graphTimeoutMs } = options;
  return (request, done) => {
    const call = makeCall(options, rpc, request);
    const deadline = deadlines.set(graphTimeoutMs, () =>
      cancel(call.scope, tooLate(graphTimeoutMs)),
    );
    const message: Payload = {
      body: request.body,
      message: rpc.message,
      contentType: undefined,
      contentEncoding: undefined,
    };
    attempt<GrpcAnswer>(
      (own) => act(message, call, own),
      (...outcome) => {
        deadlines.clear(deadline);
        if (rpc.tellsId) request.initial = told(options, rpc, call);
        request.lent = call.bodies;
        done(...outcome);
      },
    );
  };
};

const tooLate = (timeoutMs: number): EngineError =>
  new EngineError("GRAPH_DEADLINE", `the graph did not answer within ${timeoutMs} ms`);

/** What every answer and every error says: the request id, and of a prediction the routes taken. */
const told = (
  { graph }: GrpcEngineOptions,
  { action }: GrpcRpc,
  { id, routes }: Call<GrpcCarried>,
): Fields => {
  const taken = action === "predict" ? routeHeader(graph.routers, routes) : undefined;
  return ["seldon-puid", id, ...(taken === undefined ? [] : ["seldon-route", taken])];
};

const predicting = ({ engine, protocol, recordAtEnd }: GrpcEngineOptions): Act => {
  if (!recordAtEnd) return (message, call, done) => engine.predict(message, call, done);
  return (message, call, done) =>
    engine.predict(message, call, (error, answer) => {
      if (error !== undefined) done(error, undefined);
      else settle(() => protocol.codec.record(answer, call.routes), done);
    });
};

const learning =
  ({ engine, graph, protocol }: GrpcEngineOptions): Act =>
  (message, call, done) => {
    const routes = graph.feedbackRoutes(message);
    const told: Done<Payload> = (error, answer) => {
      if (error !== undefined) done(error, undefined);
      // A graph without feedback gives the request back, which is no answer here. Source: engine contract, 6.7.
      else done(undefined, answer === message ? { body: protocol.emptyAnswer } : answer);
    };
    engine.feedback(message, call, { routes, done: told });
  };

const asking = ({ graph, protocol }: GrpcEngineOptions, { action, model }: GrpcRpc): Act => {
  const verb = action === "unit-status" ? "status" : "metadata";
  return (message, call, done) => {
    const name = model?.(message.body) ?? "";
    const unit = preorder(graph.units).find(({ plan }) => plan.name === name);
    // The wording is part of the interface. Source: engine contract, 2.6.
    if (unit === undefined) throw new EngineError("UNIT_UNKNOWN", `Failed to find model ${name}`);
    if (unit.remote !== undefined) unit.remote.call(verb, message, call, done);
    else if (unit.builtIn !== undefined) {
      done(undefined, { body: protocol.describe(verb, aboutBuiltIn(unit.plan, unit.builtIn)) });
    } else {
      throw new EngineError(
        "NODE_WITHOUT_ENDPOINT",
        `node ${name} has no endpoint to ask for its ${verb}`,
      );
    }
  };
};

const makeCall = (
  { graph }: GrpcEngineOptions,
  rpc: GrpcRpc,
  { body, head, scope, deadlineAt }: GrpcRequest,
): Call<GrpcCarried> => {
  const { id, forwarded } = readMetadata(head);
  const named = rpc.action === "predict" ? (rpc.model?.(body) ?? "") : "";
  return {
    id,
    carried: { metadata: forwarded, deadlineAt },
    modelName: named === "" ? undefined : named,
    scope,
    unlogged: valuesOf(forwarded, "seldon-skip-logging").some(skipsLogging),
    bodies: graph.keepsNothing && rpc.action === "predict" ? [] : undefined,
    routes: new Map(),
  };
};
