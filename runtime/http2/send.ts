/**
 * What may be done with a stream: the verbs of `types.ts`. On a stream that is over they do
 * nothing, since it may have ended while its user was at work.
 */
import { errorCodes } from "./error-codes.ts";
import { frameTypes, headBytes } from "./frames.ts";
import { makeRoom, putHead, putUint32 } from "./output.ts";
import { endSent, enqueue, passes, putData, putFields } from "./sending.ts";
import type { OpenStream } from "./state.ts";
import { resetStream } from "./streams.ts";
import type { EncodedFields, Fields, Stream, StreamEvents } from "./types.ts";

// Each Stream was made by `openStream`: the record behind the handle is an OpenStream.

/** Says who hears of the stream from now on. */
export const attach = <State>(stream: Stream, events: StreamEvents<State>, state: State): void => {
  const open = stream as OpenStream; // see above
  open.events = events as StreamEvents<unknown>; // called with `state` alone, which fits
  open.attached = state;
};

/**
 * Sends the head, once (interim heads with `:status` 1xx may go before), or with `end` the
 * trailers. `encoded` stands before `fields`; in the two together pseudo-fields come first.
 *
 * @throws {TypeError} when a name or a value cannot be one, and the stream is reset then.
 */
export const sendFields = (
  stream: Stream,
  fields: Fields,
  end: boolean,
  encoded?: EncodedFields,
): void => {
  const open = stream as OpenStream; // see above
  if (open.over || hasEnded(open)) return;
  if (open.queue !== undefined) {
    open.trailers = { fields, encoded };
    return;
  }
  try {
    putFields(open.connection, open.id, { fields, encoded }, end);
  } catch (error) {
    resetStream(open, errorCodes.INTERNAL_ERROR);
    throw error;
  }
  open.headOut ||= !isInterim(fields);
  if (end) endSent(open);
};

const isInterim = (fields: Fields): boolean =>
  fields[0] === ":status" && fields[1]?.charCodeAt(0) === 0x31;

const hasEnded = ({ endOut, endQueued, trailers }: OpenStream): boolean =>
  endOut || endQueued || trailers !== undefined;

/**
 * Sends of the body. Takes all; false says that bytes wait for the peer: `room` tells when they
 * have left, and more before that may cost the stream. A chunk above 16 KB must not change until
 * then, or until the stream is over.
 */
export const sendData = (stream: Stream, chunk: Buffer, end: boolean): boolean => {
  const open = stream as OpenStream; // see above
  if (open.over || hasEnded(open)) return true;
  if (!open.headOut) throw new Error("a body is sent before its head");
  if (passes(open, chunk.length)) {
    if (chunk.length === 0 && !end) return true;
    open.endOut = end;
    putData(open, chunk, 0, chunk.length);
    if (end) endSent(open);
    return true;
  }
  const { connection } = open;
  const { streamOutputBytes, connectionOutputBytes } = connection.limits;
  if (open.queueBytes > streamOutputBytes || connection.queuedBytes > connectionOutputBytes) {
    resetStream(open, errorCodes.CANCEL);
    const reason = "the peer takes what is sent too slowly";
    const fault = { code: errorCodes.CANCEL, from: "here", unprocessed: false, reason } as const;
    connection.due.push({ stream: open, fault });
    return true;
  }
  enqueue(open, chunk, end);
  open.wantsRoom = open.queue !== undefined;
  return !open.wantsRoom;
};

/** Whether all of the stream, its end too, has gone out. */
export const hasSent = (stream: Stream): boolean => (stream as OpenStream).endOut; // see above

/** Ends the stream in both directions at once; its events hear nothing more. */
export const reset = (stream: Stream, code: number): void =>
  resetStream(stream as OpenStream, code); // see above

/** Gives the peer no more window: what may still come is bounded by the one it has. */
export const pause = (stream: Stream): void => {
  (stream as OpenStream).paused = true; // see above
};

export const resume = (stream: Stream): void => {
  const open = stream as OpenStream; // see above
  open.paused = false;
  if (!open.over && !open.endIn) giveWindow(open);
};

/** Lets the peer send as much again as it has sent, when that is half of its window. */
export const giveWindow = (stream: OpenStream): void => {
  const { connection, unacknowledged } = stream;
  if (stream.paused || unacknowledged < connection.limits.streamWindowBytes >> 1) return;
  makeRoom(connection, headBytes + 4);
  putHead(connection.output, 4, frameTypes.windowUpdate << 8, stream.id);
  putUint32(connection.output, unacknowledged);
  stream.windowIn += unacknowledged;
  stream.unacknowledged = 0;
};
