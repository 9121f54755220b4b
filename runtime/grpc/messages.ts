/** Messages in the body of a stream, each behind five bytes. Source: gRPC over HTTP/2, Length-Prefixed-Message. */
import { giveBack, takeBody } from "../body-pool.ts";
import type { GrpcStatus } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";
import { sendData } from "../http2/send.ts";
import type { Stream } from "../http2/types.ts";

/** Whether a message is packed, and its length. */
const prefixBytes = 5;

/** Up to this size memory is taken on the word of the prefix; beyond it, as the bytes come. */
const largestAtOnceBytes = 262_144;
/** Up to this size prefix and message leave in one piece. */
const onePieceBytes = 16_384;

/** Reads messages out of chunks; made for each stream. */
export type Reader = {
  readonly limitBytes: number;
  /** The message that has just become whole; to be taken away before reading on. From `takeBody`. */
  message: Buffer | undefined;
  /** It is packed, by the coding of its stream. */
  packed: boolean;
  /** Nothing more can be read. */
  fault: GrpcStatus | undefined;
  /** Of the message that is coming. */
  prefix: number;
  length: number;
  body: Buffer | undefined;
  filled: number;
};

export const makeReader = (limitBytes: number): Reader => ({
  limitBytes,
  message: undefined,
  packed: false,
  fault: undefined,
  prefix: 0,
  length: 0,
  body: undefined,
  filled: 0,
});

/** Some of a message has come, but not all. */
export const isAmidst = ({ prefix }: Reader): boolean => prefix > 0;

/** Reads from `at` to the end of a message or of the chunk, and answers where that is. */
export const readOn = (reader: Reader, chunk: Buffer, at: number): number => {
  const next = reader.prefix < prefixBytes ? readPrefix(reader, chunk, at) : at;
  if (reader.prefix < prefixBytes) return next;
  if (reader.body === undefined) {
    if (reader.length > reader.limitBytes) return fail(reader, chunk, tooLarge(reader));
    reader.body = takeBody(Math.min(reader.length, largestAtOnceBytes));
  }
  const taken = Math.min(reader.length - reader.filled, chunk.length - next);
  if (taken > 0) {
    if (reader.filled + taken > reader.body.length) grow(reader, reader.filled + taken);
    chunk.copy(reader.body, reader.filled, next, next + taken);
    reader.filled += taken;
  }
  if (reader.filled === reader.length) {
    reader.message = reader.body;
    reader.body = undefined;
    reader.prefix = 0;
    reader.filled = 0;
  }
  return next + taken;
};

const readPrefix = (reader: Reader, chunk: Buffer, at: number): number => {
  let next = at;
  while (next < chunk.length && reader.prefix < prefixBytes) {
    const byte = chunk[next] ?? 0;
    next += 1;
    if (reader.prefix === 0) {
      reader.packed = byte === 1;
      reader.length = 0;
      if (byte > 1) return fail(reader, chunk, badFlag(byte));
    } else reader.length = reader.length * 256 + byte;
    reader.prefix += 1;
  }
  return next;
};

const grow = (reader: Reader, neededBytes: number): void => {
  const { body, filled, length } = reader;
  const larger = takeBody(Math.min(length, Math.max(4 * filled, neededBytes)));
  reader.body = larger;
  if (body === undefined) return;
  body.copy(larger, 0, 0, filled);
  giveBack(body);
};

const fail = (reader: Reader, chunk: Buffer, fault: GrpcStatus): number => {
  reader.fault = fault;
  reader.body = undefined;
  return chunk.length;
};

const badFlag = (byte: number): GrpcStatus => ({
  code: grpcCodes.INTERNAL,
  details: `a message begins with ${byte}, which is neither 0 nor 1`,
});

const tooLarge = ({ length, limitBytes }: Reader): GrpcStatus => ({
  code: grpcCodes.RESOURCE_EXHAUSTED,
  details: `a message of ${length} bytes is larger than ${limitBytes} bytes`,
});

/** False: bytes wait for the peer. A message above 16 KB is to stay as it is until they have left. */
export const sendMessage = (stream: Stream, message: Buffer, end: boolean): boolean => {
  const isOnePiece = message.length <= onePieceBytes - prefixBytes;
  const head = Buffer.allocUnsafe(isOnePiece ? prefixBytes + message.length : prefixBytes);
  head[0] = 0;
  head.writeUInt32BE(message.length, 1);
  if (isOnePiece) {
    message.copy(head, prefixBytes);
    return sendData(stream, head, end);
  }
  sendData(stream, head, false);
  return sendData(stream, message, end);
};
