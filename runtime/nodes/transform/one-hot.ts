import type { Values } from "../../../api/built-ins/read.ts";
import type { transformers } from "../../../api/built-ins/transformers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode, Look } from "../node.ts";
import { parameterFault, rowsOf, unfit } from "../rows.ts";
import { type Cells, cellsOf } from "./cells.ts";
import { makeTransformer } from "./transformer.ts";

type Parameters = Values<typeof transformers.ONE_HOT_ENCODER>;
type Category = string | number | boolean;

/** A column that is encoded. */
type Coded = {
  readonly column: number;
  readonly categories: readonly Category[];
  /** Where the 1 goes for a category; undefined for one that is left out. */
  readonly places: ReadonlyMap<unknown, number | undefined>;
  /** The categories that have a column of their own. */
  readonly kept: readonly Category[];
};

/**
 * Answers a column of 0 and 1 for each category, named `<column>_<category>`; columns that are not
 * encoded follow behind.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for rows of another width, values that are no category unless
 * those are ignored, and texts in columns that are not encoded; PARAMETER_INVALID for categories
 * and columns that do not fit. Source: scikit-learn's OneHotEncoder, in a ColumnTransformer with
 * the remainder passed through.
 */
export const makeOneHot = (values: Parameters, means: Means): BuiltInNode => {
  const { name } = means;
  const coded = codedOf(name, values);
  const ignores = values.handle_unknown === "ignore";
  const highest = coded.reduce((most, { column }) => Math.max(most, column), 0);
  const numeric = coded.every(({ categories }) =>
    categories.every((one) => typeof one === "number"),
  );
  const exact = values.columns === undefined ? coded.length : undefined;
  return makeTransformer(means, (look) => {
    const cells = numeric ? numbersOf(name, look) : cellsOf(name, look);
    if (cells.width !== exact && (exact !== undefined || cells.width <= highest)) {
      const wanted = exact ?? `${highest + 1} or more`;
      throw unfit(name, `row 0 has ${cells.width} columns; this node takes rows of ${wanted}`);
    }
    return { numbers: encoded(name, cells, coded, ignores) };
  });
};

const encoded = (node: string, cells: Cells, coded: readonly Coded[], ignores: boolean) => {
  const { width, rows } = cells;
  const rest = Array.from({ length: width }, (_, column) => column).filter(
    (column) => !coded.some((one) => one.column === column),
  );
  const values = rows.flatMap((row, i) => [
    ...coded.flatMap((one) => {
      const hot = one.kept.map(() => 0);
      const value = row[one.column];
      const place = one.places.get(value);
      if (place !== undefined) hot[place] = 1;
      else if (!ignores && !one.places.has(value)) throw unknown(node, i, value, one);
      return hot;
    }),
    ...rest.map((column) => {
      const value = row[column];
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw unfit(
        node,
        `row ${i}, column ${column} is ${told(value)}; columns that are not encoded must be numbers`,
      );
    }),
  ]);
  const nameOf = (column: number): string => cells.names[column] ?? `x${column}`;
  const names = [
    ...coded.flatMap(({ column, kept }) => kept.map((one) => `${nameOf(column)}_${one}`)),
    ...rest.map(nameOf),
  ];
  return { shape: [rows.length, names.length], values, names };
};

const unknown = (node: string, row: number, value: unknown, { column, categories }: Coded) =>
  unfit(
    node,
    `row ${row}, column ${column} is ${told(value)}, none of its ${categories.length} categories, like ${told(categories[0])}; set handle_unknown to "ignore" to take it as none`,
  );

/** Never the whole of a large one, and nothing of one with depths. */
const told = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return "an array or an object";
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
};

const numbersOf = (node: string, look: Look): Cells => {
  const { count, width, values, names } = rowsOf(node, look.numbers(), undefined);
  const rows = Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
  return { width, rows, names };
};

/** @throws {EngineError} PARAMETER_INVALID */
const codedOf = (node: string, { categories, columns, drop }: Parameters): readonly Coded[] => {
  if (!Array.isArray(categories) || categories.length === 0 || !categories.every(isCategories)) {
    throw parameterFault(
      node,
      'categories is not an array of arrays of texts or numbers, like [["red","green"],[1,2,3]]',
    );
  }
  const chosen = columns ?? categories.map((_, column) => column);
  const fits = chosen.every((one) => Number.isSafeInteger(one));
  if (chosen.length !== categories.length || !fits || new Set(chosen).size !== chosen.length) {
    throw parameterFault(
      node,
      `columns is ${chosen}; write a whole number for each of the ${categories.length} arrays in categories, none twice`,
    );
  }
  return categories.map((own, i) => {
    if (new Set(own).size !== own.length) {
      throw parameterFault(node, `categories[${i}] has a category twice`);
    }
    const dropped = drop === "first" || (drop === "if_binary" && own.length === 2) ? 1 : 0;
    const places = new Map(own.map((one, at) => [one, at < dropped ? undefined : at - dropped]));
    return { column: chosen[i] ?? 0, categories: own, places, kept: own.slice(dropped) };
  });
};

const isCategories = (value: unknown): value is readonly Category[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => ["string", "number", "boolean"].includes(typeof one));
