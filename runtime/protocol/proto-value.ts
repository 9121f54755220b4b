/**
 * google.protobuf.Value, Struct and ListValue as the JSON that they stand for. Rows of numbers are
 * what they mostly hold, and have a way of their own. Source: engine contract, 4.2.
 */
import { readText } from "./proto-text.ts";
import type { Span } from "./span.ts";
import { FIXED64, type Field, fields, LENGTH, unreadable, VARINT, type Wire } from "./wire.ts";
import { scalars } from "./wire-scalar.ts";

/** Members of `Value.kind`. */
export const kinds = { null: 1, number: 2, string: 3, bool: 4, struct: 5, list: 6 } as const;

const wireOf: Readonly<Record<number, Wire>> = {
  [kinds.null]: VARINT,
  [kinds.number]: FIXED64,
  [kinds.string]: LENGTH,
  [kinds.bool]: VARINT,
  [kinds.struct]: LENGTH,
  [kinds.list]: LENGTH,
};

/** More levels than data have; a call stack surely reaches them. */
export const deepest = 500;

/** A Value that is a number: its tag, and 8 bytes. */
export const numberTag = 0x11;
export const numberSize = 9;

/** @throws {EngineError} MESSAGE_UNREADABLE */
export const readValue = (bytes: Buffer, value: Span, depth = 0): unknown => {
  const { start, end } = value;
  if (end - start === numberSize && bytes[start] === numberTag)
    return bytes.readDoubleLE(start + 1);
  if (depth > deepest) throw unreadable(`a Value is more than ${deepest} levels deep`);
  let member: Field | undefined;
  for (const field of fields(bytes, value)) {
    if (wireOf[field.number] === field.wire) member = field;
  }
  switch (member?.number) {
    case kinds.number:
      return bytes.readDoubleLE(member.start);
    case kinds.string:
      return readText(bytes, member);
    case kinds.bool:
      return scalars.bool.read(bytes, member) === 1;
    case kinds.struct:
      return readStruct(bytes, member, depth + 1);
    case kinds.list:
      return readList(bytes, member, depth + 1);
    default:
      return null;
  }
};

/** @throws {EngineError} MESSAGE_UNREADABLE */
export const readList = (bytes: Buffer, list: Span, depth = 0): readonly unknown[] => {
  const values: unknown[] = [];
  for (const field of fields(bytes, list)) {
    if (field.number === 1 && field.wire === LENGTH) values.push(readValue(bytes, field, depth));
  }
  return values;
};

const readStruct = (bytes: Buffer, struct: Span, depth: number): object => {
  const entries: [string, unknown][] = [];
  for (const field of fields(bytes, struct)) {
    if (field.number === 1 && field.wire === LENGTH) entries.push(readEntry(bytes, field, depth));
  }
  return Object.fromEntries(entries);
};

const readEntry = (bytes: Buffer, entry: Span, depth: number): [string, unknown] => {
  let key = "";
  let value: unknown = null;
  for (const field of fields(bytes, entry)) {
    if (field.wire !== LENGTH) continue;
    if (field.number === 1) key = readText(bytes, field);
    if (field.number === 2) value = readValue(bytes, field, depth);
  }
  return [key, value];
};
