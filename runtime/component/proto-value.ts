/** Any JSON as a google.protobuf.Value, Struct or ListValue. Source: engine contract, 4.2. */
import { deepest, kinds, numberSize, numberTag } from "../protocol/proto-value.ts";
import { lengthField, type Pieces, varintField } from "../protocol/wire-write.ts";
import { isObject, kindOf } from "./message.ts";
import { ComponentError } from "./user.ts";

/** @throws {ComponentError} 500 for what is no JSON. */
export const writeValue = (value: unknown, path: string, depth = 0): Pieces => {
  if (depth > deepest)
    throw unwritable(`${path.slice(0, 100)} is more than ${deepest} levels deep`);
  if (value === null || value === undefined) return varintField(kinds.null, 0);
  if (typeof value === "number" || typeof value === "bigint") return [numberOf(Number(value))];
  if (typeof value === "string") return lengthField(kinds.string, [Buffer.from(value)]);
  if (typeof value === "boolean") return varintField(kinds.bool, Number(value));
  if (Array.isArray(value)) return lengthField(kinds.list, writeList(value, path, depth + 1));
  const plain = plainOf(value);
  if (isObject(plain)) return lengthField(kinds.struct, writeStruct(plain, path, depth + 1));
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
