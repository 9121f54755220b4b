/** The trees of scikit-learn, as `tools/export_model.py` writes them. */

import type { Ensemble } from "./ensemble.ts";
import { makeEnsemble } from "./ensemble-builder.ts";
import { ModelFault } from "./fault.ts";
import {
  type Field,
  fieldOf,
  flagOf,
  isThere,
  itemsOf,
  matrixOf,
  mostOutputs,
  numberOf,
  numbersOf,
  requireLength,
  wholeOf,
  wholesOf,
} from "./field.ts";
import { rules } from "./forest.ts";
import type { ForestBuilder } from "./forest-builder.ts";

/**
 * `base` is what each output begins with; a leaf has `width` numbers, 1 of which goes to the output
 * that `groups` names for its tree, more to all of them; `divisor` divides the sums. With `single`
 * a row is rounded to 32-bit floats first.
 */
export const readTrees = (
  field: Field,
  columns: number,
): { readonly ensemble: Ensemble; readonly single: boolean } => {
  const base = numbersOf(fieldOf(field, "base"));
  const outputs = base.length;
  const width = wholeOf(fieldOf(field, "width"), { least: 1, most: mostOutputs });
  if (width !== 1 && width !== outputs) {
    throw new ModelFault(
      `${field.path}.width`,
      `is ${width}: 1 or the ${outputs} of base is needed`,
    );
  }
  const trees = itemsOf(fieldOf(field, "trees"));
  const groups = fieldOf(field, "groups");
  const divisor = fieldOf(field, "divisor");
  const { builder, finish } = makeEnsemble({ columns, outputs, base, isSingle: false, width });
  for (const tree of trees) addTree(builder, tree, width);
  const ensemble = finish({
    groups: isThere(groups)
      ? wholesOf(groups, { least: 0, most: outputs - 1 }, trees.length)
      : new Int32Array(trees.length),
    divisor: isThere(divisor) ? numberOf(divisor) : 1,
  });
  return { ensemble, single: flagOf(fieldOf(field, "single")) };
};

const index = { least: -1, most: 2 ** 31 - 1 };

/** A node whose `left` is -1 is a leaf. Source: scikit-learn, `tree_`. */
const addTree = (builder: ForestBuilder, tree: Field, width: number): void => {
  const left = wholesOf(fieldOf(tree, "left"), index);
  const nodes = left.length;
  const right = wholesOf(fieldOf(tree, "right"), index, nodes);
  const features = wholesOf(fieldOf(tree, "feature"), { least: -2, most: index.most }, nodes);
  const thresholds = numbersOf(fieldOf(tree, "threshold"), nodes);
  const missing = fieldOf(tree, "missing_left");
  const isMissingLeft = isThere(missing) ? wholesOf(missing, { least: 0, most: 1 }, nodes) : [];
  const sets = categoriesOf(tree, nodes);
  const values = leavesOf(fieldOf(tree, "value"), width, nodes);
  builder.add({
    path: tree.path,
    nodes,
    root: 0,
    leafOf: (node) =>
      left[node] === -1 ? values.subarray(node * width, (node + 1) * width) : undefined,
    splitOf: (node) => {
      const categories = sets?.[node];
      return {
        feature: features[node] ?? -1,
        threshold: thresholds[node] ?? 0,
        yes: left[node] ?? -1,
        no: right[node] ?? -1,
        rule: isMissingLeft[node] === 1 ? rules.missingIsYes : 0,
        ...(categories === undefined ? {} : { categories }),
      };
    },
  });
};

/** A number for each node, or a list for each. */
const leavesOf = (field: Field, width: number, nodes: number): Float64Array => {
  if (width === 1) return numbersOf(field, nodes);
  const { values, rows } = matrixOf(field, width);
  requireLength(field, rows, nodes);
  return values;
};

const word = { least: 0, most: 2 ** 32 - 1 };

/** The categories that go left, as words of 32 bits, or null for a node that asks for a number. */
const categoriesOf = (
  tree: Field,
  nodes: number,
): readonly (readonly number[] | undefined)[] | undefined => {
  const field = fieldOf(tree, "categories");
  if (!isThere(field)) return undefined;
  const items = itemsOf(field);
  requireLength(field, items.length, nodes);
  return items.map((item) =>
    isThere(item) ? itemsOf(item).map((each) => wholeOf(each, word)) : undefined,
  );
};
