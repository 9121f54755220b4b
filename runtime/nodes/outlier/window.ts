/** The latest rows, each column kept in order: medians and quartiles are looked up, not computed. */
import type { Rows } from "../rows.ts";

export type Window = {
  /** Rows in it. */
  count(): number;
  add(rows: Rows): void;
  /** The values of a column, the smallest first; good until the next `add`. */
  column(index: number): Float64Array;
};

/** Of up to `size` rows of `width` columns. */
export const makeWindow = (size: number, width: number): Window => {
  const rows = new Float64Array(size * width);
  const columns = Array.from({ length: width }, () => new Float64Array(size));
  let count = 0;
  let next = 0;

  const put = (values: readonly number[], from: number): void => {
    columns.forEach((column, j) => {
      const value = values[from + j] ?? 0;
      if (count === size) remove(column, rows[next * width + j] ?? 0);
      insert(column, count === size ? size - 1 : count, value);
      rows[next * width + j] = value;
    });
    count = Math.min(count + 1, size);
    next = (next + 1) % size;
  };
  return {
    count: () => count,
    add: ({ count: more, values }) => {
      for (let row = Math.max(0, more - size); row < more; row += 1) put(values, row * width);
    },
    column: (index) => columns[index]?.subarray(0, count) ?? new Float64Array(),
  };
};

/** Where the first value that is not less than this one is, or would be. */
const placeOf = (column: Float64Array, length: number, value: number): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

const insert = (column: Float64Array, length: number, value: number): void => {
  const place = placeOf(column, length, value);
  column.copyWithin(place + 1, place, length);
  column[place] = value;
};

const remove = (column: Float64Array, value: number): void => {
  const place = placeOf(column, column.length, value);
  column.copyWithin(place, place + 1);
};
