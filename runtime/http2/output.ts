/**
 * What goes out: frames are put into one buffer per connection, and that is given to the socket
 * at the end of the tick, in one write.
 */
import { headBytes } from "./frames.ts";
import type { Connection, OpenStream, Output } from "./state.ts";

const chunkBytes = 65_536;
/** Up to here bytes leave as text: the cheapest write of Node.js. */
const textBytes = 16_384;
/** Larger frames of bodies are passed on without a copy. */
const copiedBytes = 16_384;
/** So much may wait for the end of the turn, and then lie with the socket, before bodies wait. */
const backlogBytes = 262_144;

/**
 * Chunks for all connections: one has a chunk only from its first byte to its flush, so that those
 * that rest keep none. A new one would cost page faults.
 */
const spare: Buffer[] = [];
const mostSpare = 64;
const noChunk = Buffer.alloc(0);

const giveBack = (chunk: Buffer): void => {
  if (chunk.length === chunkBytes && spare.length < mostSpare) spare.push(chunk);
};

export const makeOutput = (): Output => ({
  chunk: noChunk,
  from: 0,
  at: 0,
  parts: [],
  partBytes: 0,
  used: [],
  scheduled: false,
  backlogged: false,
  controlFrames: 0,
  ended: [],
});

/** Whether more of a body may go out now, windows aside. */
export const takesBody = ({ output }: Connection): boolean =>
  !output.backlogged && output.partBytes + output.at - output.from < backlogBytes;

/** Makes room for so many bytes in `output.chunk`, from `output.at`. */
export const makeRoom = (connection: Connection, bytes: number): void => {
  const { output } = connection;
  if (!output.scheduled) schedule(connection);
  if (output.at + bytes <= output.chunk.length) return;
  seal(output);
  if (output.at > 0) output.used.push(output.chunk);
  const size = Math.max(bytes, chunkBytes);
  output.chunk = (size === chunkBytes && spare.pop()) || Buffer.allocUnsafeSlow(size);
  output.from = 0;
  output.at = 0;
};

/** Ends the part that is being filled. */
const seal = (output: Output): void => {
  if (output.at === output.from) return;
  output.parts.push(output.chunk.subarray(output.from, output.at));
  output.partBytes += output.at - output.from;
  output.from = output.at;
};

/** Writes a frame's head where there is room for it. `kind`: type << 8 | flags. */
export const putHead = (output: Output, length: number, kind: number, id: number): void => {
  const { chunk, at } = output;
  chunk[at] = length >>> 16;
  chunk[at + 1] = length >>> 8;
  chunk[at + 2] = length;
  chunk[at + 3] = kind >>> 8;
  chunk[at + 4] = kind;
  chunk[at + 5] = id >>> 24;
  chunk[at + 6] = id >>> 16;
  chunk[at + 7] = id >>> 8;
  chunk[at + 8] = id;
  output.at = at + headBytes;
};

export const putUint32 = (output: Output, value: number): void => {
  const { chunk, at } = output;
  chunk[at] = value >>> 24;
  chunk[at + 1] = value >>> 16;
  chunk[at + 2] = value >>> 8;
  chunk[at + 3] = value;
  output.at = at + 4;
};

export const putUint16 = (output: Output, value: number): void => {
  output.chunk[output.at] = value >>> 8;
  output.chunk[output.at + 1] = value;
  output.at += 2;
};

/** Adds `bytes[from, to)` to a frame whose head was put: small ones by copy. */
export const putBody = (connection: Connection, bytes: Buffer, from: number, to: number): void => {
  const { output } = connection;
  const length = to - from;
  if (length > copiedBytes) {
    seal(output);
    output.parts.push(bytes.subarray(from, to));
    output.partBytes += length;
    return;
  }
  makeRoom(connection, length);
  bytes.copy(output.chunk, output.at, from, to);
  output.at += length;
};

/** Connections with something to send, since the last flush. */
const scheduled: Connection[] = [];

const schedule = (connection: Connection): void => {
  connection.output.scheduled = true;
  if (scheduled.push(connection) === 1) process.nextTick(flushAll);
};

const flushAll = (): void => {
  const connections = scheduled.splice(0);
  for (const connection of connections) flush(connection);
};

/** Gives the socket all there is. */
export const flush = (connection: Connection): void => {
  const { output, socket } = connection;
  output.scheduled = false;
  if (!socket.destroyed && socket.writable) write(connection);
  else discard(output);
  output.backlogged = socket.writableLength > backlogBytes;
  if (socket.writableLength === 0) output.controlFrames = 0;
  connection.flushed(connection);
};

const write = ({ output, socket }: Connection): void => {
  const told = output.ended.length === 0 ? undefined : tellSent(output);
  if (output.parts.length === 0 && output.from === 0 && output.at <= textBytes) {
    if (output.at > 0) socket.write(output.chunk.toString("latin1", 0, output.at), "latin1", told);
    recycle(output, true);
    return;
  }
  seal(output);
  const { parts } = output;
  const last = parts.length - 1;
  if (last > 0) socket.cork();
  for (const [place, part] of parts.entries())
    socket.write(part, place === last ? told : undefined);
  if (last > 0) socket.uncork();
  recycle(output, socket.writableLength === 0);
};

/** The chunks are free again when the kernel has taken all; else nobody knows when they will be. */
const recycle = (output: Output, free: boolean): void => {
  if (free) {
    giveBack(output.chunk);
    for (const chunk of output.used) giveBack(chunk);
  }
  output.chunk = noChunk;
  output.from = 0;
  output.at = 0;
  if (output.parts.length === 0) return;
  output.used = [];
  output.parts = [];
  output.partBytes = 0;
};

const discard = (output: Output): void => {
  output.ended = [];
  recycle(output, true);
};

const tellSent = (output: Output): (() => void) => {
  const streams = output.ended;
  output.ended = [];
  return () => {
    for (const stream of streams) wasSent(stream);
  };
};

const wasSent = ({ events, attached }: OpenStream): void => events.sent?.(attached);
