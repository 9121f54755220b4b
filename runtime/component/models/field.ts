/** Reads the JSON of a model's file, field by field: what is not as it has to be is a ModelFault. */
import { isObject, kindOf } from "../message.ts";
import { ModelFault } from "./fault.ts";

export type Field = { readonly value: unknown; readonly path: string };

export type Bounds = { readonly least: number; readonly most: number };

/** A model beyond these is no model that was trained, and may not take the memory that it asks for. */
export const mostColumns = 10_000_000;
export const mostOutputs = 100_000;

export const rootOf = (value: unknown): Field => ({ value, path: "" });

export const isThere = ({ value }: Field): boolean => value !== undefined && value !== null;

export const fieldOf = (field: Field, key: string): Field => ({
  value: objectOf(field)[key],
  path: field.path === "" ? key : `${field.path}.${key}`,
});

/** The field that several keys lead to. */
export const fieldAt = (field: Field, ...keys: readonly string[]): Field =>
  keys.reduce(fieldOf, field);

export const itemsOf = (field: Field): readonly Field[] => {
  const { value, path } = field;
  if (!Array.isArray(value)) throw unlike(field, "a list");
  return value.map((item, i) => ({ value: item, path: `${path}[${i}]` }));
};

export const objectOf = (field: Field): Readonly<Record<string, unknown>> => {
  if (isObject(field.value)) return field.value;
  throw unlike(field, "an object");
};

export const textOf = (field: Field): string => {
  if (typeof field.value === "string") return field.value;
  throw unlike(field, "a text");
};

export const textsOf = (field: Field): readonly string[] => itemsOf(field).map(textOf);

export const wordOf = <Word extends string>(field: Field, words: readonly Word[]): Word => {
  const text = textOf(field);
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw new ModelFault(field.path, `is ${JSON.stringify(text)}: known are ${words.join(", ")}`);
};

export const flagOf = (field: Field): boolean => {
  if (field.value === true || field.value === false) return field.value;
  if (field.value === 1 || field.value === 0) return field.value === 1;
  throw unlike(field, "true or false");
};

const infinities: ReadonlyMap<unknown, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** A number; an infinity may be written as a text, which is how JSON can hold it. */
export const numberOf = (field: Field): number => {
  const { value } = field;
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  const infinite = infinities.get(value);
  if (infinite !== undefined) return infinite;
  throw unlike(field, "a number");
};

/** One of the numbers that some libraries write as texts. */
export const wholeOf = (field: Field, { least, most }: Bounds): number => {
  const { value } = field;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) {
    return number;
  }
  const is = typeof value === "number" || typeof value === "string" ? value : kindOf(value);
  throw new ModelFault(field.path, `is ${is}: a whole number from ${least} to ${most} is needed`);
};

/** So many numbers, or any number of them; NaN is none, unless it may be there. */
export const numbersOf = (field: Field, length?: number, mayBeNan = false): Float64Array => {
  const { value, path } = field;
  if (!Array.isArray(value)) throw unlike(field, "a list of numbers");
  requireLength(field, value.length, length);
  const numbers = new Float64Array(value.length);
  for (let i = 0; i < numbers.length; i += 1) {
    const item: unknown = value[i];
    const isNan = mayBeNan && Number.isNaN(item);
    numbers[i] = isNan ? Number.NaN : numberOf({ value: item, path: `${path}[${i}]` });
  }
  return numbers;
};

export const wholesOf = (field: Field, bounds: Bounds, length?: number): Int32Array => {
  const { value, path } = field;
  if (!Array.isArray(value)) throw unlike(field, "a list of whole numbers");
  requireLength(field, value.length, length);
  const { least, most } = bounds;
  const numbers = new Int32Array(value.length);
  for (let i = 0; i < numbers.length; i += 1) {
    const number: unknown = value[i];
    const isFit = typeof number === "number" && Number.isInteger(number);
    // the slow way makes the message
    numbers[i] =
      isFit && number >= least && number <= most
        ? number
        : wholeOf({ value: number, path: `${path}[${i}]` }, bounds);
  }
  return numbers;
};

/** Rows of one length, row by row. */
export const matrixOf = (
  field: Field,
  columns?: number,
): { readonly rows: number; readonly columns: number; readonly values: Float64Array } => {
  const items = itemsOf(field);
  const [first] = items;
  const width = columns ?? (first === undefined ? 0 : itemsOf(first).length);
  const values = new Float64Array(items.length * width);
  items.forEach((row, i) => {
    values.set(numbersOf(row, width), i * width);
  });
  return { rows: items.length, columns: width, values };
};

export const requireLength = (
  { path }: Field,
  length: number,
  wanted: number | undefined,
): void => {
  if (wanted === undefined || length === wanted) return;
  throw new ModelFault(path, `has ${length} entries where ${wanted} are needed`);
};

const unlike = ({ value, path }: Field, wanted: string): ModelFault =>
  new ModelFault(
    path,
    value === undefined
      ? `is missing: ${wanted} is needed`
      : `is ${Number.isNaN(value) ? "NaN" : kindOf(value)}: ${wanted} is needed`,
  );
