/**
 * google.protobuf.Value, Struct and ListValue as the JSON that they stand for. Rows of numbers are
 * what they mostly hold, and have ways of their own. Source: engine contract, 4.2.
 */
import type { Span } from "../protocol/span.ts";
import {
  FIXED64,
  type Field,
  fields,
  LENGTH,
  unreadable,
  VARINT,
  type Wire,
} from "../protocol/wire.ts";
import { scalars } from "../protocol/wire-scalar.ts";
import { lengthField, type Pieces, varintField } from "../protocol/wire-write.ts";
import { isObject, kindOf } from "./message.ts";
import { readText } from "./proto-text.ts";
import { ComponentError } from "./user.ts";

/** Members of `Value.kind`. */
const NULL = 1;
const NUMBER = 2;
const STRING = 3;
const BOOL = 4;
const STRUCT = 5;
const LIST = 6;

const wireOf: Readonly<Record<number, Wire>> = {
  [NULL]: VARINT,
  [NUMBER]: FIXED64,
  [STRING]: LENGTH,
  [BOOL]: VARINT,
  [STRUCT]: LENGTH,
  [LIST]: LENGTH,
};

/** More levels than data have; a call stack surely reaches them. */
const deepest = 500;

/** A Value that is a number: its tag, and 8 bytes. */
const numberTag = 0x11;
const numberSize = 9;

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
    case NUMBER:
      return bytes.readDoubleLE(member.start);
    case STRING:
      return readText(bytes, member);
    case BOOL:
      return scalars.bool.read(bytes, member) === 1;
    case STRUCT:
      return readStruct(bytes, member, depth + 1);
    case LIST:
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

/** @throws {ComponentError} 500 for what is no JSON. */
export const writeValue = (value: unknown, path: string, depth = 0): Pieces => {
  if (depth > deepest)
    throw unwritable(`${path.slice(0, 100)} is more than ${deepest} levels deep`);
  if (value === null || value === undefined) return varintField(NULL, 0);
  if (typeof value === "number" || typeof value === "bigint") return [numberOf(Number(value))];
  if (typeof value === "string") return lengthField(STRING, [Buffer.from(value)]);
  if (typeof value === "boolean") return varintField(BOOL, Number(value));
  if (Array.isArray(value)) return lengthField(LIST, writeList(value, path, depth + 1));
  const plain = plainOf(value);
  if (isObject(plain)) return lengthField(STRUCT, writeStruct(plain, path, depth + 1));
  if (plain !== value) return writeValue(plain, path, depth + 1);
  throw unwritable(`${path} is ${kindOf(value)}`);
};

/** What JSON makes of an object: a date says so itself, bytes are base64. */
const plainOf = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const { toJSON } = Object(value);
  return typeof toJSON === "function" ? Reflect.apply(toJSON, value, []) : value;
};

const writeStruct = (object: object, path: string, depth: number): Pieces =>
  Object.entries(object)
    .filter(([, value]) => value !== undefined && typeof value !== "function")
    .flatMap(([key, value]) =>
      lengthField(1, [
        ...lengthField(1, [Buffer.from(key)]),
        ...lengthField(2, writeValue(value, `${path}.${key}`, depth)),
      ]),
    );

/** @throws {ComponentError} 500 for what is no JSON. */
export const writeList = (list: readonly unknown[], path: string, depth = 0): Pieces => {
  if (list.every((value) => typeof value === "number")) return [writeRow(list)];
  return list.map((value) => Buffer.concat(lengthField(1, writeValue(value, path, depth))));
};

const numberOf = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(numberSize);
  bytes[0] = numberTag;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};

/** The head of a number in a list: field 1, 9 bytes, a number. */
const elementHead = Buffer.from([0x0a, numberSize, numberTag]);
const elementSize = elementHead.length + 8;

const writeRow = (values: readonly number[]): Buffer => {
  const row = Buffer.allocUnsafe(values.length * elementSize);
  values.forEach((value, i) => {
    elementHead.copy(row, i * elementSize);
    row.writeDoubleLE(value, i * elementSize + elementHead.length);
  });
  return row;
};

const unwritable = (why: string): ComponentError =>
  new ComponentError(`the reply cannot be written: ${why}`, {
    status: 500,
    reason: "MICROSERVICE_INTERNAL_ERROR",
  });
