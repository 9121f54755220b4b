/** A view as rows of finite numbers, for nodes that work on one row after the other. */
import { EngineError } from "../errors.ts";
import type { NumericView } from "./view.ts";

export type Rows = {
  /** One or more. */
  readonly count: number;
  /** One or more. */
  readonly width: number;
  /** Row-major; all of them finite. */
  readonly values: readonly number[];
  readonly names: readonly string[];
};

export const unfit = (node: string, why: string): EngineError =>
  new EngineError("PAYLOAD_UNFIT", `node ${node}: ${why}`);

export const parameterFault = (node: string, why: string): EngineError =>
  new EngineError("PARAMETER_INVALID", `node ${node}: ${why}`);

/**
 * A vector is one row.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for no rows, rows of another width, and NaN or infinities,
 * naming row and column, both counted from 0.
 */
export const rowsOf = (node: string, view: NumericView, wanted: number | undefined): Rows => {
  const { shape, values, names } = view;
  const [count = 0, width = 0] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length < 1 || shape.length > 2) {
    throw unfit(node, `the payload has shape [${shape}]; send rows of numbers: [rows, columns]`);
  }
  if (count === 0 || width === 0) {
    throw unfit(node, `the payload has shape [${shape}], no value at all; send at least one row`);
  }
  if (wanted !== undefined && width !== wanted) {
    throw unfit(node, `row 0 has ${width} columns; this node takes rows of ${wanted}`);
  }
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    const place = placeOf(broken, { width, names });
    throw unfit(node, `${place} is ${values[broken]}; send finite numbers alone`);
  }
  return { count, width, values, names };
};

/** Where the value of that index is, in words. */
export const placeOf = (index: number, { width, names }: Pick<Rows, "width" | "names">): string => {
  const column = index % width;
  const name = names[column];
  const called = name === undefined ? "" : ` (${name})`;
  return `row ${Math.floor(index / width)}, column ${column}${called}`;
};
