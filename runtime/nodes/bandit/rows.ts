/** The rows of a request as a linear model takes them. */
import { placeOf, rowsOf, unfit } from "../rows.ts";
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

/** @throws {EngineError} PAYLOAD_UNFIT as `rowsOf`, and for numbers beyond a million. */
export const modelRows = (
  { node, features, intercept }: RowShape,
  view: NumericView,
): readonly Row[] => {
  const { count, width, values, names } = rowsOf(node, view, features);
  const large = values.findIndex((value) => Math.abs(value) > mostSize);
  if (large >= 0) {
    throw unfit(
      node,
      `${placeOf(large, { width, names })} is ${values[large]}; send numbers up to ${mostSize}, scaled before if need be`,
    );
  }
  return Array.from({ length: count }, (_, at) => {
    const row = new Float64Array(features + (intercept ? 1 : 0)).fill(1);
    row.set(values.slice(at * width, (at + 1) * width));
    return row;
  });
};

/** Of one row at least. */
export const meanRow = (rows: readonly Row[]): Row => {
  const [first = new Float64Array()] = rows;
  if (rows.length === 1) return first;
  const mean = new Float64Array(first.length);
  for (const row of rows) {
    for (let i = 0; i < mean.length; i += 1) mean[i] = (mean[i] ?? 0) + (row[i] ?? 0) / rows.length;
  }
  return mean;
};
