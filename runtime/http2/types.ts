/**
 * The face of HTTP/2: what a server or a client of streams (gRPC here) sees of a connection.
 *
 * In flow: a socket, and the fields and bytes to send. Out flow: streams, their fields, bytes and
 * ends. A stream is a plain record, handled by the functions of `send.ts`, since one is made for
 * every request: no closure, promise or timer belongs to it. It is over when its answer has ended,
 * when it was reset, or when it is broken.
 */

import type { Deadlines } from "../deadlines.ts";

/**
 * Header fields: names and values by turns; names in lower case, values as latin1 text, that is
 * one character a byte; pseudo-fields first. An array that arrives may be the same object as an
 * earlier one of the connection, when the same block came again: what was read out of it may be
 * kept by identity. It is never changed.
 */
export type Fields = readonly string[];

/** Fields that are encoded once and sent often; of use on every connection. Made by `encodeOnce`. */
export type EncodedFields = { readonly block: Buffer };

/** Why a stream, or a connection, came to an early end. */
export type Fault = {
  /** Source: RFC 9113, 7 (error codes); `errorCodes` names them. */
  readonly code: number;
  /** Who ended it: `connection` when the whole connection went, by its closing or its own fault. */
  readonly from: "peer" | "here" | "connection";
  /** True when the peer has certainly not acted on the request: it may be sent again elsewhere. */
  readonly unprocessed: boolean;
  /** For logs and error details: one sentence, no trailing stop. */
  readonly reason: string;
};

/** One request and its answer. A handle: give it to the functions of `send.ts`. */
export type Stream = { readonly id: number };

/**
 * What the user of a stream does with what comes in; `state` is what was attached with it.
 * Nothing is called before `attach`, nothing after `end` has come in and gone out, nothing after
 * `broken`, and nothing from within a function of `send.ts`. May call those functions.
 */
export type StreamEvents<State> = {
  /**
   * The head of the answer (at the client), the trailers (at both ends).
   * Interim answers (1xx) are not shown. `end`: nothing follows. A request whose answer has ended
   * is over in both directions, in whatever state the request is: it is reset if need be.
   */
  fields(state: State, fields: Fields, end: boolean): void;
  /** Bytes of the body: a view, valid only until this returns. May be empty when `end`. */
  data(state: State, chunk: Buffer, end: boolean): void;
  /** Over before both sides had ended. Once at most, and not after a `reset` of our own. */
  broken(state: State, fault: Fault): void;
  /** There is room again after `sendData` answered false. */
  room?(state: State): void;
  /** The same when the end has gone out too: nothing of what was sent is read any more. */
  sent?(state: State): void;
};

/** Limits and times. The defaults, and why they are so: `limits.ts`, docs/http2.md. */
export type Http2Limits = {
  /** Streams the peer may hold open at once; more are refused with REFUSED_STREAM. */
  readonly concurrentStreams: number;
  /**
   * Largest list of fields, counted as name + value + 32 for each. A larger request is answered
   * 431, a larger answer resets its stream; a block far larger ends the connection.
   */
  readonly headerListBytes: number;
  /** Room given to the peer's table of fields. */
  readonly headerTableBytes: number;
  /** What a peer may send on one stream before we give more: 65535 at least. */
  readonly streamWindowBytes: number;
  /** The same for the whole connection: 65535 at least. */
  readonly connectionWindowBytes: number;
  /** Largest frame we take: 16384 to 16777215. */
  readonly frameBytes: number;
  /**
   * Bytes of one stream that may wait for the peer; whoever sends more while so many wait, loses
   * the stream. One chunk may be larger.
   */
  readonly streamOutputBytes: number;
  /** The same for all streams of a connection. What is not a body closes the connection then. */
  readonly connectionOutputBytes: number;
  /** Answers to PING, SETTINGS and faults that may wait for the peer to read. */
  readonly controlFrames: number;
  /**
   * Frames that move nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown, empty, or for a
   * stream that is over), with none that does between them, within `idleFramesSpanMs`.
   */
  readonly idleFrames: number;
  readonly idleFramesSpanMs: number;
  /**
   * Streams lost to the peer's resets and faults, beyond as many as came to their end, within
   * `resetSpanMs`.
   */
  readonly resets: number;
  readonly resetSpanMs: number;
  /** From the opening of the connection to the peer's SETTINGS, and to its word on ours. */
  readonly settingsMs: number;
  /** A connection without streams is closed after this; 0: never. */
  readonly idleMs: number;
  /** A stream, or a connection, whose output the peer has not taken any of for so long is closed. */
  readonly stallMs: number;
  /** After so long without a byte from the peer a PING is sent; 0: never. */
  readonly keepAliveMs: number;
  /** And after so long without a byte after it the connection is closed. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection that is over may take to hand the peer its last bytes. */
  readonly lingerMs: number;
};

export type Http2Options = {
  readonly deadlines: Deadlines;
  readonly limits?: Partial<Http2Limits>;
  /** Called once, after every stream has heard of it. Not an error if `fault.code` is 0. */
  onClosed?(fault: Fault): void;
};

export type Http2ServerOptions = Http2Options & {
  /**
   * A request has come: attach to it, or answer or reset it, before this returns.
   * `end`: it has no body and no trailers.
   */
  onStream(stream: Stream, fields: Fields, end: boolean): void;
};

export type Http2ClientOptions = Http2Options & {
  /** Where the socket is read into a buffer: is given who takes the bytes. Otherwise its events tell them. */
  readonly onBytes?: (take: (chunk: Buffer) => boolean) => void;
  /** A request can be opened again after `open` answered undefined for want of room. */
  onRoom?(): void;
  /** The peer takes no new requests on this connection; those in work go on. */
  onDraining?(): void;
};

export type Http2Connection = {
  /**
   * No new streams from now; those in work go on, then the connection closes.
   * With a `code` other than 0 as a reproach to the peer; `reason` is sent as debug text.
   */
  goAway(code?: number, reason?: string): void;
  /** Closes at once; the streams in work are broken. */
  destroy(): void;
  /** Streams in work. */
  inWork(): number;
};

export type Http2Client = Http2Connection & {
  /**
   * Starts a request; `encoded`, if any, stands before `fields`. Undefined when there is no room:
   * the peer's limit of streams is reached, or the connection is draining or closed.
   * To be attached to at once, before control returns to the event loop.
   */
  open(fields: Fields, end: boolean, encoded?: EncodedFields): Stream | undefined;
  /** `full`: `onRoom` tells when not; `over`: draining or closed, never to be usable again. */
  readiness(): "ready" | "full" | "over";
};
