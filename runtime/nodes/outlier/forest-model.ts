/** A stored isolation forest, read into flat arrays and checked, so that a walk needs no checks. */
import { parameterFault } from "../rows.ts";

export const forestFormat = "espalier/isolation-forest/1";

export type Forest = {
  readonly width: number;
  /** Rows that each tree was grown from. */
  readonly samples: number;
  /** Score, 0-1, above which a row is an outlier. */
  readonly threshold: number;
  /** The root of each tree among the nodes. */
  readonly roots: Int32Array;
  /** Of each node: the column that it asks about, or -1 for a leaf. */
  readonly feature: Int32Array;
  readonly split: Float64Array;
  /** The child where the value is not above the split; the other is `right`. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Rows that reached the node when it was grown. */
  readonly reached: Float64Array;
};

const mostNodes = 16_777_216;

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws {EngineError} PARAMETER_INVALID, naming the field. */
export const readForest = (node: string, model: unknown): Forest => {
  const fail = (why: string) => parameterFault(node, `the model: ${why}`);
  if (!isObject(model) || model["format"] !== forestFormat) {
    throw fail(
      `"format" is not "${forestFormat}"; export it with tools/export_isolation_forest.py`,
    );
  }
  const { n_features: width, max_samples: samples, threshold, trees } = model;
  if (!isWhole(width, 1)) throw fail("n_features is not a whole number above 0");
  if (!isWhole(samples, 2)) throw fail("max_samples is not a whole number above 1");
  if (typeof threshold !== "number" || !(threshold >= 0 && threshold <= 1)) {
    throw fail("threshold is not a number from 0 to 1");
  }
  if (!Array.isArray(trees) || trees.length === 0) throw fail("trees is not an array of trees");
  const read = trees.map((tree, i) => readTree(tree, width, (why) => fail(`trees[${i}]${why}`)));
  const size = read.reduce((sum, tree) => sum + tree.feature.length, 0);
  if (size > mostNodes) throw fail(`it has ${size} nodes; at most ${mostNodes} are taken`);
  return { width, samples, threshold, ...joined(read, size) };
};

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;

const arrays = ["feature", "threshold", "left", "right", "samples"] as const;

type Tree = Readonly<Record<(typeof arrays)[number], readonly number[]>>;

type Fail = (why: string) => Error;

const readTree = (tree: unknown, width: number, fail: Fail): Tree => {
  if (!isObject(tree)) throw fail(" is not an object");
  const read = Object.fromEntries(
    arrays.map((name) => [name, numbersOf(tree[name], () => fail(`.${name} is not numbers`))]),
  ) as Tree; // of every name
  const length = read.feature.length;
  if (length === 0) throw fail(".feature is empty");
  for (const name of arrays) {
    if (read[name].length !== length) {
      throw fail(`.${name} has ${read[name].length} numbers, .feature has ${length}`);
    }
  }
  for (let i = 0; i < length; i += 1) checkNode(read, i, width, fail);
  return read;
};

const numbersOf = (value: unknown, fail: () => Error): readonly number[] => {
  if (Array.isArray(value) && value.every((one) => Number.isFinite(one))) return value;
  throw fail();
};

/** Children come after their parent: whoever walks down comes to an end. */
const checkNode = (tree: Tree, at: number, width: number, fail: Fail): void => {
  const { feature, left, right, samples } = tree;
  if (!isWhole(samples[at], 1)) throw fail(`.samples[${at}] is not a whole number above 0`);
  const column = feature[at];
  if (column === -1) return;
  if (!isWhole(column, 0) || column >= width) {
    throw fail(`.feature[${at}] is ${column}, neither -1 for a leaf nor below ${width}`);
  }
  for (const [name, child] of [
    ["left", left[at]],
    ["right", right[at]],
  ] as const) {
    if (!isWhole(child, at + 1) || child >= feature.length) {
      throw fail(
        `.${name}[${at}] is ${child}, not a node after ${at} and before ${feature.length}`,
      );
    }
  }
};

const joined = (trees: readonly Tree[], size: number) => {
  const forest = {
    roots: new Int32Array(trees.length),
    feature: new Int32Array(size),
    split: new Float64Array(size),
    left: new Int32Array(size),
    right: new Int32Array(size),
    reached: new Float64Array(size),
  };
  let at = 0;
  trees.forEach(({ feature, threshold, left, right, samples }, i) => {
    const root = at;
    const inForest = (child: number): number => child + root;
    forest.roots[i] = root;
    forest.feature.set(feature, root);
    forest.split.set(threshold, root);
    forest.left.set(left.map(inForest), root);
    forest.right.set(right.map(inForest), root);
    forest.reached.set(samples, root);
    at += feature.length;
  });
  return forest;
};
