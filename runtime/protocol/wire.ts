/**
 * Reading protobuf messages in their bytes: fields are found, not decoded, and what nobody asks
 * for is passed over. Malformed bytes are an EngineError MESSAGE_UNREADABLE.
 *
 * Source: the protobuf encoding specification (protobuf.dev, "Encoding").
 */
import { EngineError } from "../errors.ts";
import type { Span } from "./span.ts";

/** How a field is written on the wire; groups (3 and 4) are not part of proto3. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;
export type Wire = typeof VARINT | typeof FIXED64 | typeof LENGTH | typeof FIXED32;

/** A field of a message; its span is that of its value, without tag and length. */
export type Field = Span & {
  readonly number: number;
  readonly wire: Wire;
  /** Offset of the tag. */
  readonly tag: number;
};

/** 64 bits in two unsigned halves, and the offset behind them. */
export type Varint = { readonly low: number; readonly high: number; readonly end: number };

export const unreadable = (why: string): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `a protobuf message cannot be read: ${why}`);

/** The wording is part of the interface. Source: engine contract, 3.4. */
export const invalidType = (message: string): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `Invalid type ${message || "of a message without a name"}`);

export const whole = (bytes: Buffer): Span => ({ start: 0, end: bytes.length });

const longestVarint = 10;

/** @throws {EngineError} MESSAGE_UNREADABLE for a number that is cut off or has more than 64 bits. */
export const readVarint = (bytes: Buffer, { start, end }: Span): Varint => {
  let low = 0;
  let high = 0;
  for (let i = 0; i < longestVarint; i += 1) {
    if (start + i >= end) throw unreadable(`the number at byte ${start} is cut off`);
    const byte = bytes[start + i] ?? 0;
    const bits = byte & 0x7f;
    if (i < 4) low |= bits << (7 * i);
    else if (i === 4) {
      low |= bits << 28;
      high = bits >> 4;
    } else high |= bits << (7 * i - 32);
    if (byte < 0x80) {
      if (i === longestVarint - 1 && bits > 1) break;
      return { low: low >>> 0, high: high >>> 0, end: start + i + 1 };
    }
  }
  throw unreadable(`the number at byte ${start} has more than 64 bits`);
};

/**
 * The fields of a message, in the order of the wire.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE when the walk meets bytes that are no field.
 */
export function* fields(bytes: Buffer, span: Span = whole(bytes)): Generator<Field, void> {
  const { end } = span;
  let at = span.start;
  while (at < end) {
    const field = readField(bytes, { start: at, end });
    yield field;
    at = field.end;
  }
}

const maxNumber = 0x1fffffff;

const readField = (bytes: Buffer, span: Span): Field => {
  const { low, high, end } = readVarint(bytes, span);
  const number = low >>> 3;
  const wire = low & 7;
  const tag = span.start;
  if (high !== 0 || number === 0 || number > maxNumber) {
    throw unreadable(`the field at byte ${tag} has an impossible number`);
  }
  const rest = { start: end, end: span.end };
  switch (wire) {
    case VARINT:
      return { number, wire, tag, start: end, end: readVarint(bytes, rest).end };
    case FIXED64:
      return { number, wire, tag, ...take(rest, 8) };
    case FIXED32:
      return { number, wire, tag, ...take(rest, 4) };
    case LENGTH: {
      const length = readVarint(bytes, rest);
      const size = length.high * 2 ** 32 + length.low;
      return { number, wire, tag, ...take({ start: length.end, end: span.end }, size) };
    }
    default:
      throw unreadable(`the field at byte ${tag} has wire type ${wire}, which proto3 does not use`);
  }
};

const take = ({ start, end }: Span, size: number): Span => {
  if (size <= end - start) return { start, end: start + size };
  throw unreadable(`a field of ${size} bytes begins at byte ${start}, but ${end - start} are left`);
};

/** The bytes of a field's value, not copied. */
export const slice = (bytes: Buffer, { start, end }: Span): Buffer => bytes.subarray(start, end);

/** A field with its tag and length, as it stands. */
export const wholeField = (bytes: Buffer, { tag, end }: Field): Buffer => bytes.subarray(tag, end);

/**
 * An embedded message; undefined if it is not there. One that is written in several parts is put
 * together, which is how parts merge. A field of `others`, members of the same `oneof`, ends it.
 */
export const embedded = (
  bytes: Buffer,
  number: number,
  others: readonly number[] = [],
): Buffer | undefined => {
  let parts: Buffer[] = [];
  for (const field of fields(bytes)) {
    if (field.number === number && field.wire === LENGTH) parts.push(slice(bytes, field));
    else if (others.includes(field.number)) parts = [];
  }
  return parts.length > 1 ? Buffer.concat(parts) : parts[0];
};

/** A string or bytes field: the last one counts; undefined if there is none. */
export const bytesOf = (bytes: Buffer, number: number): Buffer | undefined => {
  let found: Buffer | undefined;
  for (const field of fields(bytes)) {
    if (field.number === number && field.wire === LENGTH) found = slice(bytes, field);
  }
  return found;
};

/** A string field, "" if it is not there. */
export const textOf = (bytes: Buffer, number: number): string =>
  bytesOf(bytes, number)?.toString() ?? "";

/** The entries of a map with string keys, in the order of the wire; values are their bytes. */
export const mapEntries = (
  bytes: Buffer,
  number: number,
): readonly { readonly key: string; readonly entry: Buffer }[] => {
  const entries: { key: string; entry: Buffer }[] = [];
  for (const field of fields(bytes)) {
    if (field.number !== number || field.wire !== LENGTH) continue;
    const entry = slice(bytes, field);
    entries.push({ key: textOf(entry, 1), entry });
  }
  return entries;
};

/** A message without the fields of one number: the pieces between them, not copied. */
export const without = (bytes: Buffer, number: number): readonly Buffer[] => {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (const field of fields(bytes)) {
    if (field.number !== number) continue;
    if (field.tag > kept) pieces.push(bytes.subarray(kept, field.tag));
    kept = field.end;
  }
  if (kept < bytes.length) pieces.push(bytes.subarray(kept));
  return pieces;
};
