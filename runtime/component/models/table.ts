/** From what a request holds to rows of numbers, and back. */
import { kindOf } from "../message.ts";
import { ComponentError, type Features } from "../user.ts";

/** Rows of numbers, one after the other. */
export type Table = {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
};

export type Columns = {
  readonly count: number;
  /** Empty if the model does not know them. */
  readonly names: readonly string[];
  /** Whether a value may be missing: NaN, or null. */
  readonly mayMiss: boolean;
};

/** The cells of a request by row, each row as long as `count`, in the order that the model wants. */
export const rowsOf = (
  X: Features,
  names: readonly string[],
  { count, names: wanted }: Pick<Columns, "count" | "names">,
): readonly (readonly unknown[])[] => {
  const rows = listed(X, count);
  const order = orderOf(names, wanted);
  rows.forEach((row, i) => {
    if (!Array.isArray(row)) {
      throw new ComponentError(`row ${i} is ${kindOf(row)}: a list of ${count} values is needed`);
    }
    if (order === undefined && row.length !== count) {
      throw new ComponentError(`row ${i} has ${row.length} values: the model takes ${count}`);
    }
    if (order !== undefined && row.length !== names.length) {
      throw new ComponentError(`row ${i} has ${row.length} values for ${names.length} names`);
    }
  });
  const lists = rows as readonly (readonly unknown[])[]; // each was checked above
  return order === undefined ? lists : lists.map((row) => order.map((at) => row[at]));
};

/** A single row may come without the list around it, and a single column without those around its values. */
const listed = (X: Features, count: number): readonly unknown[] => {
  if (!Array.isArray(X)) {
    throw new ComponentError(`the model takes rows of ${count} values, not ${kindOf(X)}`);
  }
  if (X.length === 0) throw new ComponentError("the request has no rows");
  if (X.some(Array.isArray)) return X;
  return count === 1 ? X.map((value) => [value]) : [X];
};

/**
 * Where the columns that the model knows by name are in the request; undefined if they are taken in
 * the order in which they come, for one of the two does not name them.
 */
const orderOf = (
  names: readonly string[],
  wanted: readonly string[],
): readonly number[] | undefined => {
  if (names.length === 0 || wanted.length === 0) return undefined;
  const places = new Map(names.map((name, i) => [name, i]));
  const missing = wanted.find((name) => !places.has(name));
  if (missing === undefined) return wanted.map((name) => places.get(name) ?? 0);
  if (!wanted.some((name) => places.has(name))) return undefined;
  throw new ComponentError(
    `the request names its columns, and has none named ${JSON.stringify(missing)}: the model takes ${listOf(wanted)}`,
  );
};

const mostListed = 20;

const listOf = (names: readonly string[]): string =>
  names.length > mostListed
    ? `${names.slice(0, mostListed).join(", ")} and ${names.length - mostListed} more`
    : names.join(", ");

/**
 * The numbers of a request. True and false are 1 and 0; null is a missing value.
 *
 * @throws {ComponentError} 400 naming the row, and the column by its name where it has one.
 */
export const tableOf = (X: Features, names: readonly string[], columns: Columns): Table => {
  const rows = rowsOf(X, names, columns);
  const { count } = columns;
  const values = new Float64Array(rows.length * count);
  let at = 0;
  for (const [i, row] of rows.entries()) {
    for (let column = 0; column < count; column += 1) {
      const cell = row[column];
      const isPlain = typeof cell === "number" && !Number.isNaN(cell);
      values[at] = isPlain ? cell : numberOf(cell, i, column, columns);
      at += 1;
    }
  }
  return { rows: rows.length, columns: count, values };
};

/** @throws {ComponentError} 400 */
const numberOf = (
  cell: unknown,
  row: number,
  column: number,
  { names, mayMiss }: Columns,
): number => {
  if (typeof cell === "boolean") return cell ? 1 : 0;
  const isMissing = cell === null || (typeof cell === "number" && Number.isNaN(cell));
  if (isMissing && mayMiss) return Number.NaN;
  const what = isMissing
    ? "is missing (NaN or null), and the model was trained without missing values"
    : `is ${typeof cell === "string" ? JSON.stringify(cell.slice(0, 40)) : kindOf(cell)}: the model takes numbers`;
  throw new ComponentError(`${cellName(row, column, names)} ${what}`);
};

/** `row 3, column 2 ("age")` */
export const cellName = (row: number, column: number, names: readonly string[]): string => {
  const name = names[column];
  return `row ${row}, column ${column}${name === undefined ? "" : ` (${JSON.stringify(name)})`}`;
};

/** One list of a number for each row if there is one column, else a list for each row. */
export const answerOf = ({ rows, columns, values }: Table, isFlat: boolean): readonly unknown[] =>
  isFlat
    ? Array.from(values)
    : Array.from({ length: rows }, (_, i) =>
        Array.from(values.subarray(i * columns, (i + 1) * columns)),
      );

/** As the libraries do that keep rows as 32-bit floats. */
export const roundToSingle = (values: Float64Array): void => {
  for (let i = 0; i < values.length; i += 1) values[i] = Math.fround(values[i] ?? 0);
};
