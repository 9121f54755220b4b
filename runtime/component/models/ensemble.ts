/** What the trees of a model say together, before its link. */
import { type Forest, finderFor } from "./forest.ts";
import type { Table } from "./table.ts";

export type Ensemble = {
  readonly forest: Forest;
  readonly columns: number;
  /** The column that each tree adds to, where a leaf has one number; else it adds to all. */
  readonly groups: Int32Array;
  /** What each column begins with. */
  readonly base: Float64Array;
  /** What the leaves of each tree are multiplied by, if by anything. */
  readonly weights: Float64Array | undefined;
  /** Sums are kept as 32-bit floats, as the library that made the model keeps them. */
  readonly isSingle: boolean;
  /** The sums are divided by it. */
  readonly divisor: number;
};

type Sums = Float32Array | Float64Array;

export const sumsOf = (ensemble: Ensemble, table: Table): Table => {
  const { forest, columns, base, isSingle, divisor } = ensemble;
  const size = table.rows * columns;
  const sums = isSingle ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i += 1) sums[i] = base[i % columns] ?? 0;
  const findLeaves = finderFor(forest, table);
  const found = new Int32Array(table.rows);
  for (let tree = 0; tree < forest.roots.length; tree += 1) {
    findLeaves(forest, forest.roots[tree] ?? 0, table, found);
    if (forest.width === 1) addNumber(ensemble, tree, found, sums);
    else addVector(ensemble, found, sums);
  }
  const values = Float64Array.from(sums);
  if (divisor !== 1) for (let i = 0; i < size; i += 1) values[i] = (values[i] ?? 0) / divisor;
  return { rows: table.rows, columns, values };
};

const addNumber = (
  { forest: { leaves }, columns, groups, weights, isSingle }: Ensemble,
  tree: number,
  found: Int32Array,
  sums: Sums,
): void => {
  const weight = weights?.[tree];
  let at = groups[tree] ?? 0;
  for (let row = 0; row < found.length; row += 1, at += columns) {
    const leaf = leaves[found[row] ?? 0] ?? 0;
    const said = weight === undefined ? leaf : leaf * weight;
    sums[at] = (sums[at] ?? 0) + (isSingle ? Math.fround(said) : said);
  }
};

const addVector = ({ forest, columns }: Ensemble, found: Int32Array, sums: Sums): void => {
  const { leaves, width } = forest;
  for (let row = 0; row < found.length; row += 1) {
    const leaf = (found[row] ?? 0) * width;
    const at = row * columns;
    for (let i = 0; i < columns; i += 1)
      sums[at + i] = (sums[at + i] ?? 0) + (leaves[leaf + i] ?? 0);
  }
};
