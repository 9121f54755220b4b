/** Steps from numbers to numbers. Source: scikit-learn, the transformers that each docstring names. */
import { ComponentError } from "../user.ts";
import { ModelFault } from "./fault.ts";
import {
  type Field,
  fieldOf,
  flagOf,
  isThere,
  matrixOf,
  numberOf,
  numbersOf,
  wholesOf,
  wordOf,
} from "./field.ts";
import { type Flow, type Form, numbersFlow, numbersIn, type Step } from "./flow.ts";
import { cellName, type Table } from "./table.ts";

/** @throws {ModelFault} unless what comes are numbers. */
export const requireNumbers = ({ path }: Field, { is }: Form): void => {
  if (is === "numbers" || is === "sparse") return;
  throw new ModelFault(path, `takes numbers, and gets ${is}`);
};

const numeric = (field: Field, takes: Form, change: (table: Table) => Table): Step => {
  requireNumbers(field, takes);
  return {
    gives: { ...takes, is: "numbers" },
    run: (flow) => numbersFlow(change(numbersIn(flow))),
  };
};

/** Changes each number by its column. */
const cellwise = (
  { rows, columns, values }: Table,
  change: (value: number, column: number) => number,
): Table => {
  const changed = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 1) changed[i] = change(values[i] ?? 0, i % columns);
  return { rows, columns, values: changed };
};

/** `(x - center) / scale`: StandardScaler, RobustScaler, MaxAbsScaler. */
export const readStandardize = (field: Field, takes: Form): Step => {
  const [centerField, scaleField] = [fieldOf(field, "center"), fieldOf(field, "scale")];
  const center = isThere(centerField) ? numbersOf(centerField, takes.columns) : undefined;
  const scale = isThere(scaleField) ? numbersOf(scaleField, takes.columns) : undefined;
  const zero = scale?.indexOf(0) ?? -1;
  if (zero >= 0) throw new ModelFault(`${scaleField.path}[${zero}]`, "is 0, which divides nothing");
  return numeric(field, takes, (table) =>
    cellwise(table, (x, i) => (x - (center?.[i] ?? 0)) / (scale?.[i] ?? 1)),
  );
};

/** `x * scale + offset`, and within `range` if there is one: MinMaxScaler. */
export const readMinMax = (field: Field, takes: Form): Step => {
  const scale = numbersOf(fieldOf(field, "scale"), takes.columns);
  const offset = numbersOf(fieldOf(field, "offset"), takes.columns);
  const rangeField = fieldOf(field, "range");
  const [least, most] = isThere(rangeField) ? numbersOf(rangeField, 2) : [-Infinity, Infinity];
  const within = (x: number): number => Math.min(Math.max(x, least ?? -Infinity), most ?? Infinity);
  return numeric(field, takes, (table) =>
    cellwise(table, (x, i) => within(x * (scale[i] ?? 1) + (offset[i] ?? 0))),
  );
};

/** 1 above the threshold, 0 otherwise: Binarizer. */
export const readBinarize = (field: Field, takes: Form): Step => {
  const threshold = numberOf(fieldOf(field, "threshold"));
  return numeric(field, takes, (table) => cellwise(table, (x) => (x > threshold ? 1 : 0)));
};

const norms = ["l1", "l2", "max"] as const;

/** Divides each row by its norm: Normalizer. */
export const readNormalize = (field: Field, takes: Form): Step => {
  const norm = wordOf(fieldOf(field, "norm"), norms);
  return numeric(field, takes, (table) => {
    const values = Float64Array.from(table.values);
    for (let row = 0; row < table.rows; row += 1) {
      divideByNorm(values.subarray(row * table.columns, (row + 1) * table.columns), norm);
    }
    return { ...table, values };
  });
};

/** A row of zeros stays as it is. */
export const divideByNorm = (row: Float64Array, norm: (typeof norms)[number]): void => {
  let size = 0;
  for (const x of row) {
    if (norm === "l2") size += x * x;
    else size = norm === "l1" ? size + Math.abs(x) : Math.max(size, Math.abs(x));
  }
  if (norm === "l2") size = Math.sqrt(size);
  if (size === 0) return;
  for (let i = 0; i < row.length; i += 1) row[i] = (row[i] ?? 0) / size;
};

/** A number in the place of a missing one: SimpleImputer. */
export const readImpute = (field: Field, takes: Form): Step => {
  const fill = numbersOf(fieldOf(field, "fill"), takes.columns);
  const missingField = fieldOf(field, "missing"); // NaN if nothing is said
  const missing = isThere(missingField) ? numberOf(missingField) : Number.NaN;
  const step = numeric(field, takes, (table) =>
    cellwise(table, (x, i) => (Object.is(x, missing) || x === missing ? (fill[i] ?? 0) : x)),
  );
  return {
    ...step,
    gives: { ...step.gives, mayMiss: Number.isNaN(missing) ? false : takes.mayMiss },
  };
};

/** Some of the columns: feature selection. */
export const readSelect = (field: Field, takes: Form): Step => {
  const columns = wholesOf(fieldOf(field, "columns"), { least: 0, most: takes.columns - 1 });
  const step = numeric(field, takes, ({ rows, columns: width, values }) => ({
    rows,
    columns: columns.length,
    values: Float64Array.from({ length: rows * columns.length }, (_, i) => {
      const row = Math.floor(i / columns.length);
      return values[row * width + (columns[i % columns.length] ?? 0)] ?? 0;
    }),
  }));
  const names = takes.names.length === 0 ? [] : Array.from(columns, (i) => takes.names[i] ?? "");
  return { ...step, gives: { ...step.gives, columns: columns.length, names } };
};

/** `(x - mean) @ components.T`, divided by `scale`: PCA, TruncatedSVD. */
export const readProject = (field: Field, takes: Form): Step => {
  requireNumbers(field, takes);
  const components = matrixOf(fieldOf(field, "components"), takes.columns);
  const [meanField, scaleField] = [fieldOf(field, "mean"), fieldOf(field, "scale")];
  const mean = isThere(meanField) ? numbersOf(meanField, takes.columns) : undefined;
  const scale = isThere(scaleField) ? numbersOf(scaleField, components.rows) : undefined;
  const run = (flow: Flow): Flow => {
    const { rows, columns, values } = numbersIn(flow);
    const projected = new Float64Array(rows * components.rows);
    for (let i = 0; i < projected.length; i += 1) {
      const row = Math.floor(i / components.rows) * columns;
      const component = i % components.rows;
      let sum = 0;
      for (let j = 0; j < columns; j += 1) {
        const x = (values[row + j] ?? 0) - (mean?.[j] ?? 0);
        sum += x * (components.values[component * columns + j] ?? 0);
      }
      projected[i] = sum / (scale?.[component] ?? 1);
    }
    return numbersFlow({ rows, columns: components.rows, values: projected });
  };
  return { run, gives: { is: "numbers", columns: components.rows, names: [], mayMiss: false } };
};

/** What stands at the end of a pipeline whose model takes no missing values. @throws {ComponentError} 400 */
export const requireWhole = ({ rows, columns, values }: Table, names: readonly string[]): void => {
  for (let i = 0; i < rows * columns; i += 1) {
    if (!Number.isNaN(values[i])) continue;
    const cell = cellName(Math.floor(i / columns), i % columns, names);
    throw new ComponentError(
      `${cell} is missing, and the model was trained without missing values`,
    );
  }
};

/** Reads a flag that may be left out. */
export const flagIn = (field: Field, key: string): boolean => {
  const flag = fieldOf(field, key);
  return isThere(flag) && flagOf(flag);
};
