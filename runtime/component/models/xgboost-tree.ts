/** One tree of an XGBoost model. Source: XGBoost, JSON schema of a tree. */
import { ModelFault } from "./fault.ts";
import { type Field, fieldAt, fieldOf, isThere, numbersOf, wholeOf, wholesOf } from "./field.ts";
import { rules } from "./forest.ts";
import type { ForestBuilder } from "./forest-builder.ts";

const mostNodes = 2 ** 30;
const anyWhole = { least: -(2 ** 31), most: 2 ** 31 - 1 };
const isFlag = { least: 0, most: 1 };
/** Source: XGBoost, the largest category that it takes. */
const mostCategories = 2 ** 24;

export const addXgboostTree = (builder: ForestBuilder, tree: Field, columns: number): void => {
  const param = fieldOf(tree, "tree_param");
  const nodes = wholeOf(fieldOf(param, "num_nodes"), { least: 1, most: mostNodes });
  const size = wholeOf(fieldOf(param, "size_leaf_vector"), { least: 0, most: 2 ** 30 });
  if (size > 1) {
    const message = `is ${size}: trees with several targets in a leaf are not served; train with multi_strategy="one_output_per_tree"`;
    throw new ModelFault(`${param.path}.size_leaf_vector`, message);
  }
  const left = wholesOf(fieldOf(tree, "left_children"), anyWhole, nodes);
  const right = wholesOf(fieldOf(tree, "right_children"), anyWhole, nodes);
  const features = wholesOf(fieldOf(tree, "split_indices"), { least: 0, most: 2 ** 31 - 1 }, nodes);
  // before version 3 those of categories are NaN
  const conditions = numbersOf(fieldOf(tree, "split_conditions"), nodes, true);
  const defaults = flagsOf(fieldOf(tree, "default_left"), nodes);
  const types = fieldOf(tree, "split_type"); // since 1.5
  const isCategory = isThere(types) ? flagsOf(types, nodes) : undefined;
  const sets = isCategory?.includes(1) ? setsOf(tree) : undefined;
  const leaf = [0];
  builder.add({
    path: tree.path,
    nodes,
    root: 0,
    leafOf: (node) => {
      if (left[node] !== -1) return undefined;
      leaf[0] = Math.fround(conditions[node] ?? 0);
      return leaf;
    },
    splitOf: (node) => {
      const feature = features[node] ?? columns;
      const isLeft = defaults[node] === 1;
      const [less, more] = [left[node] ?? -1, right[node] ?? -1];
      const missing = (isYes: boolean): number => (isYes ? rules.missingIsYes : 0);
      if (isCategory?.[node] === 1) {
        // the categories of the set go right, all others left
        const categories = categoriesOf(tree, node, sets);
        return { feature, threshold: 0, yes: more, no: less, rule: missing(!isLeft), categories };
      }
      const threshold = thresholdOf(tree, node, conditions);
      return { feature, threshold, yes: less, no: more, rule: missing(isLeft) };
    },
  });
};

type Sets = ReadonlyMap<number, Uint32Array>;

const categoriesOf = (tree: Field, node: number, sets: Sets | undefined): Uint32Array => {
  const categories = sets?.get(node);
  if (categories !== undefined) return categories;
  throw new ModelFault(`${tree.path}.categories_nodes`, `does not have node ${node}`);
};

/** Less than the condition is at most the float below it. */
const thresholdOf = (tree: Field, node: number, conditions: Float64Array): number => {
  const condition = conditions[node] ?? Number.NaN;
  if (!Number.isNaN(condition)) return floatBelow(Math.fround(condition));
  throw new ModelFault(`${tree.path}.split_conditions[${node}]`, "is NaN");
};

/** True and false in some versions, 1 and 0 in others. */
const flagsOf = (field: Field, length: number): Int32Array => {
  const { value, path } = field;
  const list = Array.isArray(value) ? value.map((one) => (one === true ? 1 : one || 0)) : value;
  return wholesOf({ value: list, path }, isFlag, length);
};

/** The set of each categorical node, as bits. */
const setsOf = (tree: Field): Sets => {
  const categories = wholesOf(fieldAt(tree, "categories"), { least: 0, most: mostCategories });
  const bounds = { least: 0, most: mostNodes };
  const nodes = wholesOf(fieldOf(tree, "categories_nodes"), bounds);
  const segments = wholesOf(fieldOf(tree, "categories_segments"), bounds, nodes.length);
  const sizes = wholesOf(fieldOf(tree, "categories_sizes"), bounds, nodes.length);
  const sets = new Map<number, Uint32Array>();
  nodes.forEach((node, i) => {
    const from = segments[i] ?? 0;
    const own = categories.subarray(from, from + (sizes[i] ?? 0));
    if (own.length !== sizes[i]) {
      throw new ModelFault(`${tree.path}.categories_sizes[${i}]`, "reaches beyond categories");
    }
    const most = own.reduce((largest, each) => Math.max(largest, each), 0);
    const bits = new Uint32Array(Math.floor(most / 32) + 1);
    for (const each of own) bits[each >>> 5] = (bits[each >>> 5] ?? 0) | (1 << (each & 31));
    sets.set(node, bits);
  });
  return sets;
};

const float = new Float32Array(1);
const asBits = new Int32Array(float.buffer);

/** The largest 32-bit float that is less than `value`. */
export const floatBelow = (value: number): number => {
  if (value === Number.NEGATIVE_INFINITY) return Number.NaN; // nothing is less
  if (value === 0) return -(2 ** -149);
  float[0] = value;
  asBits[0] = (asBits[0] ?? 0) + (value > 0 ? -1 : 1);
  return float[0];
};
