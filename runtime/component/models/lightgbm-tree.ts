/** One tree of a LightGBM model. Source: LightGBM, `Tree` and its text form. */
import { ModelFault } from "./fault.ts";
import { rules } from "./forest.ts";
import type { ForestBuilder } from "./forest-builder.ts";
import { numbersIn, type Section, textIn, wholeIn } from "./lightgbm-text.ts";

const mostLeaves = 2 ** 24;

/** Bits of `decision_type`; the two above them say what counts as missing. */
const decision = { category: 1, defaultLeft: 2 } as const;
const missing = { none: 0, zero: 1, nan: 2 } as const;

export const addLightgbmTree = (builder: ForestBuilder, tree: Section): void => {
  const leaves = wholeIn(tree, "num_leaves", mostLeaves);
  if (leaves === 0) throw new ModelFault(`${tree.path}, num_leaves`, "is 0");
  if (tree.values.get("is_linear") === "1") {
    const message =
      "is 1: trees with linear models in their leaves are not served; train with linear_tree=false";
    throw new ModelFault(`${tree.path}, is_linear`, message);
  }
  const values = numbersIn(tree, "leaf_value", leaves);
  const inner = leaves - 1;
  const splitOf = inner === 0 ? noSplit : splitsOf(tree, inner);
  const leaf = [0];
  builder.add({
    path: tree.path,
    nodes: inner + leaves,
    root: 0, // a tree of one leaf has no other node
    leafOf: (node) => {
      if (node < inner) return undefined;
      leaf[0] = values[node - inner] ?? 0;
      return leaf;
    },
    splitOf,
  });
};

type SplitOf = Parameters<ForestBuilder["add"]>[0]["splitOf"];

const noSplit: SplitOf = () => ({ feature: -1, threshold: 0, yes: 0, no: 0, rule: 0 });

const splitsOf = (tree: Section, inner: number): SplitOf => {
  const features = numbersIn(tree, "split_feature", inner);
  const thresholds = numbersIn(tree, "threshold", inner);
  const types = numbersIn(tree, "decision_type", inner);
  const left = numbersIn(tree, "left_child", inner);
  const right = numbersIn(tree, "right_child", inner);
  const setOf = setsOf(tree);
  /** A leaf is the complement of its index; here leaves come after the nodes that ask. */
  const child = (index: number): number => (index < 0 ? inner + ~index : index);
  return (node) => {
    const type = types[node] ?? 0;
    const threshold = thresholds[node] ?? 0;
    const sides = { yes: child(left[node] ?? 0), no: child(right[node] ?? 0) };
    const split = { feature: features[node] ?? -1, threshold, ...sides };
    if ((type & decision.category) !== 0) {
      return { ...split, rule: 0, categories: setOf(threshold) };
    }
    return { ...split, rule: ruleOf(type, `${tree.path}, decision_type`) };
  };
};

const ruleOf = (type: number, path: string): number => {
  const missingIsYes = (type & decision.defaultLeft) !== 0 ? rules.missingIsYes : 0;
  switch ((type >> 2) & 3) {
    case missing.none:
      return rules.nanIsZero;
    case missing.zero:
      return missingIsYes | rules.nanIsZero | rules.zeroIsMissing;
    case missing.nan:
      return missingIsYes;
    default:
      throw new ModelFault(path, `has ${type}, which is no decision of LightGBM`);
  }
};

/** The categories that go left, as bits, by the `threshold` of a node. */
const setsOf = (tree: Section): ((set: number) => Uint32Array) => {
  const sets = wholeIn(tree, "num_cat", mostLeaves);
  if (sets === 0) {
    return (set) => {
      throw new ModelFault(`${tree.path}, num_cat`, `is 0, and a node asks for set ${set}`);
    };
  }
  const boundaries = numbersIn(tree, "cat_boundaries", sets + 1);
  const words = textIn(tree, "cat_threshold").split(" ").length;
  const bits = Uint32Array.from(numbersIn(tree, "cat_threshold", words));
  return (set) => {
    const [from, to] = [boundaries[set], boundaries[set + 1]];
    if (from === undefined || to === undefined || from < 0 || from > to || to > bits.length) {
      throw new ModelFault(`${tree.path}, cat_boundaries`, `does not hold set ${set}`);
    }
    return bits.subarray(from, to);
  };
};
