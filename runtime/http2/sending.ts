/** Sends fields and bodies as far as the peer's windows and the socket allow; the rest waits. */
import { flags, frameTypes, headBytes, initialFrameBytes } from "./frames.ts";
import { encodeFields, encodeSizes, roomFor } from "./hpack-encode.ts";
import { makeRoom, putBody, putHead, takesBody } from "./output.ts";
import type { Connection, OpenStream, Trailers } from "./state.ts";
import { finishStream } from "./streams.ts";

const headersKind = frameTypes.headers << 8;
const continuationKind = frameTypes.continuation << 8;
const dataKind = frameTypes.data << 8;
const sizesBytes = 12;

/** Sends fields as one frame, or several if they are very long. */
export const putFields = (
  connection: Connection,
  id: number,
  { fields, encoded }: Trailers,
  end: boolean,
): void => {
  const { output, encoder } = connection;
  const most = roomFor(fields) + (encoded === undefined ? 0 : encoded.block.length + sizesBytes);
  if (most > initialFrameBytes) {
    putLongFields(connection, id, { fields, encoded }, end);
    return;
  }
  makeRoom(connection, headBytes + most);
  const from = output.at;
  let to = from + headBytes;
  if (encoded !== undefined) {
    if (encoder.resized) to = encodeSizes(encoder, output.chunk, to);
    to += encoded.block.copy(output.chunk, to);
  }
  to = encodeFields(encoder, fields, output.chunk, to);
  const bits = end ? flags.endHeaders | flags.endStream : flags.endHeaders;
  putHead(output, to - from - headBytes, headersKind | bits, id);
  output.at = to;
};

const putLongFields = (
  connection: Connection,
  id: number,
  { fields, encoded }: Trailers,
  end: boolean,
): void => {
  const before = encoded?.block ?? Buffer.alloc(0);
  const block = Buffer.allocUnsafe(sizesBytes + before.length + roomFor(fields));
  let to = encodeSizes(connection.encoder, block, 0);
  to += before.copy(block, to);
  to = encodeFields(connection.encoder, fields, block, to);
  for (let at = 0; at === 0 || at < to; at += initialFrameBytes) {
    const piece = Math.min(to - at, initialFrameBytes);
    const first = at === 0 ? headersKind | (end ? flags.endStream : 0) : continuationKind;
    const last = at + piece === to ? flags.endHeaders : 0;
    makeRoom(connection, headBytes + piece);
    putHead(connection.output, piece, first | last, id);
    putBody(connection, block, at, at + piece);
  }
};

/** Whether a body of this length may leave whole, in one frame, now. */
export const passes = ({ queue, windowOut, connection }: OpenStream, length: number): boolean =>
  queue === undefined &&
  (length === 0 ||
    (length <= windowOut &&
      length <= connection.windowOut &&
      length <= initialFrameBytes &&
      takesBody(connection)));

/** Sends one frame of a body: `[from, to)` of the chunk. The windows must allow it. */
export const putData = (stream: OpenStream, chunk: Buffer, from: number, to: number): void => {
  const { connection } = stream;
  const length = to - from;
  makeRoom(connection, headBytes);
  const end = stream.endOut ? flags.endStream : 0;
  putHead(connection.output, length, dataKind | end, stream.id);
  if (length === 0) return;
  putBody(connection, chunk, from, to);
  stream.windowOut -= length;
  connection.windowOut -= length;
  connection.sentBytes += length;
  connection.floods.idleFrames = 0;
};

/** The end has gone out. */
export const endSent = (stream: OpenStream): void => {
  stream.endOut = true;
  const { connection } = stream;
  if (connection.server !== undefined) finishStream(stream);
};

/** Chunks to keep are copied up to here, as the view they come in may not last. */
const keptByCopy = 16_384;

/** Lets a chunk wait, and sends of it what may be sent. */
export const enqueue = (stream: OpenStream, chunk: Buffer, end: boolean): void => {
  const { connection } = stream;
  const wasEmpty = stream.queue === undefined;
  stream.queue ??= [];
  stream.endQueued = end;
  if (chunk.length > 0) stream.queue.push(chunk);
  stream.queueBytes += chunk.length;
  connection.queuedBytes += chunk.length;
  if (wasEmpty) {
    while (sendNext(stream));
    // What could not leave at once stays for longer than the caller's view of it may.
    const [rest] = stream.queue ?? [];
    if (rest !== undefined && rest.length <= keptByCopy) stream.queue = [Buffer.from(rest)];
  } else if (chunk.length > 0 && chunk.length <= keptByCopy) {
    stream.queue[stream.queue.length - 1] = Buffer.from(chunk);
  }
  if (stream.queue !== undefined) wait(stream);
};

/** Puts a stream in line for the connection's window and the socket. */
export const wait = (stream: OpenStream): void => {
  if (stream.waits || stream.queue === undefined) return;
  stream.waits = true;
  stream.connection.waiting.push(stream);
};

/** Sends one frame of what waits; false when nothing could be sent. */
const sendNext = (stream: OpenStream): boolean => {
  const { queue, connection } = stream;
  const first = queue?.[0];
  if (queue === undefined || first === undefined || !takesBody(connection)) return false;
  const rest = first.length - stream.queueAt;
  const length = Math.min(rest, initialFrameBytes, connection.windowOut, stream.windowOut);
  if (length < 0 || (length === 0 && rest > 0)) return false;
  const isLast = length === rest && queue.length === 1;
  stream.endOut = isLast && stream.endQueued;
  const from = stream.queueAt;
  stream.queueAt += length;
  stream.queueBytes -= length;
  connection.queuedBytes -= length;
  stream.stalledSince = -1;
  if (length === rest) {
    queue.shift();
    stream.queueAt = 0;
  }
  if (isLast) stream.queue = undefined;
  putData(stream, first, from, from + length);
  if (isLast) afterQueue(stream);
  return stream.queue !== undefined;
};

/** The queue is empty: what stood behind it follows. */
const afterQueue = (stream: OpenStream): void => {
  const { trailers, connection } = stream;
  if (stream.endOut) endSent(stream);
  else if (trailers !== undefined) {
    stream.trailers = undefined;
    putFields(connection, stream.id, trailers, true);
    endSent(stream);
  }
};

/** Goes on with what waits: a frame of each stream in turn, as long as there is room. */
export const pump = (connection: Connection): void => {
  const { waiting } = connection;
  while (
    connection.waitingAt < waiting.length &&
    connection.windowOut > 0 &&
    takesBody(connection)
  ) {
    const stream = waiting[connection.waitingAt];
    connection.waitingAt += 1;
    if (stream === undefined) continue;
    stream.waits = false;
    if (stream.over) continue;
    if (sendNext(stream)) wait(stream);
    else if (stream.queue === undefined) tellRoom(stream);
    // else its own window is closed: the peer's WINDOW_UPDATE puts it in line again
  }
  if (connection.waitingAt === waiting.length || connection.waitingAt > 1024) {
    waiting.splice(0, connection.waitingAt);
    connection.waitingAt = 0;
  }
};

const tellRoom = (stream: OpenStream): void => {
  if (!stream.wantsRoom) return;
  stream.wantsRoom = false;
  if (stream.endOut) stream.events.sent?.(stream.attached);
  else if (!stream.over) stream.events.room?.(stream.attached);
};
