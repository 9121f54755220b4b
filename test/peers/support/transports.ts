/** The same questions to an engine or a container over REST and over gRPC. */
import { postJson } from "./ask.ts";
import type { PythonClients } from "./clients.ts";

export type Message = Readonly<Record<string, unknown>>;

export type Answer =
  | { readonly ok: true; readonly message: Message; readonly headers: ReadonlyMap<string, string> }
  | {
      readonly ok: false;
      /** HTTP status, or the name of the gRPC code. */
      readonly code: number | string;
      /** The body, or gRPC's details. */
      readonly told: unknown;
    };

export type Server = { readonly url: string; readonly grpc: string };

export type Transport = {
  predict(server: Server, message: Message, headers?: Record<string, string>): Promise<Answer>;
  feedback(server: Server, feedback: Message): Promise<Answer>;
  /** Of the whole graph. */
  graphMetadata(server: Server): Promise<Answer>;
};

/** JSON bodies to the engine's paths. Source: engine contract, 2.1. */
export const rest: Transport = {
  predict: (server, message, headers) =>
    post(`${server.url}/api/v1.0/predictions`, message, headers),
  feedback: (server, message) => post(`${server.url}/api/v1.0/feedback`, message),
  graphMetadata: async (server) => {
    const response = await fetch(`${server.url}/api/v1.0/metadata`);
    return answerOf(response.status, response.headers, await response.json());
  },
};

const post = async (url: string, message: Message, headers?: Record<string, string>) => {
  const asked = await postJson(url, message, headers);
  return answerOf(asked.status, asked.headers, asked.body);
};

const answerOf = (status: number, headers: Headers, body: unknown): Answer =>
  status === 200
    ? { ok: true, message: withMetricTypes(body as Message), headers: new Map(headers) } // a message, or the test fails
    : { ok: false, code: status, told: body };

/** What `seldon_clients.py` answers to a call of a stub. */
type Rpc =
  | { readonly code: "OK"; readonly message: Message; readonly initial: Record<string, string> }
  | { readonly code: string; readonly details: string };

/** The stubs that Seldon's package brings along. Source: engine contract, 4.1. */
export const makeGrpc = (clients: PythonClients): Transport => {
  const call =
    (method: string) =>
    async (server: Server, message: Message, metadata = {}) =>
      rpcAnswer(
        await clients.ask({
          call: "rpc",
          target: server.grpc,
          service: "Seldon",
          method,
          message,
          metadata,
        }),
      );
  return {
    predict: call("Predict"),
    feedback: call("SendFeedback"),
    graphMetadata: (server) => call("GraphMetadata")(server, {}),
  };
};

export const rpcAnswer = (told: unknown): Answer => {
  const rpc = told as Rpc; // written by seldon_clients.py
  return "message" in rpc
    ? {
        ok: true,
        message: withMetricTypes(rpc.message),
        headers: new Map(Object.entries(rpc.initial)),
      }
    : { ok: false, code: rpc.code, told: rpc.details };
};

/** A COUNTER's type is the default of its enum, which protobuf's JSON leaves out. */
const withMetricTypes = (message: Message): Message => {
  const { meta } = message as { meta?: { metrics?: readonly object[] } }; // where messages have them
  if (meta?.metrics === undefined) return message;
  const metrics = meta.metrics.map((metric) => ({ type: "COUNTER", ...metric }));
  return { ...message, meta: { ...meta, metrics } };
};
