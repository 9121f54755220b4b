/**
 * Finds the frames in what the socket gives. A frame that lies whole in one read is taken where it
 * lies; of one that does not, only its pieces are put together. DATA never is.
 */
import { Http2Error } from "./error-codes.ts";
import { flags, frameTypes, headBytes, preface } from "./frames.ts";
import { receive } from "./receive.ts";
import { beginData, takeData } from "./receive-data.ts";
import type { Connection, Reader } from "./state.ts";

const noBytes = Buffer.alloc(0);

export const makeReader = (isServer: boolean): Reader => ({
  prefaceLeft: isServer ? preface.length : 0,
  phase: "head",
  head: Buffer.alloc(headBytes),
  held: noBytes,
  heldBytes: 0,
  length: 0,
  type: 0,
  flags: 0,
  id: 0,
  bytes: noBytes,
  from: 0,
  to: 0,
  dataLeft: 0,
  paddingLeft: 0,
  stream: undefined,
  blockId: 0,
  blockEnd: false,
  block: [],
  blockBytes: 0,
});

/**
 * Takes what was read. Keeps nothing of `chunk`.
 *
 * @throws {Http2Error} when the peer breaks the protocol or a limit of the connection.
 */
export const readChunk = (connection: Connection, chunk: Buffer): void => {
  const { reader } = connection;
  let at = reader.prefaceLeft > 0 ? readPreface(reader, chunk) : 0;
  while (at < chunk.length || reader.phase === "data") {
    const { phase } = reader;
    const next = advance(connection, chunk, at);
    if (next === at && reader.phase === phase) return; // more has to come
    at = next;
  }
};

/** Reads one step further and answers where the next begins. */
const advance = (connection: Connection, chunk: Buffer, at: number): number => {
  const { reader } = connection;
  switch (reader.phase) {
    case "head":
      return readHead(connection, chunk, at);
    case "payload":
      return readPayload(connection, chunk, at);
    case "data":
      return readData(connection, chunk, at);
    case "padLength":
      return readPadLength(reader, chunk, at);
    case "padding":
      return skipPadding(reader, chunk, at);
    case "deaf":
      return at;
  }
};

const readPreface = (reader: Reader, chunk: Buffer): number => {
  const from = preface.length - reader.prefaceLeft;
  const length = Math.min(reader.prefaceLeft, chunk.length);
  if (preface.compare(chunk, 0, length, from, from + length) !== 0) {
    throw new Http2Error("PROTOCOL_ERROR", "the connection does not begin as HTTP/2 does");
  }
  reader.prefaceLeft -= length;
  return length;
};

const readHead = (connection: Connection, chunk: Buffer, at: number): number => {
  const { reader } = connection;
  if (reader.heldBytes === 0 && chunk.length - at >= headBytes) {
    parseHead(reader, chunk, at);
    beginFrame(connection);
    return at + headBytes;
  }
  const length = Math.min(headBytes - reader.heldBytes, chunk.length - at);
  chunk.copy(reader.head, reader.heldBytes, at, at + length);
  reader.heldBytes += length;
  if (reader.heldBytes === headBytes) {
    reader.heldBytes = 0;
    parseHead(reader, reader.head, 0);
    beginFrame(connection);
  }
  return at + length;
};

const parseHead = (reader: Reader, bytes: Buffer, at: number): void => {
  reader.length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  reader.type = bytes[at + 3] ?? 0;
  reader.flags = bytes[at + 4] ?? 0;
  reader.id =
    (((bytes[at + 5] ?? 0) & 0x7f) << 24) |
    ((bytes[at + 6] ?? 0) << 16) |
    ((bytes[at + 7] ?? 0) << 8) |
    (bytes[at + 8] ?? 0);
};

const beginFrame = (connection: Connection): void => {
  const { reader, limits } = connection;
  if (reader.length > limits.frameBytes) {
    throw new Http2Error("FRAME_SIZE_ERROR", `a frame is larger than ${limits.frameBytes} bytes`);
  }
  if (reader.blockId !== 0) wantContinuation(reader);
  if (!connection.peerSettled && reader.type !== frameTypes.settings) {
    throw new Http2Error("PROTOCOL_ERROR", "the first frame is not SETTINGS");
  }
  if (reader.type !== frameTypes.data) {
    reader.phase = "payload";
    if (reader.length === 0) takeFrame(connection, noBytes, 0);
    return;
  }
  reader.dataLeft = reader.length;
  reader.paddingLeft = 0;
  reader.phase = (reader.flags & flags.padded) === 0 ? "data" : "padLength";
  if (reader.phase === "padLength" && reader.length === 0) {
    throw new Http2Error("FRAME_SIZE_ERROR", "no room for the padding's length");
  }
  beginData(connection);
};

const wantContinuation = ({ type, id, blockId }: Reader): void => {
  if (type === frameTypes.continuation && id === blockId) return;
  throw new Http2Error("PROTOCOL_ERROR", "a block of fields was broken off");
};

const takeFrame = (connection: Connection, bytes: Buffer, from: number): void => {
  const { reader } = connection;
  reader.bytes = bytes;
  reader.from = from;
  reader.to = from + reader.length;
  reader.phase = "head";
  receive(connection);
  reader.bytes = noBytes;
};

const readPayload = (connection: Connection, chunk: Buffer, at: number): number => {
  const { reader } = connection;
  if (reader.heldBytes === 0 && chunk.length - at >= reader.length) {
    const { length } = reader;
    takeFrame(connection, chunk, at);
    return at + length;
  }
  if (reader.heldBytes === 0) reader.held = Buffer.allocUnsafe(reader.length);
  const length = Math.min(reader.length - reader.heldBytes, chunk.length - at);
  chunk.copy(reader.held, reader.heldBytes, at, at + length);
  reader.heldBytes += length;
  if (reader.heldBytes === reader.length) {
    const { held } = reader;
    reader.held = noBytes;
    reader.heldBytes = 0;
    takeFrame(connection, held, 0);
  }
  return at + length;
};

const readPadLength = (reader: Reader, chunk: Buffer, at: number): number => {
  reader.paddingLeft = chunk[at] ?? 0;
  reader.dataLeft -= 1 + reader.paddingLeft;
  if (reader.dataLeft < 0) {
    throw new Http2Error("PROTOCOL_ERROR", "more padding than the frame holds");
  }
  reader.phase = "data";
  return at + 1;
};

const readData = (connection: Connection, chunk: Buffer, at: number): number => {
  const { reader } = connection;
  const length = Math.min(reader.dataLeft, chunk.length - at);
  if (length === 0 && reader.dataLeft > 0) return at;
  reader.dataLeft -= length;
  const isLast = reader.dataLeft === 0;
  if (isLast) reader.phase = reader.paddingLeft > 0 ? "padding" : "head";
  takeData(connection, chunk.subarray(at, at + length), isLast);
  return at + length;
};

const skipPadding = (reader: Reader, chunk: Buffer, at: number): number => {
  const length = Math.min(reader.paddingLeft, chunk.length - at);
  reader.paddingLeft -= length;
  if (reader.paddingLeft === 0) reader.phase = "head";
  return at + length;
};
