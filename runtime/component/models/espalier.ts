/**
 * Models in a form of our own: a few lines of JSON written by hand for a linear model, or what
 * `tools/export_model.py` writes of a scikit-learn pipeline.
 */
import { kindOf } from "../message.ts";
import { ComponentError, type Features } from "../user.ts";
import { sumsOf } from "./ensemble.ts";
import { ModelFault } from "./fault.ts";
import {
  type Field,
  fieldOf,
  isThere,
  itemsOf,
  mostColumns,
  numberOf,
  textOf,
  textsOf,
  wholeOf,
  wordOf,
} from "./field.ts";
import { type Flow, type Form, numbersFlow, numbersIn } from "./flow.ts";
import { type Label, makeFinish } from "./head.ts";
import { linearSums, readLinear } from "./linear.ts";
import { type Link, links } from "./link.ts";
import { readSteps } from "./steps.ts";
import { requireWhole } from "./steps-number.ts";
import type { ModelOptions, StoredModel, TensorSpec } from "./stored-model.ts";
import { roundToSingle, rowsOf, type Table, tableOf } from "./table.ts";
import { readTrees } from "./trees.ts";

const version = 1;

/** @throws {ModelFault} */
export const readEspalier = (root: Field, options: ModelOptions): StoredModel => {
  wholeOf(fieldOf(root, "espalier"), { least: version, most: version });
  const takes = readInput(fieldOf(root, "input"));
  const steps = readSteps(fieldOf(root, "steps"), takes);
  const model = readModel(fieldOf(root, "model"), steps.gives);
  const classesField = fieldOf(root, "classes");
  const classes = isThere(classesField) ? itemsOf(classesField).map(labelOf) : [];
  requireClasses(classesField, classes, model);
  const method = model.link === "identity" && classes.length > 0 ? "decision_function" : "linked";
  const head = { link: model.link, columns: model.outputs, classes, method } as const;
  const { finish, output, classNames } = makeFinish(head, options.method);
  const madeBy = fieldOf(root, "made_by");
  return {
    platform: isThere(madeBy) ? textOf(madeBy) : "espalier",
    inputs: [inputSpec(takes)],
    outputs: [output],
    featureNames: takes.names,
    classNames,
    predict: (X, names) => finish(model.sums(steps.run(flowOf(X, names, takes)))),
  };
};

const inputs = ["numbers", "cells", "texts"] as const;

/** `{"kind": "numbers", "columns": 4, "names": [...]}`; either of the two says how many there are. */
const readInput = (field: Field): Form => {
  const kind = fieldOf(field, "kind");
  const is = isThere(kind) ? wordOf(kind, inputs) : "numbers";
  if (is === "texts") return { is, columns: 1, names: [], mayMiss: false };
  const [namesField, columnsField] = [fieldOf(field, "names"), fieldOf(field, "columns")];
  const names = isThere(namesField) ? textsOf(namesField) : [];
  const columns =
    names.length > 0 && !isThere(columnsField)
      ? names.length
      : wholeOf(columnsField, { least: 1, most: mostColumns });
  if (names.length !== 0 && names.length !== columns) {
    throw new ModelFault(namesField.path, `has ${names.length} names for ${columns} columns`);
  }
  return { is, columns, names, mayMiss: true };
};

type Read = {
  readonly link: Link;
  readonly outputs: number;
  readonly sums: (flow: Flow) => Table;
};

const models = ["linear", "trees"] as const;

const readModel = (field: Field, form: Form): Read => {
  if (form.is === "texts" || form.is === "cells") {
    throw new ModelFault(field.path, `takes numbers, and gets ${form.is}`);
  }
  const linkField = fieldOf(field, "link");
  const link = isThere(linkField) ? wordOf(linkField, links) : "identity";
  switch (wordOf(fieldOf(field, "kind"), models)) {
    case "linear": {
      const linear = readLinear(field, form.columns);
      const sums = (flow: Flow): Table => {
        if (flow.is === "numbers") requireWhole(flow.table, form.names);
        return linearSums(linear, flow);
      };
      return { link, outputs: linear.outputs, sums };
    }
    case "trees": {
      const { ensemble, single } = readTrees(field, form.columns);
      const sums = (flow: Flow): Table => {
        const table = numbersIn(flow);
        if (!single) return sumsOf(ensemble, table);
        const values = Float64Array.from(table.values);
        roundToSingle(values);
        return sumsOf(ensemble, { ...table, values });
      };
      return { link, outputs: ensemble.columns, sums };
    }
  }
};

const labelOf = (field: Field): Label =>
  typeof field.value === "string" ? field.value : numberOf(field);

const requireClasses = (
  { path }: Field,
  classes: readonly Label[],
  { link, outputs }: Read,
): void => {
  const wanted = outputs === 1 ? 2 : outputs;
  if (classes.length !== 0 && classes.length !== wanted) {
    throw new ModelFault(path, `has ${classes.length} classes for ${outputs} sums`);
  }
  if (link === "pair" && outputs !== 1) {
    throw new ModelFault("model.link", `is pair, which takes one sum, and there are ${outputs}`);
  }
};

/** What a request holds, in the form that the first step takes. */
const flowOf = (X: Features, names: readonly string[], takes: Form): Flow => {
  const columns = { count: takes.columns, names: takes.names, mayMiss: takes.mayMiss };
  switch (takes.is) {
    case "texts":
      return { is: "texts", texts: textsIn(X) };
    case "cells":
      return { is: "cells", rows: rowsOf(X, names, columns) };
    default:
      return numbersFlow(tableOf(X, names, columns));
  }
};

/** A text, a list of texts, or rows of one text. */
const textsIn = (X: Features): readonly string[] => {
  const list: readonly unknown[] = Array.isArray(X) ? X : [X];
  if (list.length === 0) throw new ComponentError("the request has no rows");
  return list.map((row, i) => {
    const text: unknown = Array.isArray(row) && row.length === 1 ? row[0] : row;
    if (typeof text === "string") return text;
    throw new ComponentError(`row ${i} is ${kindOf(text)}: the model takes texts`);
  });
};

const inputSpec = ({ is, columns }: Form): TensorSpec => {
  if (is === "texts") return { name: "texts", datatype: "BYTES", shape: [-1] };
  const datatype = is === "cells" ? "BYTES" : "FP64";
  return { name: "features", datatype, shape: [-1, columns] };
};
