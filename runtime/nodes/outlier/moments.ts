/** Count, mean and covariance of rows, kept as sums so that engines can share them. */
import type { Rows } from "../rows.ts";
import type { Sums } from "../state-store.ts";

/** How many sums rows of a width need: the count, each column's, each pair's. */
export const lengthOf = (width: number): number => 1 + width + (width * (width + 1)) / 2;

/** Bounds of what is learned of each column: what lies beyond counts as the bound. */
export type Bounds = { readonly least: Float64Array; readonly most: Float64Array };

export type Moments = {
  readonly count: number;
  readonly mean: Float64Array;
  /** Row-major; over `count - 1`. */
  readonly covariance: Float64Array;
  /** A variance below this is nothing but rounding. */
  readonly noise: number;
};

/**
 * Adds rows to the sums, all at once. Values are taken relative to `origin`: the nearer it is to
 * their mean, the less is lost to rounding.
 *
 * Source: Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", The American
 * Statistician 37 (1983), the shifted textbook algorithm.
 */
export const addRows = (
  sums: Sums,
  { count, width, values }: Rows,
  origin: readonly number[],
  bounds: Bounds | undefined,
): void => {
  const amounts = new Array<number>(lengthOf(width)).fill(0);
  const row = new Float64Array(width);
  amounts[0] = count;
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < width; j += 1) {
      const value = values[i * width + j] ?? 0;
      const least = bounds?.least[j] ?? value;
      const most = bounds?.most[j] ?? value;
      row[j] = Math.min(Math.max(value, least), most) - (origin[j] ?? 0);
    }
    addProducts(amounts, row);
  }
  sums.add(
    amounts.map((_, place) => place),
    amounts,
  );
};

const addProducts = (amounts: number[], row: Float64Array): void => {
  const width = row.length;
  let place = 1 + width;
  for (let j = 0; j < width; j += 1) {
    const value = row[j] ?? 0;
    amounts[1 + j] = (amounts[1 + j] ?? 0) + value;
    for (let k = j; k < width; k += 1) {
      amounts[place] = (amounts[place] ?? 0) + value * (row[k] ?? 0);
      place += 1;
    }
  }
};

/** Makes the sums those of no more than `most` rows: each row so far weighs less. */
export const fade = (sums: Sums, most: number): void => {
  const count = sums.values[0] ?? 0;
  if (count <= most) return;
  const lost = 1 - most / count;
  const places = Array.from(sums.values, (_, place) => place);
  sums.add(
    places,
    places.map((place) => -(sums.values[place] ?? 0) * lost),
  );
};

/** Undefined for fewer than two rows. */
export const momentsOf = (
  { values }: Sums,
  width: number,
  origin: readonly number[],
): Moments | undefined => {
  const count = values[0] ?? 0;
  if (!(count >= 2)) return undefined;
  const shifted = Float64Array.from({ length: width }, (_, j) => (values[1 + j] ?? 0) / count);
  const covariance = new Float64Array(width * width);
  let place = 1 + width;
  let squares = 0;
  for (let j = 0; j < width; j += 1) {
    const mean = shifted[j] ?? 0;
    squares += mean * mean;
    for (let k = j; k < width; k += 1) {
      const product = (values[place] ?? 0) - count * mean * (shifted[k] ?? 0);
      covariance[j * width + k] = product / (count - 1);
      covariance[k * width + j] = product / (count - 1);
      place += 1;
    }
  }
  return {
    count,
    mean: shifted.map((mean, j) => mean + (origin[j] ?? 0)),
    covariance,
    noise: 8 * Number.EPSILON * squares,
  };
};
