/** The beginning and the end of streams. */
import { errorCodes } from "./error-codes.ts";
import { countFinishedStream, countLostStream } from "./floods.ts";
import { frameTypes, headBytes } from "./frames.ts";
import { makeRoom, putHead, putUint32 } from "./output.ts";
import type { Connection, OpenStream } from "./state.ts";
import type { Fault, StreamEvents } from "./types.ts";

const ignore = (): void => {};

/** Until the user of a stream attaches. */
const nobody: StreamEvents<unknown> = { fields: ignore, data: ignore, broken: ignore };

export const openStream = (connection: Connection, id: number): OpenStream => {
  const stream: OpenStream = {
    id,
    connection,
    events: nobody,
    attached: undefined,
    over: false,
    headIn: false,
    endIn: false,
    windowIn: connection.limits.streamWindowBytes,
    unacknowledged: 0,
    paused: false,
    bytesIn: 0,
    contentLength: -1,
    headOut: false,
    endOut: false,
    windowOut: connection.peerWindowBytes,
    queue: undefined,
    queueAt: 0,
    queueBytes: 0,
    endQueued: false,
    trailers: undefined,
    waits: false,
    wantsRoom: false,
    stalledSince: -1,
  };
  connection.streams.set(id, stream);
  connection.opened += 1;
  return stream;
};

/** Takes a stream out of work. Its user is told nothing. */
export const closeStream = (stream: OpenStream): void => {
  if (stream.over) return;
  const { connection } = stream;
  stream.over = true;
  connection.queuedBytes -= stream.queueBytes;
  stream.queue = undefined;
  stream.queueBytes = 0;
  connection.streams.delete(stream.id);
  if (stream.endIn) {
    connection.endedIds[connection.endedCount % connection.endedIds.length] = stream.id;
    connection.endedCount += 1;
  }
};

/** The answer has ended: the stream is over, and a request that has not ended is given up. */
export const finishStream = (stream: OpenStream): void => {
  if (stream.over) return;
  countFinishedStream(stream.connection);
  const isWhole = stream.endIn && stream.endOut;
  if (isWhole) closeStream(stream);
  else resetStream(stream, errorCodes.NO_ERROR);
};

/** Ends a stream in both directions; its user is told nothing. */
export const resetStream = (stream: OpenStream, code: number): void => {
  if (stream.over) return;
  const { connection } = stream;
  closeStream(stream);
  putReset(connection, stream.id, code);
};

const rememberedResets = 1024;

/** What the peer has sent for this stream, and may still send for a while, will be let pass. */
export const forgive = (connection: Connection, id: number): void => {
  connection.resetIds ??= new Int32Array(rememberedResets);
  connection.resetIds[connection.resetCount % rememberedResets] = id;
  connection.resetCount += 1;
};

/** Sends RST_STREAM. */
export const putReset = (connection: Connection, id: number, code: number): void => {
  forgive(connection, id);
  makeRoom(connection, headBytes + 4);
  putHead(connection.output, 4, frameTypes.reset << 8, id);
  putUint32(connection.output, code);
};

/** What became of a stream that is not in work: it never was, it ended, or it was given up. */
export const fateOf = (connection: Connection, id: number): "idle" | "ended" | "given up" => {
  const isOurs = (id & 1) === (connection.server === undefined ? 1 : 0);
  if (isOurs ? id >= connection.nextId : id > connection.lastPeerId) return "idle";
  if (connection.endedIds.includes(id)) return "ended";
  if (isOurs || connection.resetIds?.includes(id) === true) return "given up";
  return "ended"; // long ago, or passed over when a higher one was opened
};

/** Tells the user of a stream that it came to an early end. */
export const tellBroken = (stream: OpenStream, fault: Fault): void => {
  closeStream(stream);
  stream.events.broken(stream.attached, fault);
};

/**
 * Resets a stream for what its peer has done, and tells its user.
 *
 * @throws {Http2Error} when the peer has lost too many streams.
 */
export const breakStream = (stream: OpenStream, code: number, reason: string): void => {
  if (stream.over) return;
  giveUp(stream, code, reason);
  if (stream.connection.server !== undefined) countLostStream(stream.connection);
};

/** Resets a stream that leads nowhere, and tells its user. */
export const giveUp = (stream: OpenStream, code: number, reason: string): void => {
  resetStream(stream, code);
  tellBroken(stream, { code, from: "here", unprocessed: false, reason });
};
