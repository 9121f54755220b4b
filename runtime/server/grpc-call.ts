/** What answers calls of gRPC, and what it is given: the handlers of a server. */
import { type Done, settle } from "../done.ts";
import type { EngineError } from "../errors.ts";
import type { Fields } from "../http2/types.ts";
import type { Scope } from "../scope.ts";
import type { Head } from "./grpc-head.ts";

export type GrpcRequest = {
  readonly body: Buffer;
  readonly head: Head;
  /** The client's deadline in milliseconds since the epoch; undefined if it set none. */
  readonly deadlineAt: number | undefined;
  /** Ends when the client leaves or its deadline passes. */
  readonly scope: Scope;
  /** Metadata ahead of the answer, or of an error; may be set until one of them is given. */
  initial: Fields | undefined;
  /**
   * Bodies that nobody reads once the answer has left, nor `body` then: their memory may be used
   * again. Undefined if something may keep one.
   */
  lent: readonly Buffer[] | undefined;
};

export type GrpcAnswer = { readonly body: Buffer };
/** May throw instead of calling `done`. */
export type UnaryHandler = (request: GrpcRequest, done: Done<GrpcAnswer>) => void;

/** A call in which messages stream. */
export type CallStream = {
  readonly head: Head;
  readonly deadlineAt: number | undefined;
  /** Ends when the client leaves or its deadline passes; not when the call ends in order. */
  readonly scope: Scope;
  /** Sends the head of the answer with this metadata. Once, and before the first message. */
  begin(initial: Fields): void;
  /** False: the client is behind; wait for `room` before more. */
  send(message: Buffer): boolean;
  /** The status of the call: that of `error`, else OK. */
  end(error?: EngineError): void;
  /** Nothing is heard between them, and no more is taken from the client than one window. */
  pause(): void;
  resume(): void;
};

/** What is heard of a call in which the client's messages stream. */
export type StreamEvents = {
  message(body: Buffer): void;
  /** The client has sent its last message. */
  end(): void;
  room?(): void;
};

/**
 * Answers a call whose messages stream. `stopping` ends when the server drains: a call that would
 * last as long as its client likes has to be ended then. What is thrown is the call's status.
 */
export type DuplexHandler = (call: CallStream, stopping: Scope) => StreamEvents;
/** The same for one request. */
export type ServerStreamHandler = (request: Buffer, call: CallStream, stopping: Scope) => void;

/** What is served, by path. */
export type GrpcHandlers = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  /** One request, many answers. */
  readonly serverStreams: ReadonlyMap<string, ServerStreamHandler>;
  readonly duplexStreams: ReadonlyMap<string, DuplexHandler>;
};

/** A handler out of one that promises its answer. */
export const promising =
  (handler: (request: GrpcRequest) => Promise<GrpcAnswer>): UnaryHandler =>
  (request, done) =>
    settle(() => handler(request), done);
