/**
 * Decodes blocks of fields. The peer's order of blocks is the order of calls: each may change the
 * table for the next, so that every block is decoded, whether its stream still lives or not.
 *
 * Source: RFC 7541.
 */
import { Http2Error } from "./error-codes.ts";
import {
  addField,
  type Field,
  type FieldList,
  isValue,
  kindOf,
  makeFieldList,
} from "./field-rules.ts";
import { initialTableBytes } from "./frames.ts";
import {
  type FieldTable,
  fieldAt,
  insertField,
  makeFieldTable,
  resizeTable,
} from "./hpack-table.ts";
import { decodedBytes, decodeHuffman } from "./huffman.ts";

export type Decoder = {
  readonly table: FieldTable;
  /** Largest list of fields that is kept; a longer one is marked. */
  readonly limitBytes: number;
  /** Largest table the peer may ask for. */
  tableLimitBytes: number;
  /** The peer has agreed to a smaller table and has to say so in its next block. */
  mustShrink: boolean;
  /** Blocks that left the table alone, by their bytes, as long as the table stays as it is. */
  readonly known: Map<string, FieldList>;
  knownVersion: number;
  /** What is being read. */
  bytes: Buffer;
  at: number;
  to: number;
};

/** Blocks above this differ too often to be worth a look. */
const knownBlockBytes = 256;
const knownBlocks = 32;

const noBytes = Buffer.alloc(0);

export const makeDecoder = (limitBytes: number): Decoder => ({
  table: makeFieldTable(initialTableBytes),
  limitBytes,
  tableLimitBytes: initialTableBytes,
  mustShrink: false,
  known: new Map(),
  knownVersion: 0,
  bytes: noBytes,
  at: 0,
  to: 0,
});

/** The peer has acknowledged this size of the table. Source: RFC 7541, 4.2. */
export const limitTable = (decoder: Decoder, bytes: number): void => {
  decoder.tableLimitBytes = bytes;
  decoder.mustShrink = decoder.table.maxBytes > bytes;
};

/**
 * @throws {Http2Error} COMPRESSION_ERROR when the block is broken; the connection is lost then.
 */
export const decodeBlock = (
  decoder: Decoder,
  bytes: Buffer,
  from: number,
  to: number,
): FieldList => {
  const key = to - from <= knownBlockBytes ? bytes.toString("latin1", from, to) : undefined;
  const { table, known } = decoder;
  const { version } = table;
  if (decoder.knownVersion !== version) {
    if (known.size > 0) known.clear();
    decoder.knownVersion = version;
  } else if (key !== undefined) {
    const found = known.get(key);
    if (found !== undefined && !decoder.mustShrink) return found;
  }
  const list = decode(decoder, bytes, from, to);
  if (key !== undefined && table.version === version) {
    if (known.size >= knownBlocks) known.clear();
    known.set(key, list);
  }
  return list;
};

const decode = (decoder: Decoder, bytes: Buffer, from: number, to: number): FieldList => {
  const list = makeFieldList();
  decoder.bytes = bytes;
  decoder.at = from;
  decoder.to = to;
  readSizes(decoder);
  while (decoder.at < to) {
    const first = bytes[decoder.at] ?? 0;
    if (first >= 0x80)
      addField(list, named(decoder, readInteger(decoder, 0x7f)), decoder.limitBytes);
    else if (first >= 0x40) {
      const field = readField(decoder, 0x3f);
      insertField(decoder.table, field);
      addField(list, field, decoder.limitBytes);
    } else if (first >= 0x20) throw broken("a change of the table's size within a block");
    else addField(list, readField(decoder, 0x0f), decoder.limitBytes);
  }
  decoder.bytes = noBytes;
  return list;
};

/** Changes of the table's size stand at the start of a block. */
const readSizes = (decoder: Decoder): void => {
  while (decoder.at < decoder.to) {
    const first = decoder.bytes[decoder.at] ?? 0;
    if (first < 0x20 || first >= 0x40) break;
    const size = readInteger(decoder, 0x1f);
    if (size > decoder.tableLimitBytes) throw broken("a table larger than agreed");
    resizeTable(decoder.table, size);
    decoder.mustShrink = false;
  }
  if (decoder.mustShrink) throw broken("no word of the smaller table that was agreed");
};

const named = (decoder: Decoder, number: number): Field => {
  const field = fieldAt(decoder.table, number);
  if (field === undefined) throw broken("a number that no field has");
  return field;
};

const readField = (decoder: Decoder, mask: number): Field => {
  const number = readInteger(decoder, mask);
  if (number === 0) {
    const name = readText(decoder);
    const value = readText(decoder);
    return { name, value, kind: kindOf(name), valid: isValue(value) };
  }
  const { name, kind } = named(decoder, number);
  const value = readText(decoder);
  return { name, value, kind, valid: isValue(value) };
};

/** No number in a block of a few megabytes is larger. */
const maxShift = 21;

const readInteger = (decoder: Decoder, mask: number): number => {
  const { bytes, to } = decoder;
  let value = (bytes[decoder.at] ?? 0) & mask;
  decoder.at += 1;
  if (value < mask) return value;
  for (let shift = 0; shift <= maxShift; shift += 7) {
    if (decoder.at >= to) throw broken("a number without an end");
    const byte = bytes[decoder.at] ?? 0;
    decoder.at += 1;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw broken("a number that is too large");
};

/** Decoded text is put together here; it grows with the longest that came, up to a block. */
let scratch = Buffer.allocUnsafeSlow(4096);

const readText = (decoder: Decoder): string => {
  const { bytes, to } = decoder;
  if (decoder.at >= to) throw broken("a field without its text");
  const isHuffman = (bytes[decoder.at] ?? 0) >= 0x80;
  const length = readInteger(decoder, 0x7f);
  const from = decoder.at;
  if (length > to - from) throw broken("a text longer than its block");
  decoder.at = from + length;
  if (!isHuffman) return bytes.toString("latin1", from, from + length);
  if (decodedBytes(length) > scratch.length) scratch = Buffer.allocUnsafeSlow(decodedBytes(length));
  const written = decodeHuffman(bytes, from, from + length, scratch);
  if (written < 0) throw broken("a text whose code is broken");
  return scratch.toString("latin1", 0, written);
};

const broken = (what: string): Http2Error =>
  new Http2Error("COMPRESSION_ERROR", `a block of fields has ${what}`);
