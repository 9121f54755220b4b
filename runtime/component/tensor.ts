import { ComponentError } from "./user.ts";

/** A regular array: its shape, and its values row by row. */
export type Regular<T> = { readonly shape: readonly number[]; readonly values: readonly T[] };
/** One of numbers. */
export type Dense = Regular<number>;

/** More dimensions than any model has; deeper arrays are data without a shape. */
const maxDimensions = 32;

/** Data without a shape may be nested further, as far as a call stack surely reaches. */
const maxDepth = 1000;

const maxEmptyRows = 1000;

const isNumber = (value: unknown): value is number => typeof value === "number";

/** The shape and values of nested arrays; undefined unless they are regular and all of numbers. */
export const denseOf = (array: readonly unknown[]): Dense | undefined => regularOf(array, isNumber);

/** The shape and values of nested arrays; undefined unless they are regular and all their values are leaves. */
export const regularOf = <T>(
  array: readonly unknown[],
  isLeaf: (value: unknown) => value is T,
): Regular<T> | undefined => {
  const shape: number[] = [];
  let level: unknown = array;
  while (Array.isArray(level)) {
    if (shape.length === maxDimensions) return undefined;
    shape.push(level.length);
    level = level[0];
  }
  const values: T[] = [];
  return fill(array, 0, { shape, isLeaf, values }) ? { shape, values } : undefined;
};

type Filling<T> = {
  readonly shape: readonly number[];
  readonly isLeaf: (value: unknown) => value is T;
  readonly values: T[];
};

const fill = <T>(level: unknown, depth: number, filling: Filling<T>): boolean => {
  const { shape, isLeaf, values } = filling;
  if (depth === shape.length) {
    if (!isLeaf(level)) return false;
    values.push(level);
    return true;
  }
  if (!Array.isArray(level) || level.length !== shape[depth]) return false;
  for (const inner of level) if (!fill(inner, depth + 1, filling)) return false;
  return true;
};

/**
 * Row-by-row values as nested arrays; one dimension may be -1 and is then worked out.
 *
 * @throws {ComponentError} 400 when the values do not fit the shape.
 */
export const reshape = <T>(values: readonly T[], shape: readonly number[]): readonly unknown[] => {
  const sizes = resolveShape(values.length, shape);
  let level: readonly unknown[] = values;
  for (let depth = sizes.length - 1; depth > 0; depth -= 1) {
    const size = sizes[depth] ?? 1;
    const count = sizes.slice(0, depth).reduce((product, each) => product * each, 1);
    level = Array.from({ length: count }, (_, i) => level.slice(i * size, (i + 1) * size));
  }
  return level;
};

const resolveShape = (length: number, shape: readonly number[]): readonly number[] => {
  const misfit = (): never => {
    throw new ComponentError(
      `a tensor of shape [${shape}] cannot hold ${length} values: make the product of its shape equal their number`,
    );
  };
  if (shape.length === 0) return [length]; // no shape was given: one dimension
  if (shape.length > maxDimensions || !shape.every((size) => size >= -1)) return misfit();
  const known = shape.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const open = shape.filter((size) => size === -1).length;
  // a tensor without values may still claim a million rows
  if (length === 0 && shape.some((size) => size > maxEmptyRows)) return misfit();
  if (open === 0) return known === length ? shape : misfit();
  if (open > 1 || known === 0 || length % known !== 0) return misfit();
  return shape.map((size) => (size === -1 ? length / known : size));
};

/**
 * Typed arrays, at any depth, as plain ones; all else as it is.
 *
 * @throws {ComponentError} 400 for arrays of more levels than can be written.
 */
export const plainArrays = (value: unknown, depth = 0): unknown => {
  if (depth > maxDepth) {
    throw new ComponentError(`the reply has arrays inside arrays beyond ${maxDepth} levels`);
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number | bigint>, Number); // a typed array
  }
  if (!Array.isArray(value) || typeof value[0] !== "object") return value;
  return value.map((inner) => plainArrays(inner, depth + 1));
};
