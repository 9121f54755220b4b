/**
 * Encodes fields. Texts go as they are, without the Huffman code: it saves bytes, which a cluster
 * has, and costs time. A field is put into the peer's table when it is sent a second time running;
 * what differs from request to request never is.
 *
 * Source: RFC 7541.
 */
import { kindOf, kinds } from "./field-rules.ts";
import { initialTableBytes } from "./frames.ts";
import { entryOverheadBytes } from "./hpack-table.ts";
import { staticCount, staticNames, staticValues } from "./static-table.ts";
import type { EncodedFields, Fields } from "./types.ts";

/** What is known of a name. */
type Memo = {
  /** Its number in the static table, with any value; 0: none. */
  readonly number: number;
  /** Its numbers with a value. */
  readonly withValue: ReadonlyMap<string, number> | undefined;
  /** Secret, or too short to hide: kept out of every table. Source: RFC 7541, 7.1.3. */
  readonly secret: boolean;
  /** What was sent last. */
  value: string | undefined;
  /** When that was put into the table, as a count of all that were; 0: it was not. */
  inserted: number;
};

export type Encoder = {
  readonly memos: Map<string, Memo>;
  /** Sizes of what is in the peer's table: `inserted` stands at `inserted % sizes.length`. */
  readonly sizes: Int32Array;
  inserted: number;
  count: number;
  bytes: number;
  maxBytes: number;
  /** The smallest size since the last block, and whether the peer is to be told. */
  smallest: number;
  resized: boolean;
  into: Buffer;
  at: number;
};

const secrets = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
const mostMemos = 256;
const noBytes = Buffer.alloc(0);

export const makeEncoder = (): Encoder => ({
  memos: new Map(),
  sizes: new Int32Array(initialTableBytes / entryOverheadBytes),
  inserted: 0,
  count: 0,
  bytes: 0,
  maxBytes: initialTableBytes,
  smallest: initialTableBytes,
  resized: false,
  into: noBytes,
  at: 0,
});

/** The peer has said how large a table it keeps; ours is the same, or smaller. */
export const resizeEncoder = (encoder: Encoder, peerBytes: number): void => {
  const bytes = Math.min(peerBytes, initialTableBytes);
  if (bytes === encoder.maxBytes) return;
  encoder.maxBytes = bytes;
  encoder.smallest = Math.min(encoder.smallest, bytes);
  encoder.resized = true;
  evict(encoder, bytes);
};

const evict = (encoder: Encoder, bytes: number): void => {
  const { sizes } = encoder;
  while (encoder.count > 0 && encoder.bytes > bytes) {
    const oldest = encoder.inserted - encoder.count + 1;
    encoder.bytes -= sizes[oldest % sizes.length] ?? 0;
    encoder.count -= 1;
  }
};

/**
 * A block was given up half-way: what it put into the table never reached the peer. Both tables
 * are emptied, the peer's by the next block.
 */
const startOver = (encoder: Encoder): void => {
  encoder.memos.clear();
  encoder.count = 0;
  encoder.bytes = 0;
  encoder.smallest = 0;
  encoder.resized = true;
};

/** No fields take more bytes than this. */
export const roomFor = (fields: Fields): number => {
  let bytes = 2 * mostIntegerBytes; // changes of the table's size
  for (const text of fields) bytes += text.length;
  return bytes + (fields.length >> 1) * (1 + 2 * mostIntegerBytes);
};
const mostIntegerBytes = 6;

/**
 * Encodes into `into` from `at` and answers where it ended; there must be `roomFor` the fields.
 *
 * @throws {TypeError} when a name or a value cannot be one.
 */
export const encodeFields = (
  encoder: Encoder,
  fields: Fields,
  into: Buffer,
  at: number,
): number => {
  encoder.into = into;
  encoder.at = at;
  if (encoder.resized) writeSizes(encoder);
  try {
    for (let i = 0; i < fields.length; i += 2) {
      writeField(encoder, fields[i] ?? "", fields[i + 1] ?? "");
    }
  } catch (error) {
    startOver(encoder);
    throw error;
  }
  encoder.into = noBytes;
  return encoder.at;
};

/**
 * Changes of the table's size that are due, written ahead of a block that was encoded once.
 * Answers where they ended: at most 12 bytes on.
 */
export const encodeSizes = (encoder: Encoder, into: Buffer, at: number): number =>
  encodeFields(encoder, none, into, at);
const none: Fields = [];

/** The smallest and the last size since the last block. Source: RFC 7541, 4.2. */
const writeSizes = (encoder: Encoder): void => {
  if (encoder.smallest < encoder.maxBytes) writeInteger(encoder, encoder.smallest, 0x20, 0x1f);
  writeInteger(encoder, encoder.maxBytes, 0x20, 0x1f);
  encoder.smallest = encoder.maxBytes;
  encoder.resized = false;
};

const writeField = (encoder: Encoder, name: string, value: string): void => {
  const memo = encoder.memos.get(name) ?? remember(encoder, name);
  if (memo.value === value && isLive(encoder, memo)) {
    writeInteger(encoder, staticCount + 1 + encoder.inserted - memo.inserted, 0x80, 0x7f);
    return;
  }
  const number = memo.withValue?.get(value);
  if (number !== undefined) {
    writeInteger(encoder, number, 0x80, 0x7f);
    return;
  }
  if (memo.secret) {
    checkValue(name, value);
    writeInteger(encoder, memo.number, 0x10, 0x0f);
  } else if (memo.value === value && insert(encoder, memo, name.length + value.length)) {
    writeInteger(encoder, memo.number, 0x40, 0x3f);
  } else {
    if (memo.value !== value) {
      checkValue(name, value);
      memo.value = value;
      memo.inserted = 0;
    }
    writeInteger(encoder, memo.number, 0x00, 0x0f);
  }
  if (memo.number === 0) writeText(encoder, name);
  writeText(encoder, value);
};

const isLive = (encoder: Encoder, memo: Memo): boolean =>
  memo.inserted > encoder.inserted - encoder.count && memo.inserted > 0;

/** Answers false when the table is too small for it to be worth a place. */
const insert = (encoder: Encoder, memo: Memo, length: number): boolean => {
  const bytes = length + entryOverheadBytes;
  if (bytes > encoder.maxBytes >> 1) return false;
  evict(encoder, encoder.maxBytes - bytes);
  encoder.inserted += 1;
  encoder.count += 1;
  encoder.bytes += bytes;
  encoder.sizes[encoder.inserted % encoder.sizes.length] = bytes;
  memo.inserted = encoder.inserted;
  return true;
};

const remember = (encoder: Encoder, name: string): Memo => {
  const kind = kindOf(name);
  if (kind === kinds.broken || kind === kinds.unknownPseudo) {
    throw new TypeError(`no field of HTTP/2 can be named ${JSON.stringify(name)}`);
  }
  const memo = { ...(staticMemos.get(name) ?? strange), secret: secrets.has(name) };
  if (encoder.memos.size >= mostMemos) encoder.memos.clear();
  encoder.memos.set(name, memo);
  return memo;
};

/** What goes out as one character a byte and ends no line. */
const sendable = /^[\t\x20-\xff]*$/;

const checkValue = (name: string, value: string): void => {
  if (!sendable.test(value))
    throw new TypeError(`the value of ${name} has a character that no field can have`);
};

const strange: Memo = {
  number: 0,
  withValue: undefined,
  secret: false,
  value: undefined,
  inserted: 0,
};

const staticMemos: ReadonlyMap<string, Memo> = new Map(
  staticNames.slice(1).map((name) => {
    const withValue = new Map<string, number>();
    staticNames.forEach((other, number) => {
      const value = staticValues[number] ?? "";
      if (other === name && value !== "") withValue.set(value, number);
    });
    const memo = { ...strange, number: staticNames.indexOf(name) };
    return [name, withValue.size === 0 ? memo : { ...memo, withValue }];
  }),
);

const writeInteger = (encoder: Encoder, value: number, pattern: number, mask: number): void => {
  const { into } = encoder;
  if (value < mask) {
    into[encoder.at] = pattern | value;
    encoder.at += 1;
    return;
  }
  into[encoder.at] = pattern | mask;
  encoder.at += 1;
  let rest = value - mask;
  while (rest >= 0x80) {
    into[encoder.at] = (rest & 0x7f) | 0x80;
    encoder.at += 1;
    rest >>>= 7;
  }
  into[encoder.at] = rest;
  encoder.at += 1;
};

const writeText = (encoder: Encoder, text: string): void => {
  writeInteger(encoder, text.length, 0x00, 0x7f);
  encoder.at += encoder.into.write(text, encoder.at, "latin1");
};

/** Encodes fields apart from every table: the block means the same on each connection. */
export const encodeOnce = (fields: Fields): EncodedFields => {
  const encoder = makeEncoder();
  encoder.maxBytes = 0;
  const into = Buffer.alloc(roomFor(fields));
  return { block: into.subarray(0, encodeFields(encoder, fields, into, 0)) };
};
