/** From the trees of a file to a forest, and the proof that no walk in it leaves a tree or goes in circles. */
import { ModelFault } from "./fault.ts";
import { type Forest, rules, special } from "./forest.ts";

/** A tree of a file. A child is the index of a node; a leaf is what `leafOf` says. */
export type TreeSource = {
  /** Where the tree is in the file, for messages. */
  readonly path: string;
  readonly nodes: number;
  readonly root: number;
  /** What a leaf says; undefined for a node that asks. */
  readonly leafOf: (node: number) => ArrayLike<number> | undefined;
  readonly splitOf: (node: number) => Split;
};

export type Split = {
  readonly feature: number;
  readonly threshold: number;
  readonly yes: number;
  readonly no: number;
  /** Of `rules`. */
  readonly rule: number;
  /** The categories that lead to `yes`, as bits. */
  readonly categories?: ArrayLike<number>;
};

export type ForestBuilder = {
  readonly add: (tree: TreeSource) => void;
  readonly build: () => Forest;
};

/** More than any library trains. */
const mostNodes = 100_000_000;

/** `columns` is how many a row has, `width` how many numbers a leaf has. */
export const makeForestBuilder = (columns: number, width: number): ForestBuilder => {
  const grown: Grown = {
    ...{ feature: [], threshold: [], children: [], rule: [] },
    ...{ roots: [], leaves: [], bits: [], sets: [0] },
  };
  return {
    add: (tree) => {
      plant(grown, tree, columns, width);
    },
    build: () => ({
      feature: Int32Array.from(grown.feature),
      threshold: Float64Array.from(grown.threshold),
      children: Int32Array.from(grown.children),
      rule: Uint8Array.from(grown.rule),
      isPlain: !grown.rule.some((rule) => (rule & special) !== 0),
      roots: Int32Array.from(grown.roots),
      leaves: Float64Array.from(grown.leaves),
      width,
      bits: Uint32Array.from(grown.bits),
      sets: Int32Array.from(grown.sets),
    }),
  };
};

type Grown = { readonly [Name in Exclude<keyof Forest, "width" | "isPlain">]: number[] };

/** Nodes are renumbered in the order of a walk, so that a branch lies together. */
const plant = (grown: Grown, tree: TreeSource, columns: number, width: number): void => {
  const { path, nodes, root, leafOf, splitOf } = tree;
  // what is still to be planted, and where its number has to be written
  const waiting: { readonly node: number; readonly into: number[]; readonly at: number }[] = [];
  waiting.push({ node: root, into: grown.roots, at: grown.roots.length });
  let planted = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, into, at } = next;
    requireNode(node, tree);
    planted += 1;
    if (planted > nodes) throw new ModelFault(path, "leads to a node twice: it is no tree");
    const leaf = leafOf(node);
    if (leaf !== undefined) {
      into[at] = ~(grown.leaves.length / width);
      for (let i = 0; i < width; i += 1) grown.leaves.push(leaf[i] ?? 0);
      continue;
    }
    const split = splitOf(node);
    requireColumn(split, columns, `${path}, node ${node}`);
    const index = grown.feature.length;
    into[at] = index;
    grow(grown, split);
    waiting.push({ node: split.no, into: grown.children, at: 2 * index });
    waiting.push({ node: split.yes, into: grown.children, at: 2 * index + 1 });
  }
  if (grown.feature.length > mostNodes) throw new ModelFault(path, "is one of too many trees");
};

const requireColumn = ({ feature }: Split, columns: number, path: string): void => {
  if (feature >= 0 && feature < columns) return;
  throw new ModelFault(path, `asks column ${feature}, and a row has ${columns}`);
};

const requireNode = (node: number, { nodes, path }: TreeSource): void => {
  if (Number.isInteger(node) && node >= 0 && node < nodes) return;
  throw new ModelFault(path, `leads to node ${node}, and has ${nodes} nodes`);
};

const grow = (grown: Grown, { feature, threshold, rule, categories }: Split): void => {
  grown.feature.push(feature);
  grown.children.push(0, 0);
  if (categories === undefined) {
    grown.threshold.push(threshold);
    grown.rule.push(rule);
    return;
  }
  grown.threshold.push(grown.sets.length - 1);
  grown.rule.push(rule | rules.category);
  for (let i = 0; i < categories.length; i += 1) grown.bits.push(categories[i] ?? 0);
  grown.sets.push(grown.bits.length);
};
