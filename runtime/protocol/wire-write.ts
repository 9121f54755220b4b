/**
 * Writing protobuf messages: a message is a list of pieces, put together once at the end, so that
 * large values are copied once. Source: the protobuf encoding specification.
 */
import type { Payload } from "../payload.ts";
import { FIXED64, LENGTH, mapEntries, VARINT, type Wire } from "./wire.ts";

export type Pieces = readonly Buffer[];

/** Pieces as a message on its way through the graph. */
export const protoPayload = (message: string, pieces: Pieces): Payload => ({
  body: Buffer.concat(pieces),
  contentType: undefined,
  contentEncoding: undefined,
  message,
});

const negativeLength = 10;

/** A whole number: a negative one is sign-extended to 64 bits, 10 bytes, as int32 and int64 are. */
export const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value < 0 ? BigInt.asUintN(64, BigInt(value)) : BigInt(value);
  while (rest > 0x7fn && bytes.length < negativeLength) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
};

/** Lengths and tags: never negative, and mostly of one byte. */
const small = (value: number): Buffer =>
  value < 0x80
    ? Buffer.from([value])
    : value < 0x4000
      ? Buffer.from([(value & 0x7f) | 0x80, value >> 7])
      : varint(value);

const tag = (number: number, wire: Wire): Buffer => small(number * 8 + wire);

const sizeOf = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** A string, bytes, embedded message or packed list, made of `pieces`. */
export const lengthField = (number: number, pieces: Pieces): Pieces => [
  Buffer.concat([tag(number, LENGTH), small(sizeOf(pieces))]),
  ...pieces,
];

export const textField = (number: number, text: string): Pieces =>
  lengthField(number, [Buffer.from(text)]);

export const varintField = (number: number, value: number): Pieces => [
  tag(number, VARINT),
  varint(value),
];

export const doubleField = (number: number, value: number): Buffer => {
  const head = tag(number, FIXED64);
  const field = Buffer.alloc(head.length + 8);
  head.copy(field);
  field.writeDoubleLE(value, head.length);
  return field;
};

/** A packed list of doubles; nothing for an empty one. */
export const doublesField = (number: number, values: readonly number[]): Pieces => {
  if (values.length === 0) return [];
  const packed = Buffer.allocUnsafe(values.length * 8);
  values.forEach((value, i) => {
    packed.writeDoubleLE(value, i * 8);
  });
  return lengthField(number, [packed]);
};

/** A packed list of 32-bit floats; nothing for an empty one. */
export const floatsField = (number: number, values: readonly number[]): Pieces => {
  if (values.length === 0) return [];
  const packed = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, i) => {
    packed.writeFloatLE(value, i * 4);
  });
  return lengthField(number, [packed]);
};

/** A packed list of int32, int64 or enums; nothing for an empty one. */
export const integersField = (number: number, values: readonly number[]): Pieces =>
  values.length === 0 ? [] : lengthField(number, values.map(varint));

/** A map with the entries of all messages; of entries with one key the last one counts. */
export const mergedMap = (messages: readonly Buffer[], number: number): Pieces => {
  const entries = new Map(
    messages
      .flatMap((message) => mapEntries(message, number))
      .map(({ key, entry }) => [key, entry]),
  );
  return [...entries.values()].flatMap((entry) => lengthField(number, [entry]));
};
