/** From protobuf bytes to the same message in its JSON form. Source: engine contract, 2.7 and 4.2. */

import type { FieldSpec, Kind, Scalar, Schema } from "./proto-schema.ts";
import { readText } from "./proto-text.ts";
import { readList, readValue } from "./proto-value.ts";
import {
  FIXED32,
  FIXED64,
  type Field,
  fields,
  LENGTH,
  slice,
  VARINT,
  type Wire,
  whole,
} from "./wire.ts";
import { numbersOf, scalars } from "./wire-scalar.ts";

/** A message in its JSON form. */
export type Read = Readonly<Record<string, unknown>>;

/** What `bytes` fields become: themselves, or base64 as in JSON. */
export type AsBytes = (bytes: Buffer) => Buffer | string;

/**
 * Decodes a message; fields that the schema does not know are passed over. Integers beyond 2^53
 * are rounded, and 32-bit floats are as exact as they are.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE for malformed bytes.
 */
export const readMessage = (bytes: Buffer, schema: Schema, asBytes: AsBytes): Read => {
  const found = new Map<FieldSpec, Field[]>();
  for (const field of fields(bytes)) {
    const spec = schema.byNumber.get(field.number);
    if (spec === undefined || !fits(spec, field.wire)) continue;
    if (spec.oneof !== undefined) dropOthers(found, spec);
    const occurrences = found.get(spec);
    if (occurrences === undefined) found.set(spec, [field]);
    else occurrences.push(field);
  }
  return Object.fromEntries(
    [...found].map(([spec, occurrences]) => [
      spec.name,
      readField(bytes, spec, { occurrences, asBytes }),
    ]),
  );
};

/** The last member of a oneof counts. */
const dropOthers = (found: Map<FieldSpec, Field[]>, kept: FieldSpec): void => {
  for (const spec of found.keys()) {
    if (spec.oneof === kept.oneof && spec !== kept) found.delete(spec);
  }
};

const wires: Readonly<Record<Scalar, Wire>> = {
  string: LENGTH,
  bytes: LENGTH,
  bool: VARINT,
  float: FIXED32,
  double: FIXED64,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
  uint64: VARINT,
};

const wireOf = (kind: Kind): Wire => {
  if (typeof kind === "object") return "words" in kind ? VARINT : LENGTH;
  return kind === "value" || kind === "list" ? LENGTH : wires[kind];
};

/** Of another type on the wire a field is unknown; a list of numbers may be packed. */
const fits = ({ kind, many }: FieldSpec, wire: Wire): boolean =>
  many === "map" || (many === "list" && wire === LENGTH) ? wire === LENGTH : wire === wireOf(kind);

type Found = { readonly occurrences: readonly Field[]; readonly asBytes: AsBytes };

const readField = (bytes: Buffer, spec: FieldSpec, { occurrences, asBytes }: Found): unknown => {
  const { kind, many, number } = spec;
  if (many === "map") return readMap(bytes, kind, { occurrences, asBytes });
  if (many === "list") {
    if (isNumeric(kind)) return readNumbers(bytes, number, kind);
    return occurrences.map((field) => readOne(slice(bytes, field), kind, asBytes));
  }
  const last = occurrences.at(-1);
  if (last === undefined) return undefined;
  if (wireOf(kind) !== LENGTH) return readNumber(bytes, kind, last);
  // a message that is written in parts is what its parts are together
  const isMessage = typeof kind === "object" || kind === "value" || kind === "list";
  const parts = isMessage ? occurrences : [last];
  const one = parts.length === 1 ? slice(bytes, last) : concat(bytes, parts);
  return readOne(one, kind, asBytes);
};

const concat = (bytes: Buffer, parts: readonly Field[]): Buffer =>
  Buffer.concat(parts.map((field) => slice(bytes, field)));

/** What has a length: text, bytes and messages. */
const readOne = (bytes: Buffer, kind: Kind, asBytes: AsBytes): unknown => {
  if (typeof kind === "object") {
    return "message" in kind ? readMessage(bytes, kind.message, asBytes) : undefined;
  }
  switch (kind) {
    case "string":
      return readText(bytes, whole(bytes));
    case "bytes":
      return asBytes(bytes);
    case "value":
      return readValue(bytes, whole(bytes));
    case "list":
      return readList(bytes, whole(bytes));
    default:
      return undefined; // numbers are read where they stand
  }
};

type Numeric = Exclude<Scalar, "string" | "bytes">;

const isNumeric = (kind: Kind): kind is Numeric =>
  typeof kind === "string" && Object.hasOwn(scalars, kind);

const readNumbers = (bytes: Buffer, number: number, kind: Numeric): readonly unknown[] => {
  const values = numbersOf(bytes, number, scalars[kind]);
  return kind === "bool" ? values.map((value) => value === 1) : values;
};

const readNumber = (bytes: Buffer, kind: Kind, field: Field): unknown => {
  if (typeof kind === "object") {
    const value = scalars.int32.read(bytes, field);
    return "words" in kind ? wordOf(kind.words, value) : value;
  }
  if (!isNumeric(kind)) return undefined;
  const value = scalars[kind].read(bytes, field);
  return kind === "bool" ? value === 1 : value;
};

/** An enum's word; of one that is not known, the number. */
const wordOf = (words: Readonly<Record<string, number>>, value: number): string | number =>
  Object.keys(words).find((word) => words[word] === value) ?? value;

const readMap = (bytes: Buffer, kind: Kind, { occurrences, asBytes }: Found): object =>
  Object.fromEntries(
    occurrences.map((occurrence): [string, unknown] => {
      const entry = slice(bytes, occurrence);
      let key = "";
      let value: unknown = emptyOf(kind);
      for (const field of fields(entry)) {
        if (field.number === 1 && field.wire === LENGTH) key = readText(entry, field);
        if (field.number !== 2 || field.wire !== wireOf(kind)) continue;
        value =
          field.wire === LENGTH
            ? readOne(slice(entry, field), kind, asBytes)
            : readNumber(entry, kind, field);
      }
      return [key, value];
    }),
  );

/** The value of an entry that has none. */
const emptyOf = (kind: Kind): unknown => {
  if (kind === "string") return "";
  if (kind === "value") return null;
  return typeof kind === "object" ? {} : 0;
};
