/** From a message in its JSON form to protobuf bytes. Source: engine contract, 2.7 and 4.2. */

import type { FieldSpec, Kind, Schema, Whole } from "../protocol/proto-schema.ts";
import {
  doubleField,
  doublesField,
  integersField,
  lengthField,
  type Pieces,
  varintField,
} from "../protocol/wire-write.ts";
import { isObject, kindOf } from "./message.ts";
import { writeList, writeValue } from "./proto-value.ts";
import { ComponentError } from "./user.ts";

/**
 * Encodes a message. As in proto3 JSON, numbers may come as strings, words of an enum as numbers
 * and bytes as base64; a field that is null counts as absent.
 *
 * @throws {ComponentError} 500 for a field that the message does not have or that does not fit.
 */
export const writeMessage = (message: unknown, schema: Schema, path = ""): Pieces => {
  if (!isObject(message)) {
    throw unfit(`${path || "it"} is ${kindOf(message)}, not a ${schema.type}`);
  }
  const pieces: Buffer[] = [];
  const chosen = new Map<string, string>();
  for (const [name, value] of Object.entries(message)) {
    const place = path === "" ? name : `${path}.${name}`;
    const spec = schema.byName.get(name);
    if (spec === undefined) throw unfit(`${place} is not a field of ${schema.type}`);
    if (value === undefined || (value === null && spec.kind !== "value")) continue;
    if (spec.oneof !== undefined) choose(chosen, spec.oneof, place);
    for (const piece of writeField(value, spec, place)) pieces.push(piece);
  }
  return pieces;
};

const choose = (chosen: Map<string, string>, oneof: string, place: string): void => {
  const other = chosen.get(oneof);
  if (other !== undefined) throw unfit(`it has both ${other} and ${place}`);
  chosen.set(oneof, place);
};

const writeField = (value: unknown, spec: FieldSpec, path: string): Pieces => {
  const { number, kind, many } = spec;
  if (many === "map") {
    return Object.entries(requireObject(value, path)).flatMap(([key, entry]) =>
      lengthField(number, [
        ...lengthField(1, [Buffer.from(key)]),
        ...writeOne(entry, { number: 2, kind }, `${path}.${key}`),
      ]),
    );
  }
  if (many === undefined) return writeOne(value, spec, path);
  if (!Array.isArray(value)) throw unfit(`${path} is ${kindOf(value)}, not a list`);
  return writePacked(value, spec, path) ?? value.flatMap((one) => writeOne(one, spec, path));
};

/** A list of numbers; undefined if it is of anything else. */
const writePacked = (
  values: readonly unknown[],
  { number, kind }: FieldSpec,
  path: string,
): Pieces | undefined => {
  switch (kind) {
    case "double":
      return doublesField(number, numbersIn(values, path));
    case "float": {
      if (values.length === 0) return [];
      return lengthField(number, [Buffer.from(Float32Array.from(numbersIn(values, path)).buffer)]);
    }
    case "bool":
      return integersField(
        number,
        values.map((value) => Number(boolIn(value, path))),
      );
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
      return integersField(
        number,
        values.map((value) => wholeIn(value, kind, path)),
      );
    default:
      return undefined;
  }
};

type Target = Pick<FieldSpec, "number" | "kind" | "oneof">;

const writeOne = (value: unknown, { number, kind }: Target, path: string): Pieces => {
  if (typeof kind === "object") return writeNested(value, { number, kind }, path);
  switch (kind) {
    case "string":
      return lengthField(number, [Buffer.from(textIn(value, path))]);
    case "bytes":
      return lengthField(number, [bytesIn(value, path)]);
    case "value":
      return lengthField(number, writeValue(value, path));
    case "list":
      if (!Array.isArray(value)) throw unfit(`${path} is ${kindOf(value)}, not a list`);
      return lengthField(number, writeList(value, path));
    case "bool":
      return varintField(number, Number(boolIn(value, path)));
    case "double":
      return [doubleField(number, numberIn(value, path))];
    case "float":
      return [floatField(number, numberIn(value, path))];
    default:
      return varintField(number, wholeIn(value, kind, path));
  }
};

type Nested = { readonly number: number; readonly kind: Exclude<Kind, string> };

const writeNested = (value: unknown, { number, kind }: Nested, path: string): Pieces =>
  "message" in kind
    ? lengthField(number, writeMessage(value, kind.message, path))
    : varintField(number, wordIn(value, kind.words, path));

/** Field numbers of floats are below 16: their tag is one byte. */
const floatField = (number: number, value: number): Buffer => {
  const field = Buffer.alloc(5);
  field[0] = number * 8 + 5;
  field.writeFloatLE(value, 1);
  return field;
};

const requireObject = (value: unknown, path: string): object => {
  if (isObject(value)) return value;
  throw unfit(`${path} is ${kindOf(value)}, not an object`);
};

const textIn = (value: unknown, path: string): string => {
  if (typeof value === "string") return value;
  throw unfit(`${path} is ${kindOf(value)}, not a string`);
};

const bytesIn = (value: unknown, path: string): Buffer => {
  if (typeof value === "string") return Buffer.from(value, "base64");
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  throw unfit(`${path} is ${kindOf(value)}, neither a Buffer nor base64`);
};

const boolIn = (value: unknown, path: string): boolean => {
  if (typeof value === "boolean") return value;
  throw unfit(`${path} is ${kindOf(value)}, not true or false`);
};

const isNumber = (value: unknown): value is number => typeof value === "number";

const numbersIn = (values: readonly unknown[], path: string): readonly number[] =>
  values.every(isNumber) ? values : values.map((value) => numberIn(value, path));

/** NaN and the infinities come as strings in this form. */
const numberIn = (value: unknown, path: string): number => {
  if (isNumber(value)) return value;
  if (typeof value === "bigint" || value === "NaN") return Number(value);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (!Number.isNaN(number)) return number;
  throw unfit(`${path} is ${kindOf(value)}, not a number`);
};

const ranges: Readonly<Record<Whole, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  uint64: [0, 2 ** 64 - 2048],
};

const wholeIn = (value: unknown, kind: Whole, path: string): number => {
  const number = numberIn(value, path);
  const [least, most] = ranges[kind];
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw unfit(`${path} is ${number}, not an ${kind}`);
};

const wordIn = (value: unknown, words: Readonly<Record<string, number>>, path: string): number => {
  const number = typeof value === "string" && Object.hasOwn(words, value) ? words[value] : value;
  if (typeof number === "number") return wholeIn(number, "int32", path);
  throw unfit(`${path} is ${JSON.stringify(value)}: use one of ${Object.keys(words).join(", ")}`);
};

const unfit = (why: string): ComponentError =>
  new ComponentError(`the reply cannot be written as protobuf: ${why}`, {
    status: 500,
    reason: "MICROSERVICE_INTERNAL_ERROR",
  });
