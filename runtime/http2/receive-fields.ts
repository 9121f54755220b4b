/** HEADERS and CONTINUATION: blocks of fields, and what they begin or end. */
import { errorCodes, Http2Error } from "./error-codes.ts";
import { answerFault, type FieldList, requestFault, trailersFault } from "./field-rules.ts";
import { countControlFrame, countIdleFrame, countLostStream } from "./floods.ts";
import { flags } from "./frames.ts";
import { decodeBlock } from "./hpack-decode.ts";
import { encodeOnce } from "./hpack-encode.ts";
import { afterEndIn, fitsLength } from "./receive-data.ts";
import { putFields } from "./sending.ts";
import type { Connection, OpenStream, Reader } from "./state.ts";
import { breakStream, fateOf, forgive, openStream, putReset } from "./streams.ts";

/** A block in more pieces is not sent in good faith. */
const mostPieces = 128;
/** A block may be so much larger than the list it is decoded to; beyond, it is not decoded. */
const blockSlackBytes = 16_384;

export const receiveHeaders = (connection: Connection): void => {
  const { reader } = connection;
  if (reader.id === 0) throw new Http2Error("PROTOCOL_ERROR", "HEADERS belongs to a stream");
  stripPadding(reader);
  if ((reader.flags & flags.priority) !== 0) stripPriority(reader);
  reader.blockEnd = (reader.flags & flags.endStream) !== 0;
  if ((reader.flags & flags.endHeaders) !== 0) {
    decodeAndTake(connection, reader.bytes, reader.from, reader.to);
    return;
  }
  reader.blockId = reader.id;
  addPiece(connection);
};

export const receiveContinuation = (connection: Connection): void => {
  const { reader } = connection;
  if (reader.blockId === 0) throw new Http2Error("PROTOCOL_ERROR", "CONTINUATION of nothing");
  addPiece(connection);
  if ((reader.flags & flags.endHeaders) === 0) return;
  const block = Buffer.concat(reader.block);
  reader.blockId = 0;
  reader.block = [];
  reader.blockBytes = 0;
  decodeAndTake(connection, block, 0, block.length);
};

const addPiece = (connection: Connection): void => {
  const { reader } = connection;
  reader.blockBytes += reader.to - reader.from;
  wantSize(connection, reader.blockBytes);
  if (reader.block.length >= mostPieces) {
    throw new Http2Error("ENHANCE_YOUR_CALM", "a block of fields comes in too many pieces");
  }
  reader.block.push(Buffer.from(reader.bytes.subarray(reader.from, reader.to)));
};

const wantSize = ({ limits }: Connection, bytes: number): void => {
  if (bytes <= limits.headerListBytes + blockSlackBytes) return;
  throw new Http2Error("ENHANCE_YOUR_CALM", "a block of fields is too large");
};

const stripPadding = (reader: Reader): void => {
  if ((reader.flags & flags.padded) === 0) return;
  if (reader.from === reader.to)
    throw new Http2Error("FRAME_SIZE_ERROR", "no room for the padding's length");
  const padding = reader.bytes[reader.from] ?? 0;
  reader.from += 1;
  reader.to -= padding;
  if (reader.to < reader.from)
    throw new Http2Error("PROTOCOL_ERROR", "more padding than the frame holds");
};

/** Weights and dependencies are not heeded. Source: RFC 9113, 5.3.2. */
const stripPriority = (reader: Reader): void => {
  if (reader.to - reader.from < 5)
    throw new Http2Error("FRAME_SIZE_ERROR", "no room for the priority");
  if ((reader.bytes.readUInt32BE(reader.from) & 0x7fff_ffff) === reader.id) {
    throw new Http2Error("PROTOCOL_ERROR", "a stream depends on itself");
  }
  reader.from += 5;
};

const decodeAndTake = (connection: Connection, bytes: Buffer, from: number, to: number): void => {
  wantSize(connection, to - from);
  const list = decodeBlock(connection.decoder, bytes, from, to);
  const stream = connection.streams.get(connection.reader.id);
  if (stream !== undefined) takeMore(stream, list);
  else if (connection.server !== undefined) takeRequest(connection, list);
  else refuseUnopened(connection);
};

/** Fields for a stream that is not in work, at the client, or at the server not a new one. */
const refuseUnopened = (connection: Connection): void => {
  const fate = fateOf(connection, connection.reader.id);
  if (fate === "idle")
    throw new Http2Error("PROTOCOL_ERROR", "HEADERS for a stream not yet opened");
  if (fate === "ended")
    throw new Http2Error("STREAM_CLOSED", "HEADERS for a stream that has ended");
};

const takeRequest = (connection: Connection, list: FieldList): void => {
  const { id, blockEnd } = connection.reader;
  if ((id & 1) === 0)
    throw new Http2Error("PROTOCOL_ERROR", "a client's stream has an even number");
  if (id <= connection.lastPeerId) {
    if (fateOf(connection, id) === "given up") return;
    if (connection.endedIds.includes(id)) {
      throw new Http2Error("STREAM_CLOSED", "HEADERS for a stream that has ended");
    }
    throw new Http2Error("PROTOCOL_ERROR", "streams are opened in rising order");
  }
  connection.lastPeerId = id;
  if (connection.farewell === "said") {
    forgive(connection, id); // it crossed with our GOAWAY, which says that it was not seen
    return;
  }
  connection.floods.idleFrames = 0;
  if (connection.streams.size >= connection.limits.concurrentStreams) {
    refuse(connection, id, errorCodes.REFUSED_STREAM);
  } else if (list.tooLarge) refuseLarge(connection, id, blockEnd);
  else if (requestFault(list) !== undefined || (blockEnd && list.contentLength > 0)) {
    refuse(connection, id, errorCodes.PROTOCOL_ERROR);
  } else {
    const stream = openStream(connection, id);
    stream.headIn = true;
    stream.endIn = blockEnd;
    stream.contentLength = list.contentLength;
    connection.server?.onStream(stream, list.fields, blockEnd);
  }
};

/** A peer that does not know our limits yet is not blamed for passing them. */
const refuse = (connection: Connection, id: number, code: number): void => {
  putReset(connection, id, code);
  if (!connection.settled) return;
  countControlFrame(connection);
  countLostStream(connection);
};

/** Source: RFC 6585, 5. */
const tooLargeHead = { fields: [], encoded: encodeOnce([":status", "431"]) };

const refuseLarge = (connection: Connection, id: number, isWhole: boolean): void => {
  putFields(connection, id, tooLargeHead, true);
  if (!isWhole) putReset(connection, id, errorCodes.NO_ERROR);
  countControlFrame(connection);
  countLostStream(connection);
};

/** Fields for a stream in work: an answer's head, or trailers. */
const takeMore = (stream: OpenStream, list: FieldList): void => {
  const { connection } = stream;
  const { blockEnd } = connection.reader;
  if (stream.endIn) {
    breakStream(stream, errorCodes.STREAM_CLOSED, "the peer sent HEADERS after its end");
  } else if (list.tooLarge) {
    breakStream(
      stream,
      errorCodes.ENHANCE_YOUR_CALM,
      "the peer's fields are larger than the limit",
    );
  } else if (stream.headIn) takeTrailers(stream, list, blockEnd);
  else takeAnswer(stream, list, blockEnd);
};

const takeTrailers = (stream: OpenStream, list: FieldList, end: boolean): void => {
  const fault = end ? trailersFault(list) : "HEADERS within a body";
  if (fault !== undefined) {
    breakStream(stream, errorCodes.PROTOCOL_ERROR, fault);
    return;
  }
  if (!fitsLength(stream, true)) return;
  stream.endIn = true;
  stream.events.fields(stream.attached, list.fields, true);
  afterEndIn(stream);
};

const takeAnswer = (stream: OpenStream, list: FieldList, end: boolean): void => {
  const { connection } = stream;
  const fault = answerFault(list);
  const isInterim = list.status.charCodeAt(0) === 0x31; // "1"
  if (fault !== undefined || (isInterim && end)) {
    breakStream(stream, errorCodes.PROTOCOL_ERROR, fault ?? "an interim answer ends the stream");
    return;
  }
  if (isInterim) {
    countIdleFrame(connection);
    return;
  }
  stream.headIn = true;
  stream.contentLength = list.status === "304" ? -1 : list.contentLength;
  if (end && !fitsLength(stream, true)) return;
  stream.endIn = end;
  stream.events.fields(stream.attached, list.fields, end);
  if (end) afterEndIn(stream);
};
