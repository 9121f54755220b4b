import type { About } from "../built-in-about.ts";
import type { Payload } from "../payload.ts";
import type { Codec, Verb } from "./protocol.ts";

/** What an RPC of the engine is for. */
export type GrpcAction =
  | "predict"
  | "feedback"
  /** The request goes to the unit it names, and the unit's answer back, both as they are. */
  | "unit-status"
  | "unit-metadata"
  | "graph-metadata"
  | "server-live"
  | "server-ready"
  | "server-metadata"
  /** Known to the protocol but not offered: answered with an error of its own words. */
  | "refuse";

export type GrpcRpc = {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly action: GrpcAction;
  /** Full name of the request message. */
  readonly message: string;
  /** The model or unit that a request names; "" if it names none. @throws {EngineError} MESSAGE_UNREADABLE */
  readonly model?: (body: Buffer) => string;
  /** Answers carry the request id as initial metadata `seldon-puid`. */
  readonly tellsId: boolean;
};

/** One wire protocol over gRPC, chosen once at start. Messages are bytes throughout. */
export type GrpcProtocol = {
  readonly codec: Codec;
  readonly rpcs: readonly GrpcRpc[];
  /** Full methods of both ways that pass through a single model. */
  readonly streams: readonly string[];
  /** How a node is asked; undefined if the protocol has no RPC for it. `message` undefined asks without one. */
  nodeCall(
    verb: Verb,
    message: Payload | undefined,
  ): { readonly rpc: string; readonly body: Buffer; readonly answer: string } | undefined;
  /** What a built-in node says of itself, or of its status. */
  describe(verb: "status" | "metadata", about: About): Buffer;
  /** The metadata of all units as one message, if the protocol has such a message. */
  graphMetadata?(parts: GraphMetadataParts): Buffer;
  /** Answers of the server about itself. */
  server(action: "server-live" | "server-ready" | "server-metadata", ready: boolean): Buffer;
  /** The answer to feedback that no node answered. */
  readonly emptyAnswer: Buffer;
  /** The error text of an RPC whose action is "refuse". */
  readonly refusal: string;
};

export type GraphMetadataParts = {
  readonly predictor: string;
  /** Metadata messages by unit. */
  readonly models: ReadonlyMap<string, Buffer>;
  /** Units whose inputs and outputs are the graph's. */
  readonly inputsOf: string;
  readonly outputsOf: string;
};
