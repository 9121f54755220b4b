/**
 * The gRPC face of the engine: a call in, an action of the engine, a message out.
 * Source: engine contract, section 4.
 */
import { Metadata } from "@grpc/grpc-js";
import { aboutBuiltIn } from "../built-in-about.ts";
import type { GrpcCarried } from "../client/grpc-node.ts";
import type { Deadlines } from "../deadlines.ts";
import { promised } from "../done.ts";
import type { Call } from "../engine/call.ts";
import type { Engine } from "../engine/engine.ts";
import { asEngineError, EngineError } from "../errors.ts";
import { type Graph, preorder } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import { skipsLogging } from "../headers.ts";
import type { Metrics } from "../metrics.ts";
import type { Payload } from "../payload.ts";
import type { GrpcProtocol, GrpcRpc } from "../protocol/grpc.ts";
import { feedbackRpc } from "../protocol/seldon-grpc.ts";
import type { Readiness } from "../readiness.ts";
import { cancel } from "../scope.ts";
import type { GrpcAnswer, GrpcRequest, UnaryHandler } from "./grpc.ts";
import { statusOf } from "./grpc-errors.ts";
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

const measured =
  ({ metrics }: GrpcEngineOptions, { path }: GrpcRpc, handler: UnaryHandler): UnaryHandler =>
  async (request) => {
    const started = performance.now();
    const count = (code: number): void => {
      metrics.serverGrpc(path, code)((performance.now() - started) / 1000);
    };
    try {
      const answer = await handler(request);
      count(grpcCodes.OK);
      return answer;
    } catch (thrown) {
      count(statusOf(asEngineError(thrown)).code);
      throw thrown;
    }
  };

const handlerOf =
  (options: GrpcEngineOptions, rpc: GrpcRpc): UnaryHandler =>
  async (request) => {
    const { protocol, readiness, deadlines, graphTimeoutMs } = options;
    const { action } = rpc;
    if (action === "refuse") throw new EngineError("MESSAGE_UNREADABLE", protocol.refusal);
    if (action === "server-live" || action === "server-ready" || action === "server-metadata") {
      const ready = action !== "server-ready" || (await readiness()) === undefined;
      return { body: protocol.server(action, ready) };
    }
    const call = makeCall(rpc, request);
    const deadline = deadlines.set(graphTimeoutMs, () =>
      cancel(call.scope, tooLate(graphTimeoutMs)),
    );
    try {
      return await act(options, rpc, request, call);
    } finally {
      deadlines.clear(deadline);
      if (rpc.tellsId) request.sendInitial(told(options, rpc, call));
    }
  };

const tooLate = (timeoutMs: number): EngineError =>
  new EngineError("GRAPH_DEADLINE", `the graph did not answer within ${timeoutMs} ms`);

/** What every answer and every error says: the request id, and of a prediction the routes taken. */
const told = (
  { graph }: GrpcEngineOptions,
  { action }: GrpcRpc,
  { id, routes }: Call<GrpcCarried>,
): Metadata => {
  const metadata = new Metadata();
  metadata.set("seldon-puid", id);
  const taken = action === "predict" ? routeHeader(graph.routers, routes) : undefined;
  if (taken !== undefined) metadata.set("seldon-route", taken);
  return metadata;
};

const act = async (
  options: GrpcEngineOptions,
  { action, message: name, model }: GrpcRpc,
  { body }: GrpcRequest,
  call: Call<GrpcCarried>,
): Promise<GrpcAnswer> => {
  const { engine, graph, protocol } = options;
  const message: Payload = {
    body,
    message: name,
    contentType: undefined,
    contentEncoding: undefined,
  };
  switch (action) {
    case "predict": {
      const answer = await promised<Payload>((done) => engine.predict(message, call, done));
      const recorded = options.recordAtEnd ? protocol.codec.record(answer, call.routes) : answer;
      return { body: recorded.body };
    }
    case "feedback": {
      const routes = graph.feedbackRoutes(message);
      const answer = await promised<Payload>((done) =>
        engine.feedback(message, call, { routes, done }),
      );
      // A graph without feedback gives the request back, which is no answer here. Source: engine contract, 6.7.
      return { body: answer === message ? protocol.emptyAnswer : answer.body };
    }
    case "unit-status":
    case "unit-metadata":
      return { body: await askUnit(options, action, { message, unit: model?.(body) ?? "" }, call) };
    case "graph-metadata":
      return { body: await grpcGraphMetadata(options.predictor, graph, protocol, call) };
    default:
      throw new EngineError("INTERNAL", `there is no action ${action}`);
  }
};

const askUnit = async (
  { graph, protocol }: GrpcEngineOptions,
  action: "unit-status" | "unit-metadata",
  { message, unit: name }: { readonly message: Payload; readonly unit: string },
  call: Call<GrpcCarried>,
): Promise<Buffer> => {
  const verb = action === "unit-status" ? "status" : "metadata";
  const unit = preorder(graph.units).find(({ plan }) => plan.name === name);
  // The wording is part of the interface. Source: engine contract, 2.6.
  if (unit === undefined) throw new EngineError("UNIT_UNKNOWN", `Failed to find model ${name}`);
  const { remote } = unit;
  if (remote !== undefined) {
    return (await promised<Payload>((done) => remote.call(verb, message, call, done))).body;
  }
  if (unit.builtIn !== undefined) {
    return protocol.describe(verb, aboutBuiltIn(unit.plan, unit.builtIn));
  }
  throw new EngineError(
    "NODE_WITHOUT_ENDPOINT",
    `node ${name} has no endpoint to ask for its ${verb}`,
  );
};

const makeCall = (
  rpc: GrpcRpc,
  { body, metadata, scope, deadlineAt }: GrpcRequest,
): Call<GrpcCarried> => {
  const { id, forwarded } = readMetadata(metadata);
  const named = rpc.action === "predict" ? (rpc.model?.(body) ?? "") : "";
  return {
    id,
    carried: { metadata: forwarded, deadlineAt },
    modelName: named === "" ? undefined : named,
    scope,
    unlogged: metadata
      .get("seldon-skip-logging")
      .some((value) => typeof value === "string" && skipsLogging(value)),
    routes: new Map(),
  };
};
