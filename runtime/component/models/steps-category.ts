/** Steps from categories to numbers. Source: scikit-learn, OneHotEncoder and OrdinalEncoder. */
import { ComponentError } from "../user.ts";
import { ModelFault } from "./fault.ts";
import { type Field, fieldOf, isThere, itemsOf, numberOf, requireLength, wordOf } from "./field.ts";
import { type Flow, type Form, numbersFlow, type Step } from "./flow.ts";
import { cellName } from "./table.ts";

/** The places of the categories of each column. */
type Places = ReadonlyMap<unknown, number>;

const readCategories = (field: Field, takes: Form): readonly Places[] => {
  if (takes.is === "sparse" || takes.is === "texts") {
    throw new ModelFault(field.path, `takes columns, and gets ${takes.is}`);
  }
  const lists = itemsOf(field);
  requireLength(field, lists.length, takes.columns);
  return lists.map((list) => new Map(itemsOf(list).map((item, i) => [categoryOf(item), i])));
};

/** A text or a number; null stands for a missing value. */
const categoryOf = (item: Field): unknown => {
  const { value } = item;
  return typeof value === "string" || value === null ? value : numberOf(item);
};

type Cell = { readonly row: number; readonly column: number; readonly value: unknown };

/** The cells of a flow, row by row. */
function* cellsOf(flow: Flow, columns: number): Generator<Cell> {
  if (flow.is === "numbers") {
    for (const [i, value] of flow.table.values.entries()) {
      yield { row: Math.floor(i / columns), column: i % columns, value };
    }
  }
  if (flow.is !== "cells") return;
  for (const [row, cells] of flow.rows.entries()) {
    for (let column = 0; column < columns; column += 1) yield { row, column, value: cells[column] };
  }
}

const rowsIn = (flow: Flow): number => {
  if (flow.is === "numbers") return flow.table.rows;
  return flow.is === "cells" ? flow.rows.length : 0;
};

/** Missing is null in a file, and NaN or null in a request. Numbers that are written as texts are texts. */
const placeOf = (places: Places, value: unknown): number | undefined =>
  places.get(typeof value === "number" && Number.isNaN(value) ? null : (value ?? null));

const unknownCategory = (
  { row, column, value }: Cell,
  places: Places,
  takes: Form,
): ComponentError => {
  const most = 10;
  const known = [...places.keys()].slice(0, most).map((key) => JSON.stringify(key));
  const more = places.size > most ? ` and ${places.size - most} more` : "";
  return new ComponentError(
    `${cellName(row, column, takes.names)} is ${JSON.stringify(value)}: known are ${known.join(", ")}${more}`,
  );
};

const policies = ["error", "ignore"] as const;

/** The column of a category within those of its own; undefined if it has none. */
const shifted = (place: number | undefined, dropped: number | undefined): number | undefined => {
  if (place === undefined || place === dropped) return undefined;
  return dropped !== undefined && place > dropped ? place - 1 : place;
};

/** A column for each category, but for the one that `drop` names for its column by index, or null. */
export const readOneHot = (field: Field, takes: Form): Step => {
  const places = readCategories(fieldOf(field, "categories"), takes);
  const ignores = wordOf(fieldOf(field, "unknown"), policies) === "ignore";
  const dropped = droppedOf(fieldOf(field, "drop"), takes.columns);
  let width = 0;
  const offsets = places.map(({ size }, i) => {
    const offset = width;
    width += dropped[i] === undefined ? size : size - 1;
    return offset;
  });
  const run = (flow: Flow): Flow => {
    const rows = rowsIn(flow);
    const values = new Float64Array(rows * width);
    for (const cell of cellsOf(flow, takes.columns)) {
      const { row, column, value } = cell;
      const own = places[column] ?? new Map();
      const place = placeOf(own, value);
      if (place === undefined && !ignores) throw unknownCategory(cell, own, takes);
      const at = shifted(place, dropped[column]);
      if (at !== undefined) values[row * width + (offsets[column] ?? 0) + at] = 1;
    }
    return numbersFlow({ rows, columns: width, values });
  };
  return { run, gives: { is: "numbers", columns: width, names: [], mayMiss: false } };
};

const droppedOf = (field: Field, columns: number): readonly (number | undefined)[] => {
  if (!isThere(field)) return [];
  const items = itemsOf(field);
  requireLength(field, items.length, columns);
  return items.map((item) => (isThere(item) ? numberOf(item) : undefined));
};

/** The index of each category; `unknown_value` for one that was not seen in training, if there is one. */
export const readOrdinal = (field: Field, takes: Form): Step => {
  const places = readCategories(fieldOf(field, "categories"), takes);
  const [unknownField, missingField] = [
    fieldOf(field, "unknown_value"),
    fieldOf(field, "missing_value"),
  ];
  const unknown = isThere(unknownField) ? orNaN(unknownField) : undefined;
  const missing = isThere(missingField) ? orNaN(missingField) : Number.NaN;
  const run = (flow: Flow): Flow => {
    const rows = rowsIn(flow);
    const values = new Float64Array(rows * takes.columns);
    for (const cell of cellsOf(flow, takes.columns)) {
      const { row, column, value } = cell;
      const own = places[column] ?? new Map();
      const place = placeOf(own, value);
      const isMissing = value === null || value === undefined || Number.isNaN(value);
      const code = place !== undefined && isMissing ? missing : (place ?? unknown);
      if (code === undefined) throw unknownCategory(cell, own, takes);
      values[row * takes.columns + column] = code;
    }
    return numbersFlow({ rows, columns: takes.columns, values });
  };
  return { run, gives: { ...takes, is: "numbers", mayMiss: true } };
};

const orNaN = (field: Field): number => (field.value === "nan" ? Number.NaN : numberOf(field));
