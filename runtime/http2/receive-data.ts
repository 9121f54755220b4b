/** DATA: bytes are handed on as they come, without waiting for a whole frame. */
import { errorCodes, Http2Error } from "./error-codes.ts";
import { countIdleFrame } from "./floods.ts";
import { flags, frameTypes, headBytes } from "./frames.ts";
import { makeRoom, putHead, putUint32 } from "./output.ts";
import { giveWindow } from "./send.ts";
import type { Connection, OpenStream } from "./state.ts";
import { breakStream, fateOf, finishStream } from "./streams.ts";

/** A DATA frame begins; its length with the padding counts against both windows. */
export const beginData = (connection: Connection): void => {
  const { reader } = connection;
  const { id, length } = reader;
  if (id === 0) throw new Http2Error("PROTOCOL_ERROR", "DATA belongs to a stream");
  takeFromConnection(connection, length);
  const stream = connection.streams.get(id);
  reader.stream = stream;
  if (stream === undefined) dataForNobody(connection, id);
  else takeFromStream(stream, length, (reader.flags & flags.endStream) !== 0);
};

const takeFromConnection = (connection: Connection, length: number): void => {
  connection.windowIn -= length;
  if (connection.windowIn < 0) {
    throw new Http2Error("FLOW_CONTROL_ERROR", "more was sent than the connection's window allows");
  }
  connection.unacknowledged += length;
  const { unacknowledged } = connection;
  if (unacknowledged < connection.limits.connectionWindowBytes >> 1) return;
  makeRoom(connection, headBytes + 4);
  putHead(connection.output, 4, frameTypes.windowUpdate << 8, 0);
  putUint32(connection.output, unacknowledged);
  connection.windowIn += unacknowledged;
  connection.unacknowledged = 0;
};

const takeFromStream = (stream: OpenStream, length: number, end: boolean): void => {
  const { connection } = stream;
  if (stream.endIn) {
    breakStream(stream, errorCodes.STREAM_CLOSED, "the peer sent DATA after its end");
    return;
  }
  if (connection.server === undefined && !stream.headIn) {
    breakStream(stream, errorCodes.PROTOCOL_ERROR, "the peer sent DATA before the head");
    return;
  }
  stream.windowIn -= length;
  if (stream.windowIn < 0) {
    breakStream(stream, errorCodes.FLOW_CONTROL_ERROR, "more was sent than the window allows");
    return;
  }
  if (end) return;
  stream.unacknowledged += length;
  giveWindow(stream);
};

const dataForNobody = (connection: Connection, id: number): void => {
  countIdleFrame(connection);
  const fate = fateOf(connection, id);
  if (fate === "idle") throw new Http2Error("PROTOCOL_ERROR", "DATA for a stream not yet opened");
  if (fate === "ended") throw new Http2Error("STREAM_CLOSED", "DATA for a stream that has ended");
};

/** Bytes of the frame at hand: `[from, to)` of the chunk; `last` of them. */
export const takeData = (connection: Connection, chunk: Buffer, last: boolean): void => {
  const { stream, flags: bits } = connection.reader;
  if (stream === undefined || stream.over) return;
  const end = last && (bits & flags.endStream) !== 0;
  if (chunk.length > 0) connection.floods.idleFrames = 0;
  else if (!end) {
    countIdleFrame(connection);
    return;
  }
  stream.bytesIn += chunk.length;
  if (!fitsLength(stream, end)) return;
  stream.endIn = end;
  stream.events.data(stream.attached, chunk, end);
  if (end) afterEndIn(stream);
};

/** Whether the body is as long as was announced, so far; breaks the stream if not. */
export const fitsLength = (stream: OpenStream, end: boolean): boolean => {
  const { bytesIn, contentLength } = stream;
  if (contentLength < 0 || (end ? bytesIn === contentLength : bytesIn <= contentLength))
    return true;
  breakStream(stream, errorCodes.PROTOCOL_ERROR, "the body is not as long as content-length says");
  return false;
};

/** The peer's end has come, and its user knows. */
export const afterEndIn = (stream: OpenStream): void => {
  if (stream.connection.client !== undefined) finishStream(stream);
};
