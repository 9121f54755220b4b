/** The rows of a request as a linear model takes them. */
import { EngineError } from "../../errors.ts";
import type { NumericView } from "../view.ts";
import type { Row } from "./ridge.ts";

export type RowShape = {
  readonly node: string;
  /** Numbers that a row of a request has. */
  readonly features: number;
  readonly intercept: boolean;
};

/** Beyond it the squares of numbers drown what is known of the others. */
const mostSize = 1e6;

/**
 * @throws {EngineError} PAYLOAD_UNFIT with the row and the column: for no rows, rows of another
 * width, what is not finite or beyond a million.
 */
export const rowsOf = (
  { node, features, intercept }: RowShape,
  { shape, values }: NumericView,
): readonly Row[] => {
  const count = shape.length < 2 ? 1 : (shape[0] ?? 0);
  if (count === 0) throw unfit(node, "got a request of 0 rows; send one at least");
  if (values.length !== count * features) {
    throw unfit(
      node,
      `got rows of ${values.length / count} numbers, and its parameter n_features is ${features}`,
    );
  }
  return Array.from({ length: count }, (_, at) => {
    const row = new Float64Array(features + (intercept ? 1 : 0)).fill(1);
    for (let column = 0; column < features; column += 1) {
      const value = values[at * features + column] ?? Number.NaN;
      if (!(Math.abs(value) <= mostSize)) {
        throw unfit(
          node,
          `got ${value} in row ${at}, column ${column}; send finite numbers up to ${mostSize}, scaled before if need be`,
        );
      }
      row[column] = value;
    }
    return row;
  });
};

/** @throws nothing: there is a row at least. */
export const meanOf = (rows: readonly Row[]): Row => {
  const [first = new Float64Array()] = rows;
  if (rows.length === 1) return first;
  const mean = new Float64Array(first.length);
  for (const row of rows) {
    for (let i = 0; i < mean.length; i += 1) mean[i] = (mean[i] ?? 0) + (row[i] ?? 0) / rows.length;
  }
  return mean;
};

const unfit = (node: string, what: string): EngineError =>
  new EngineError("PAYLOAD_UNFIT", `node ${node} ${what}`);
