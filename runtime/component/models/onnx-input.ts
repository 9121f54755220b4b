/** From what a request holds to the tensors that an ONNX model takes. */
import { isObject, kindOf } from "../message.ts";
import { ComponentError, type Features } from "../user.ts";
import { boundsOf, type Element } from "./onnx-types.ts";
import { rowsOf } from "./table.ts";

export type Input = {
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly (number | undefined)[] | undefined;
};

export type Feed = {
  readonly input: Input;
  readonly values: readonly unknown[];
  readonly shape: readonly number[];
};

/**
 * An array for a model of one input; for one of several an object of arrays by their names, or
 * rows, if each input is a column.
 *
 * @throws {ComponentError} 400 naming the input and the place.
 */
export const feedsOf = (
  X: Features,
  names: readonly string[],
  inputs: readonly Input[],
): readonly Feed[] => {
  const [only] = inputs;
  if (isObject(X)) {
    return inputs.map((input) => {
      if (X[input.name] !== undefined) return feedOf(X[input.name], input);
      const listed = inputs.map((each) => each.name).join(", ");
      throw new ComponentError(`the request has no input ${input.name}: the model takes ${listed}`);
    });
  }
  if (inputs.length === 1 && only !== undefined) return [feedOf(X, only)];
  if (!inputs.every(isColumn)) {
    const listed = inputs.map((each) => each.name).join(", ");
    throw new ComponentError(`the model takes ${listed}: send an object that has each of them`);
  }
  const wanted = inputs.map((input) => input.name);
  const rows = rowsOf(X, names, { count: inputs.length, names: wanted });
  return inputs.map((input, i) =>
    feedOf(
      rows.map((row) => [row[i]]),
      input,
    ),
  );
};

const isColumn = ({ shape }: Input): boolean => shape?.length === 2 && shape[1] === 1;

const feedOf = (X: unknown, input: Input): Feed => {
  const rank = input.shape?.length;
  const whole: unknown = rank === undefined || rankOf(X) !== rank - 1 ? X : [X]; // a single row
  const shape = shapeOf(whole);
  const values: unknown[] = [];
  collect(whole, { at: [], shape, input, values });
  requireShape(shape, input);
  return { input, values, shape };
};

const mostDimensions = 32;

/** By the first value of each level; `collect` checks all the others. */
const shapeOf = (X: unknown): readonly number[] => {
  const shape: number[] = [];
  for (let level = X; Array.isArray(level) && shape.length < mostDimensions; level = level[0]) {
    shape.push(level.length);
  }
  return shape;
};

const rankOf = (X: unknown): number => shapeOf(X).length;

const requireShape = (shape: readonly number[], { name, shape: wanted }: Input): void => {
  if (shape.includes(0)) throw new ComponentError(`input ${name} is empty: shape [${shape}]`);
  if (wanted === undefined) return;
  const fits =
    shape.length === wanted.length &&
    wanted.every((size, i) => size === undefined || size === shape[i]);
  if (fits) return;
  const takes = wanted.map((size) => size ?? -1).join(",");
  throw new ComponentError(`input ${name} has the shape [${shape}]: the model takes [${takes}]`);
};

type Collecting = {
  readonly at: readonly number[];
  readonly shape: readonly number[];
  readonly input: Input;
  readonly values: unknown[];
};

const collect = (level: unknown, collecting: Collecting): void => {
  const { at, shape, input, values } = collecting;
  const size = shape[at.length];
  if (size === undefined) {
    values.push(elementIn(level, at, input));
    return;
  }
  if (!Array.isArray(level) || level.length !== size) {
    const is = Array.isArray(level) ? `has ${level.length} values` : `is ${kindOf(level)}`;
    throw new ComponentError(`${placeOf(at, input)} ${is}: the first of its level has ${size}`);
  }
  level.forEach((inner, i) => {
    collect(inner, { ...collecting, at: [...at, i] });
  });
};

const placeOf = (at: readonly number[], { name }: Input): string => {
  const words = ["row", "column"];
  const place =
    at.length <= 2 ? at.map((i, level) => `${words[level]} ${i}`).join(", ") : `[${at}]`;
  return `input ${name}, ${place}`;
};

const elementIn = (value: unknown, at: readonly number[], input: Input): unknown => {
  const read = readers[input.element.holds](value, input.element);
  if (read !== undefined) return read;
  const is = typeof value === "number" ? value : kindOf(value);
  const wanted = wantedOf(input.element);
  throw new ComponentError(`${placeOf(at, input)} is ${is}: ${wanted} is needed`);
};

/** A value as its tensor holds it; undefined if that cannot be. */
type Reader = (value: unknown, element: Element) => unknown;

const readWhole: Reader = (value, element) => {
  const [least, most] = boundsOf(element);
  const number = typeof value === "boolean" ? Number(value) : value;
  const fits = typeof number === "number" && number >= least && number <= most;
  return fits && Number.isInteger(number) ? number : undefined;
};

const readers: Readonly<Record<Element["holds"], Reader>> = {
  number: (value) => {
    if (value === null) return Number.NaN;
    return typeof value === "boolean" ? Number(value) : ifNumber(value);
  },
  whole: readWhole,
  bigint: readWhole,
  text: (value) => (typeof value === "string" ? value : undefined),
  boolean: (value) => {
    if (value === 0 || value === 1) return value === 1;
    return typeof value === "boolean" ? value : undefined;
  },
};

const ifNumber = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

const wantedOf = (element: Element): string => {
  if (element.holds === "whole" || element.holds === "bigint") {
    const [least, most] = boundsOf(element);
    return `a whole number from ${least} to ${most}`;
  }
  return { number: "a number", text: "a text", boolean: "true or false" }[element.holds];
};
