import type { Limits } from "../limits.ts";
import {
  type BodySink,
  broken,
  type ChunkReader,
  makeBodySink,
  makeChunkReader,
} from "./reply-body.ts";
import { parseHead, type ReplyHead } from "./reply-head.ts";

/** What a server answered. Header names are in lower case; names and values stand by turns. */
export type HttpReply = {
  readonly status: number;
  readonly headers: readonly string[];
  /** The reader's own; beyond 16 KB it may go back to the pool. */
  readonly body: Buffer;
};

/** `reusable`: the connection may carry another request after this reply. */
export type Finished = { readonly reply: HttpReply; readonly reusable: boolean };

export type ReplyReader = {
  /**
   * Takes bytes as they come, the first `length` of the buffer (they are copied); answers once the
   * reply is whole, and is ready for the next one then.
   */
  read(bytes: Buffer, length?: number): Finished | undefined;
  /** The connection ended; whole only if the reply was to end with it. */
  end(): Finished | undefined;
  /** True once a byte of the reply has come. */
  started(): boolean;
  /** Forgets a reply that is not whole. */
  drop(): void;
};

const headEnd = Buffer.from("\r\n\r\n");
const none = Buffer.alloc(0);

type Reading = {
  readonly limits: Limits;
  readonly body: BodySink;
  head: ReplyHead | undefined;
  chunks: ChunkReader | undefined;
  /** Of a head that is not whole. */
  rest: Buffer;
  started: boolean;
  /** Heads mostly repeat, but for a date each second and lengths: what is like the last is not read again. */
  lastText: string;
  lastHead: ReplyHead | undefined;
};

/**
 * Reads HTTP/1.1 replies, byte by byte as they come: by length, in chunks, or to the end of the
 * connection. Interim replies (1xx) are passed over.
 *
 * @throws {EngineError} NODE_PROTOCOL on bytes that are not such a reply, or larger than the limits.
 * Source: RFC 9112, sections 4 to 7.
 */
export const makeReplyReader = (limits: Limits): ReplyReader => {
  const reading: Reading = {
    limits,
    body: makeBodySink(limits),
    head: undefined,
    chunks: undefined,
    rest: none,
    started: false,
    lastText: "",
    lastHead: undefined,
  };
  return {
    started: () => reading.started,
    read: (bytes, length = bytes.length) => {
      const { head, rest } = reading;
      reading.started = true;
      if (head !== undefined) return readBody(reading, bytes, 0, length);
      if (rest.length === 0) return readHead(reading, bytes, 0, length);
      const all = Buffer.concat([rest, bytes.subarray(0, length)]);
      return readHead(reading, all, 0, all.length);
    },
    end: () => (reading.head?.framing.by === "close" ? finish(reading, false) : undefined),
    drop: () => {
      reading.body.drop();
      beginNext(reading);
    },
  };
};

const beginNext = (reading: Reading): void => {
  reading.head = undefined;
  reading.chunks = undefined;
  reading.rest = none;
  reading.started = false;
};

/** To be called once there is a head. */
const finish = (reading: Reading, reusable: boolean): Finished | undefined => {
  const { head, body } = reading;
  if (head === undefined) return undefined;
  const reply = { status: head.status, headers: head.headers, body: body.whole() };
  beginNext(reading);
  return { reply, reusable: reusable && head.keepAlive };
};

const readHead = (
  reading: Reading,
  bytes: Buffer,
  from: number,
  to: number,
): Finished | undefined => {
  const end = endOfHead(reading.limits, bytes, from, to);
  if (end < 0) {
    reading.rest = Buffer.from(bytes.subarray(from, to));
    return undefined;
  }
  reading.rest = none;
  const head = parsed(reading, bytes.toString("latin1", from, end));
  const after = end + headEnd.length;
  if (head.status === 101) throw broken("it switches protocols, which was not asked for");
  if (head.status < 200) return readHead(reading, bytes, after, to);
  reading.head = head;
  if (head.framing.by === "length") reading.body.expect(head.framing.bytes);
  if (head.framing.by === "chunks") reading.chunks = makeChunkReader();
  return readBody(reading, bytes, after, to);
};

/** Negative if it has not come. What is behind `to` is of another read. */
const endOfHead = (limits: Limits, bytes: Buffer, from: number, to: number): number => {
  const found = bytes.indexOf(headEnd, from);
  const end = found + headEnd.length > to ? -1 : found;
  if ((end < 0 ? to : end) - from > limits.maxHeaderBytes) {
    throw broken(`its head is larger than ${limits.maxHeaderBytes} bytes`);
  }
  return end;
};

const parsed = (reading: Reading, text: string): ReplyHead => {
  const { lastHead, lastText } = reading;
  if (lastHead !== undefined && text === lastText) return lastHead;
  const head = parseHead(text);
  reading.lastHead = head;
  reading.lastText = text;
  return head;
};

const readBody = (
  reading: Reading,
  bytes: Buffer,
  from: number,
  to: number,
): Finished | undefined => {
  const { head, body, chunks } = reading;
  if (head?.framing.by === "length") {
    const { bytes: length } = head.framing;
    const end = Math.min(to, from + length - body.bytes());
    if (end > from) body.add(bytes, from, end);
    return body.bytes() < length ? undefined : finish(reading, end === to);
  }
  if (chunks !== undefined) {
    const left = chunks.read(bytes.subarray(from, to), body.add);
    return left === undefined ? undefined : finish(reading, left === 0);
  }
  if (to > from) body.add(bytes, from, to);
  return undefined;
};
