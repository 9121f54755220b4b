/**
 * What goes out: frames are put into one buffer per connection, and that is given to the socket
 * at the end of the tick, in one write.
 */
import { headBytes } from "./frames.ts";
import type { Connection, Output } from "./state.ts";

const chunkBytes = 65_536;
/** Up to here bytes leave as text: the cheapest write of Node.js. */
const textBytes = 16_384;
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

const giveAllBack = (used: readonly Buffer[], chunk: Buffer): void => {
  giveBack(chunk);
  for (const one of used) giveBack(one);
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

/** Copies `bytes[from, to)` behind the head of a frame: two writes would cost more than that. */
export const putBody = (connection: Connection, bytes: Buffer, from: number, to: number): void => {
  const { output } = connection;
  makeRoom(connection, to - from);
  bytes.copy(output.chunk, output.at, from, to);
  output.at += to - from;
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
  if (output.parts.length === 0 && output.from === 0 && output.at <= textBytes) {
    if (output.at > 0) socket.write(output.chunk.toString("latin1", 0, output.at), "latin1");
    giveBack(output.chunk);
    clear(output);
    return;
  }
  seal(output);
  const { parts, used, chunk } = output;
  const last = parts.length - 1;
  clear(output);
  const recycle = (error?: Error | null): void => {
    if (!error) giveAllBack(used, chunk); // else the kernel may still read them
  };
  if (last > 0) socket.cork();
  for (const [place, part] of parts.entries())
    socket.write(part, place === last ? recycle : undefined);
  if (last > 0) socket.uncork();
};

const clear = (output: Output): void => {
  output.chunk = noChunk;
  output.from = 0;
  output.at = 0;
  if (output.parts.length === 0) return;
  output.used = [];
  output.parts = [];
  output.partBytes = 0;
};

const discard = (output: Output): void => {
  giveAllBack(output.used, output.chunk);
  clear(output);
};
