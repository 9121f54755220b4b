/**
 * Trees as flat arrays: a node is an index, so that a walk reads numbers and makes nothing.
 *
 * A node asks one column. It leads to `yes` if the value is at most `threshold` (or, where the node
 * asks for a category, if that is in the node's set), else to `no`. A negative index ends the walk:
 * it is the complement of a leaf's.
 */
import type { Table } from "./table.ts";

export type Forest = {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  /** Where `no` and `yes` lead, of each node. */
  readonly children: Int32Array;
  readonly rule: Uint8Array;
  /** Rules count for missing values alone. */
  readonly isPlain: boolean;
  /** Where each tree begins: a node, or the complement of its only leaf. */
  readonly roots: Int32Array;
  /** What each leaf says, `width` numbers for each. */
  readonly leaves: Float64Array;
  readonly width: number;
  /** Sets of categories as bits, one after the other. */
  readonly bits: Uint32Array;
  /** Where the set of a categorical node begins, and where the next does; by its `threshold`. */
  readonly sets: Int32Array;
};

/** What a node does with values that are no plain numbers; the sum of those that hold. */
export const rules = {
  /** A missing value leads to `yes`; else to `no`. */
  missingIsYes: 1,
  /** The node asks for a category. */
  category: 2,
  /** NaN counts as 0, and not as missing. */
  nanIsZero: 4,
  /** 0 counts as missing. */
  zeroIsMissing: 8,
} as const;

/** What has to be looked at whatever the value is. */
export const special = rules.category | rules.zeroIsMissing;

/** Below it a number counts as 0. Source: LightGBM, `kZeroThreshold`. */
const almostZero = 1e-35;

/** Puts the leaf that each row of the table comes to in the tree that begins at `root` into `into`. */
export type FindLeaves = (forest: Forest, root: number, table: Table, into: Int32Array) => void;

/** The way that is right for these rows, and no slower than it has to be. */
export const finderFor = (forest: Forest, { values }: Table): FindLeaves =>
  forest.isPlain && !values.some(Number.isNaN) ? findPlain : findLeaves;

/**
 * Of numbers alone. The child is found by arithmetic: a processor guesses half of the branches of a
 * tree wrong, and each costs as much as the rest of the step.
 */
const findPlain: FindLeaves = ({ feature, threshold, children }, root, table, into) => {
  const { rows, columns, values } = table;
  for (let row = 0, start = 0; row < rows; row += 1, start += columns) {
    let node = root;
    while (node >= 0) {
      // every index was checked when the forest was built
      const x = values[start + (feature[node] as number)] as number;
      node = children[2 * node + Number(x <= (threshold[node] as number))] as number;
    }
    into[row] = ~node;
  }
};

/** Of anything. */
export const findLeaves: FindLeaves = (forest, root, table, into) => {
  const { feature, threshold, children, rule } = forest;
  const { rows, columns, values } = table;
  for (let row = 0, start = 0; row < rows; row += 1, start += columns) {
    let node = root;
    while (node >= 0) {
      // every index was checked when the forest was built
      const x = values[start + (feature[node] as number)] as number;
      const own = rule[node] as number;
      const isYes =
        (own & special) === 0 && !Number.isNaN(x)
          ? x <= (threshold[node] as number)
          : isSpecialYes(forest, node, x);
      node = children[2 * node + Number(isYes)] as number;
    }
    into[row] = ~node;
  }
};

const isSpecialYes = (forest: Forest, node: number, value: number): boolean => {
  const rule = forest.rule[node] ?? 0;
  const whenMissing = (rule & rules.missingIsYes) !== 0;
  const threshold = forest.threshold[node] ?? 0;
  if ((rule & rules.category) !== 0) {
    return Number.isNaN(value) ? whenMissing : isInSet(forest, threshold, value);
  }
  const x = Number.isNaN(value) && (rule & rules.nanIsZero) !== 0 ? 0 : value;
  const isZero = Math.abs(x) <= almostZero;
  if (Number.isNaN(x) || (isZero && (rule & rules.zeroIsMissing) !== 0)) return whenMissing;
  return x <= threshold;
};

const isInSet = ({ bits, sets }: Forest, set: number, value: number): boolean => {
  const category = Math.trunc(value);
  const from = sets[set] ?? 0;
  const size = ((sets[set + 1] ?? 0) - from) * 32;
  if (!(category >= 0 && category < size)) return false;
  const word = bits[from + Math.floor(category / 32)] ?? 0;
  return ((word >>> (category % 32)) & 1) === 1;
};
