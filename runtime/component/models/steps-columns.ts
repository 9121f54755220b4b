/** Several steps side by side, each on columns of its own. Source: scikit-learn, ColumnTransformer and FeatureUnion. */
import { kindOf } from "../message.ts";
import { ComponentError } from "../user.ts";
import { ModelFault } from "./fault.ts";
import { type Field, fieldOf, itemsOf, wholesOf, wordOf } from "./field.ts";
import { type Flow, type Form, numbersFlow, numbersIn, type Step } from "./flow.ts";
import type { Steps } from "./steps.ts";
import { cellName, type Table, tableOf } from "./table.ts";

type Part = {
  readonly columns: Int32Array;
  readonly takes: Form;
  readonly steps: Steps;
};

const forms = ["numbers", "cells", "texts"] as const;

/**
 * `parts`: a list of `{columns, as, steps}`. The columns are taken as `numbers`, as `cells` that
 * hold texts too, or, a single one, as `texts`; what the steps give is put side by side.
 */
export const readColumns = (
  field: Field,
  takes: Form,
  readSteps: (field: Field, takes: Form) => Steps,
): Step => {
  const parts = itemsOf(fieldOf(field, "parts")).map((part): Part => {
    const bounds = { least: 0, most: takes.columns - 1 };
    const columns = wholesOf(fieldOf(part, "columns"), bounds);
    const as = fieldOf(part, "as");
    const is = wordOf(as, forms);
    if (takes.is !== "cells" && is !== takes.is && takes.is !== "sparse") {
      throw new ModelFault(as.path, `is ${is}, and ${takes.is} come`);
    }
    if (is === "texts" && columns.length !== 1) {
      throw new ModelFault(as.path, `is texts, which are one column, and not ${columns.length}`);
    }
    const names = takes.names.length === 0 ? [] : Array.from(columns, (i) => takes.names[i] ?? "");
    const form: Form = { is, columns: columns.length, names, mayMiss: true };
    const steps = readSteps(fieldOf(part, "steps"), form);
    if (steps.gives.is !== "numbers" && steps.gives.is !== "sparse") {
      throw new ModelFault(
        `${part.path}.steps`,
        `end in ${steps.gives.is} where numbers are needed`,
      );
    }
    return { columns, takes: form, steps };
  });
  const width = parts.reduce((sum, { steps }) => sum + steps.gives.columns, 0);
  return {
    run: (flow) =>
      numbersFlow(sideBySide(parts.map((part) => numbersIn(part.steps.run(taken(flow, part)))))),
    gives: {
      is: "numbers",
      columns: width,
      names: [],
      mayMiss: parts.some(({ steps }) => steps.gives.mayMiss),
    },
  };
};

/** The columns of a part, in the form that it takes. */
const taken = (flow: Flow, { columns, takes }: Part): Flow => {
  if (flow.is === "texts") return flow;
  if (flow.is !== "cells") return numbersFlow(picked(numbersIn(flow), columns));
  const rows = flow.rows.map((row) => Array.from(columns, (i) => row[i]));
  switch (takes.is) {
    case "numbers":
      return numbersFlow(
        tableOf(rows, [], { count: columns.length, names: takes.names, mayMiss: true }),
      );
    case "texts":
      return { is: "texts", texts: rows.map(([cell], i) => textIn(cell, i, takes)) };
    default:
      return { is: "cells", rows };
  }
};

const textIn = (cell: unknown, row: number, { names }: Form): string => {
  if (typeof cell === "string") return cell;
  throw new ComponentError(`${cellName(row, 0, names)} is ${kindOf(cell)}: a text is needed`);
};

const picked = ({ rows, columns, values }: Table, wanted: Int32Array): Table => {
  const taken = new Float64Array(rows * wanted.length);
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < wanted.length; i += 1) {
      taken[row * wanted.length + i] = values[row * columns + (wanted[i] ?? 0)] ?? 0;
    }
  }
  return { rows, columns: wanted.length, values: taken };
};

const sideBySide = (tables: readonly Table[]): Table => {
  const rows = tables[0]?.rows ?? 0;
  const columns = tables.reduce((sum, table) => sum + table.columns, 0);
  const values = new Float64Array(rows * columns);
  let offset = 0;
  for (const table of tables) {
    for (let row = 0; row < rows; row += 1) {
      const own = table.values.subarray(row * table.columns, (row + 1) * table.columns);
      values.set(own, row * columns + offset);
    }
    offset += table.columns;
  }
  return { rows, columns, values };
};
