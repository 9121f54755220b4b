/** What a REST request may ask of the graph, and the answer to each. Source: engine contract, 2 and 6. */
import type { RestCarried } from "../client/rest-node.ts";
import type { Deadlines } from "../deadlines.ts";
import { attempt, type Done, settle } from "../done.ts";
import type { Call } from "../engine/call.ts";
import type { Engine } from "../engine/engine.ts";
import { EngineError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { graphMetadata } from "../graph-metadata.ts";
import type { Payload } from "../payload.ts";
import type { RestProtocol, Verb } from "../protocol/protocol.ts";
import { cancel } from "../scope.ts";
import { unitAnswer } from "../unit-answer.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "./http.ts";
import type { RequestHead } from "./request.ts";
import { routeHeader } from "./route-header.ts";

export type GraphOptions = {
  readonly predictor: string;
  readonly protocol: RestProtocol;
  readonly engine: Engine<RestCarried>;
  readonly graph: Graph<RestCarried>;
  readonly deadlines: Deadlines;
  /** For the whole graph, in milliseconds. */
  readonly graphTimeoutMs: number;
  /** Write `meta.routing` into the final answer. */
  readonly recordAtEnd: boolean;
};

const graphActions = [
  "predict",
  "stream",
  "feedback",
  "status",
  "metadata",
  "graph-metadata",
] as const;

export const isGraphAction = (action: string): action is GraphAction["action"] =>
  (graphActions as readonly string[]).includes(action); // as: a list is searched for what may not be in it

export type GraphAction = {
  readonly action: (typeof graphActions)[number];
  /** What the model is asked, for "stream". */
  readonly verb: Verb | undefined;
};

export type Asked = {
  readonly request: HttpRequest;
  readonly head: RequestHead;
  readonly unit: string | undefined;
};

/** Tells no error but CLIENT_GONE, when nobody is left to be answered. */
export type ActOnGraph = (
  what: GraphAction,
  asked: Asked,
  done: Done<HttpAnswer | HttpStream>,
) => void;

export const makeGraphActions =
  (options: GraphOptions): ActOnGraph =>
  (what, asked, done) => {
    const { protocol, graph } = options;
    const call = makeCall(options, what, asked);
    attempt<HttpAnswer | HttpStream>(
      (told) => act(options, what, { asked, call }, told),
      (error, answer) => {
        if (error === undefined) done(undefined, answer);
        else if (error.code === "CLIENT_GONE") done(error, undefined);
        else {
          const refusal = failed(protocol, error);
          const isPrediction = what.action === "predict"; // feedback has brought its routes
          done(undefined, isPrediction ? withRoutes(refusal, graph.routers, call) : refusal);
        }
      },
    );
  };

const act = (
  options: GraphOptions,
  what: GraphAction,
  { asked, call }: Under,
  done: Done<HttpAnswer | HttpStream>,
): void => {
  const { deadlines } = options;
  const timeoutMs = graphTimeout(asked.head, options.graphTimeoutMs);
  const deadline = deadlines.set(timeoutMs, () => cancel(call.scope, tooLate(timeoutMs)));
  const clear = (): void => deadlines.clear(deadline);
  if (isStream(options, what, asked)) {
    settle(() => stream(options, what, { asked, call, done: clear }), done);
  } else {
    attempt<HttpAnswer>(
      (told) => answer(options, what, { asked, call }, told),
      (...outcome) => {
        clear();
        done(...outcome);
      },
    );
  }
};

const makeCall = (
  { graph }: GraphOptions,
  { action }: GraphAction,
  { request, head, unit }: Asked,
): Call<RestCarried> => ({
  id: head.id,
  carried: { headerLines: head.forwarded, acceptsEncoding: head.acceptsEncoding },
  modelName: action === "predict" || action === "stream" ? unit : undefined,
  scope: request.scope,
  unlogged: head.unlogged,
  bodies: graph.keepsNothing && action === "predict" ? [] : undefined,
  routes: new Map(),
});

const messageOf = ({ request, head }: Asked): Payload => {
  const { contentType, contentEncoding, jsonBytes } = head;
  const message = { body: request.body, contentType, contentEncoding };
  return jsonBytes === undefined ? message : { ...message, jsonBytes };
};

type Under = { readonly asked: Asked; readonly call: Call<RestCarried> };

const answer = (
  options: GraphOptions,
  { action }: GraphAction,
  { asked, call }: Under,
  done: Done<HttpAnswer>,
): void => {
  const { graph, engine, predictor } = options;
  const message = messageOf(asked);
  switch (action) {
    case "predict":
      engine.predict(message, call, (error, predicted) => {
        if (error !== undefined) done(error, undefined);
        else settle(() => predictionOf(options, predicted, call), done);
      });
      break;
    case "feedback":
      engine.feedback(message, call, {
        routes: graph.feedbackRoutes(message),
        done: (error, heard) => {
          if (error !== undefined) done(error, undefined);
          else done(undefined, success(heard));
        },
      });
      break;
    case "status":
    case "metadata":
      settle(async () => success(await unitAnswer(options, asked.unit ?? "", action, call)), done);
      break;
    case "graph-metadata":
      settle(async () => success(await graphMetadata(predictor, graph, call)), done);
      break;
    case "stream":
      throw new EngineError(
        "RPC_NOT_OFFERED",
        "answers are streamed only through a graph of a single model",
      );
  }
};

const predictionOf = (
  { graph, protocol, recordAtEnd }: GraphOptions,
  predicted: Payload,
  call: Call,
): HttpAnswer => {
  const recorded = recordAtEnd ? protocol.codec.record(predicted, call.routes) : predicted;
  const answer = withRoutes(success(recorded), graph.routers, call);
  const { bodies } = call;
  return bodies === undefined ? answer : { ...answer, poolable: true, bodies };
};

/** An error says too which way it came. Source: deviation E6. */
const withRoutes = (answer: HttpAnswer, routers: readonly string[], call: Call): HttpAnswer => {
  const taken = routeHeader(routers, call.routes);
  if (taken === undefined) return answer;
  return { ...answer, headers: [...answer.headers, "Seldon-Route", taken] };
};

/** Only where the graph adds nothing to what its single model says can an answer pass as it comes. */
const isStream = ({ graph }: GraphOptions, { action }: GraphAction, { head }: Asked): boolean =>
  graph.isSingleModel &&
  graph.units.remote?.stream !== undefined &&
  (action === "stream" || (action === "predict" && head.acceptsEvents));

type UnderDeadline = Under & { readonly done: () => void };

/** The deadline lasts until the stream ends. Streamed messages are not logged. */
const stream = async (
  { graph, protocol }: GraphOptions,
  { verb = "predict" }: GraphAction,
  { asked, call, done }: UnderDeadline,
): Promise<HttpStream> => {
  const { plan, remote } = graph.units;
  try {
    const message = protocol.codec.chain(messageOf(asked), call.modelName ?? plan.name);
    const opened = await remote?.stream?.(verb, message, call);
    if (opened === undefined) throw new EngineError("INTERNAL", "the model cannot be streamed");
    const { status, contentType, contentEncoding } = opened;
    opened.stream.on("close", done);
    return {
      status,
      headers: payloadHeaders({ contentType, contentEncoding }),
      stream: opened.stream,
    };
  } catch (thrown) {
    done();
    throw thrown;
  }
};

/** A node's error goes to the client as it came; an engine's own in the protocol's form. Source: deviation E2. */
const failed = (protocol: RestProtocol, error: EngineError): HttpAnswer => {
  if (error.answer === undefined) {
    const answer = protocol.failure(error);
    return hasBody(answer.status) ? answer : { ...answer, headers: [], body: undefined };
  }
  const { status, body } = error.answer;
  return { status, headers: body.length === 0 ? [] : payloadHeaders(error.answer), body };
};

/** Source: RFC 9110, 15.3.5 and 15.4.5. */
const hasBody = (status: number): boolean => status !== 204 && status !== 304;

/** An answer always has a type, be it empty. */
const success = (payload: Payload): HttpAnswer => ({
  status: 200,
  headers: withCoding(["Content-Type", payload.contentType ?? ""], payload),
  body: payload.body,
});

const payloadHeaders = (payload: Omit<Payload, "body">): readonly string[] =>
  withCoding(
    payload.contentType === undefined ? [] : ["Content-Type", payload.contentType],
    payload,
  );

const withCoding = (
  headers: string[],
  { contentEncoding, jsonBytes }: Omit<Payload, "body">,
): string[] => {
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
