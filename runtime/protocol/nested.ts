/** Nested JSON arrays as a shape and its values, and back. */
import { EngineError } from "../errors.ts";

export type Numbers = { readonly shape: readonly number[]; readonly values: readonly number[] };

/** A leaf of an array as a number; undefined if it is none. */
export type Leaf = (value: unknown) => number | undefined;

export const numeric: Leaf = (value) => (typeof value === "number" ? value : undefined);

/** Booleans count as 0 and 1. */
export const numericOrBoolean: Leaf = (value) =>
  typeof value === "boolean" ? Number(value) : numeric(value);

export const unfit = (why: string, cause?: unknown): EngineError =>
  new EngineError("PAYLOAD_UNFIT", `a built-in node cannot read the payload: ${why}`, { cause });

/** More dimensions than any model has. */
const deepest = 32;

/** More values than this, 128 MB of numbers, are not worked on inside the engine. */
export const mostValues = 16_777_216;

export const tooMany = (count: number, place: string): EngineError =>
  unfit(`${place} has ${count} values; at most ${mostValues} can be read`);

/** @throws {EngineError} PAYLOAD_UNFIT, naming the place of the first leaf that is no number. */
export const readNested = (value: unknown, path: string, leaf: Leaf): Numbers => {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > deepest) throw unfit(`${path} is more than ${deepest} levels deep`);
  }
  const values: number[] = [];
  collect(value, { shape, path, leaf, values, at: [] });
  return { shape, values };
};

/** The values of an array without inner arrays. @throws {EngineError} PAYLOAD_UNFIT like `readNested`. */
export const readFlat = (values: readonly unknown[], path: string, leaf: Leaf): number[] =>
  values.map((value, i) => {
    const number = leaf(value);
    if (number === undefined) throw unfit(`${path}[${i}] is ${kindOf(value)}, not a number`);
    return number;
  });

type Walk = {
  readonly shape: readonly number[];
  readonly path: string;
  readonly leaf: Leaf;
  readonly values: number[];
  /** Indices on the way to where the walk is. */
  readonly at: number[];
};

const collect = (value: unknown, walk: Walk): void => {
  const { shape, leaf, values, at } = walk;
  if (at.length === shape.length) {
    const number = leaf(value);
    if (number === undefined) throw unfit(`${placeOf(walk)} is ${kindOf(value)}, not a number`);
    values.push(number);
    return;
  }
  const length = shape[at.length];
  if (!Array.isArray(value) || value.length !== length) {
    throw unfit(`${placeOf(walk)} does not have ${length} elements like its neighbours`);
  }
  for (let i = 0; i < value.length; i += 1) {
    at.push(i);
    collect(value[i], walk);
    at.pop();
  }
};

const placeOf = ({ path, at }: Walk): string => path + at.map((i) => `[${i}]`).join("");

/** What a value is, in words; never the whole of a large one. */
export const kindOf = (value: unknown): string => {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value).slice(0, 100);
};

/** How many values a shape asks for; undefined if it is none, or has too many dimensions. */
export const sizeOf = (shape: readonly unknown[]): number | undefined => {
  if (shape.length > deepest) return undefined;
  let size = 1;
  for (const length of shape) {
    if (typeof length !== "number" || !Number.isInteger(length) || length < 0) return undefined;
    size *= length;
  }
  return size;
};

/** @throws {EngineError} PAYLOAD_UNFIT for NaN and infinities, which JSON cannot write. */
export const finite = (values: readonly number[]): readonly number[] => {
  const broken = values.find((value) => !Number.isFinite(value));
  if (broken === undefined) return values;
  throw new EngineError("PAYLOAD_UNFIT", `a result holds ${broken}, which JSON cannot write`);
};

const mostEmptyRows = 1000;

/** Row-major values as nested arrays of the shape; a shape without dimensions is one value. */
export const nest = (values: readonly number[], shape: readonly number[]): unknown => {
  const [rows, ...inner] = shape;
  if (rows === undefined) return values[0];
  if (inner.length === 0) return values;
  const size = inner.reduce((product, length) => product * length, 1);
  // A shape is cheap to write: arrays without a single value are not made by the million.
  if (size === 0 && rows > mostEmptyRows) throw unfit(`its shape [${shape}] has only empty rows`);
  return Array.from({ length: rows }, (_, i) =>
    nest(values.slice(i * size, (i + 1) * size), inner),
  );
};

/** @throws {EngineError} PAYLOAD_UNFIT */
export const readJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw unfit("it is not JSON", cause);
  }
};
