/**
 * `node test/models/bench.ts`: what a forest costs as flat arrays, and as the objects that a file
 * holds. Prints the median of rounds, nanoseconds for each row and tree.
 */
import { type Forest, finderFor } from "../../runtime/component/models/forest.ts";
import { makeForestBuilder } from "../../runtime/component/models/forest-builder.ts";

type Node =
  | { readonly value: number }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly left: Node;
      readonly right: Node;
    };

const columns = 30;
const trees = 500;
const rounds = 15;

/** Numbers that are the same in every run. Source: mulberry32. */
const makeRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const random = makeRandom(1);

const grow = (depth: number): Node =>
  depth === 0 || random() < 0.05
    ? { value: random() }
    : {
        feature: Math.floor(random() * columns),
        threshold: random(),
        left: grow(depth - 1),
        right: grow(depth - 1),
      };

const nodesOf = (node: Node): readonly Node[] =>
  "value" in node ? [node] : [node, ...nodesOf(node.left), ...nodesOf(node.right)];

const flattened = (roots: readonly Node[]): Forest => {
  const builder = makeForestBuilder(columns, 1);
  for (const root of roots) {
    const nodes = nodesOf(root);
    const places = new Map(nodes.map((node, i) => [node, i]));
    builder.add({
      path: "tree",
      nodes: nodes.length,
      root: 0,
      leafOf: (i) => {
        const node = nodes[i];
        return node !== undefined && "value" in node ? [node.value] : undefined;
      },
      splitOf: (i) => {
        const node = nodes[i];
        if (node === undefined || "value" in node) throw new Error("a leaf");
        const { feature, threshold, left, right } = node;
        return {
          feature,
          threshold,
          rule: 0,
          yes: places.get(left) ?? 0,
          no: places.get(right) ?? 0,
        };
      },
    });
  }
  return builder.build();
};

const naive = (roots: readonly Node[], rows: readonly (readonly number[])[]): number => {
  let total = 0;
  for (const row of rows) {
    for (const root of roots) {
      let node = root;
      while (!("value" in node)) {
        node = (row[node.feature] ?? 0) <= node.threshold ? node.left : node.right;
      }
      total += node.value;
    }
  }
  return total;
};

const flat = (forest: Forest, rows: number, values: Float64Array): number => {
  let total = 0;
  const found = new Int32Array(rows);
  const table = { rows, columns, values };
  const findLeaves = finderFor(forest, table);
  for (const root of forest.roots) {
    findLeaves(forest, root, table, found);
    for (const leaf of found) total += forest.leaves[leaf] ?? 0;
  }
  return total;
};

/** Nanoseconds of the median round. */
const median = (work: (i: number) => number, times: number): number => {
  let sum = 0;
  const taken = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i += 1) sum += work(i);
    return Number(process.hrtime.bigint() - start) / times;
  }).sort((a, b) => a - b);
  if (Number.isNaN(sum)) throw new Error("no sum"); // the work is not left out
  return taken[rounds >> 1] ?? 0;
};

for (const depth of [6, 10]) {
  const roots = Array.from({ length: trees }, () => grow(depth));
  const forest = flattened(roots);
  for (const count of [1, 100]) {
    // other rows each time: a processor learns the way of one that comes again
    const batches = Array.from({ length: 50 }, () =>
      Array.from({ length: count }, () => Array.from({ length: columns }, random)),
    );
    const tables = batches.map((rows) => Float64Array.from(rows.flat()));
    const [rows = []] = batches;
    const [values = new Float64Array()] = tables;
    const difference = naive(roots, rows) - flat(forest, count, values);
    if (Math.abs(difference) > 1e-6) throw new Error("they differ");
    const times = Math.max(2, Math.round(400 / count));
    const each = count * trees;
    const objects = median((i) => naive(roots, batches[i % 50] ?? []), times) / each;
    const arrays = median((i) => flat(forest, count, tables[i % 50] ?? values), times) / each;
    process.stdout.write(
      `depth ${depth}, ${forest.feature.length} nodes, ${count} rows: ` +
        `arrays ${arrays.toFixed(1)} ns, objects ${objects.toFixed(1)} ns a row and tree\n`,
    );
  }
}
