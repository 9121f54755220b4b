/** Numbers in protobuf messages, single and repeated. */
import { mostValues, tooMany } from "./nested.ts";
import type { Span } from "./span.ts";
import {
  FIXED32,
  FIXED64,
  fields,
  LENGTH,
  readVarint,
  unreadable,
  VARINT,
  type Wire,
} from "./wire.ts";

/** How one type of number is read; `at` is a span that begins with it. */
export type Scalar = {
  readonly wire: Wire;
  /** Bytes of one; 0 if they vary. */
  readonly size: number;
  read(bytes: Buffer, at: Span): number;
};

const varint = (value: (low: number, high: number) => number): Scalar => ({
  wire: VARINT,
  size: 0,
  read: (bytes, at) => {
    const { low, high } = readVarint(bytes, at);
    return value(low, high);
  },
});

/** Integers beyond 2^53 lose their last digits. */
export const scalars = {
  bool: varint((low, high) => (low === 0 && high === 0 ? 0 : 1)),
  int32: varint((low) => low | 0),
  int64: varint((low, high) => (high | 0) * 2 ** 32 + low),
  uint32: varint((low) => low),
  uint64: varint((low, high) => high * 2 ** 32 + low),
  float: { wire: FIXED32, size: 4, read: (bytes, { start }) => bytes.readFloatLE(start) },
  double: { wire: FIXED64, size: 8, read: (bytes, { start }) => bytes.readDoubleLE(start) },
} as const satisfies Record<string, Scalar>;

/** The last value of a field; undefined if it is not there. */
export const numberOf = (bytes: Buffer, number: number, scalar: Scalar): number | undefined => {
  let found: number | undefined;
  for (const field of fields(bytes)) {
    if (field.number === number && field.wire === scalar.wire) found = scalar.read(bytes, field);
  }
  return found;
};

/** Visits every value of a repeated field, packed or not, as the span that begins with it. */
export const eachScalar = (
  bytes: Buffer,
  number: number,
  scalar: Scalar,
  visit: (at: Span) => void,
): void => {
  for (const field of fields(bytes)) {
    if (field.number !== number) continue;
    if (field.wire === scalar.wire) visit(field);
    else if (field.wire === LENGTH) eachPacked(bytes, field, scalar, visit);
  }
};

const eachPacked = (
  bytes: Buffer,
  { start, end }: Span,
  { size }: Scalar,
  visit: (at: Span) => void,
): void => {
  if (size > 0 && (end - start) % size !== 0) {
    throw unreadable(`a list at byte ${start} has ${end - start} bytes, no multiple of ${size}`);
  }
  let at = start;
  while (at < end) {
    visit({ start: at, end });
    at = size > 0 ? at + size : readVarint(bytes, { start: at, end }).end;
  }
};

/** All values of a repeated field. @throws {EngineError} PAYLOAD_UNFIT for more than a built-in node takes */
export const numbersOf = (bytes: Buffer, number: number, scalar: Scalar): number[] => {
  const values: number[] = [];
  eachScalar(bytes, number, scalar, (at) => {
    if (values.length === mostValues) throw tooMany(mostValues + 1, `field ${number}`);
    values.push(scalar.read(bytes, at));
  });
  return values;
};

/** The first value of a repeated field. */
export const firstOf = (bytes: Buffer, number: number, scalar: Scalar): number | undefined => {
  for (const field of fields(bytes)) {
    if (field.number !== number) continue;
    if (field.wire === scalar.wire) return scalar.read(bytes, field);
    if (field.wire === LENGTH && field.end > field.start) {
      if (scalar.size > field.end - field.start) throw unreadable("a packed list is cut off");
      return scalar.read(bytes, field);
    }
  }
  return undefined;
};
