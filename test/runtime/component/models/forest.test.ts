import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { finderFor, rules } from "../../../../runtime/component/models/forest.ts";
import { makeForestBuilder } from "../../../../runtime/component/models/forest-builder.ts";
import { floatBelow } from "../../../../runtime/component/models/xgboost-tree.ts";

const columns = 3;

type Tree = number | { feature: number; threshold: number; rule: number; yes: Tree; no: Tree };

const { tree: treeOf } = fc.letrec<{ tree: Tree; split: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 6, depthSize: "large" }, fc.nat({ max: 99 }), tie("split")),
  split: fc.record({
    feature: fc.nat({ max: columns - 1 }),
    threshold: fc.constantFrom(-1, 0, 0.5, 2),
    rule: fc.constantFrom(
      0,
      rules.missingIsYes,
      rules.nanIsZero,
      rules.nanIsZero | rules.zeroIsMissing | rules.missingIsYes,
    ),
    yes: tie("tree"),
    no: tie("tree"),
  }),
}));

/** What a tree of objects says of a row, by the letter of the rules. */
const walk = (tree: Tree, row: readonly number[]): number => {
  if (typeof tree === "number") return tree;
  const { rule } = tree;
  const given = row[tree.feature] ?? 0;
  const x = Number.isNaN(given) && (rule & rules.nanIsZero) !== 0 ? 0 : given;
  const isMissing = Number.isNaN(x) || (x === 0 && (rule & rules.zeroIsMissing) !== 0);
  const isYes = isMissing ? (rule & rules.missingIsYes) !== 0 : x <= tree.threshold;
  return walk(isYes ? tree.yes : tree.no, row);
};

/** The nodes of a tree, each child by its index. */
const nodesOf = (tree: Tree): readonly Tree[] =>
  typeof tree === "number" ? [tree] : [tree, ...nodesOf(tree.yes), ...nodesOf(tree.no)];

const forestOf = (trees: readonly Tree[]) => {
  const builder = makeForestBuilder(columns, 1);
  for (const tree of trees) {
    const nodes = nodesOf(tree);
    builder.add({
      path: "tree",
      nodes: nodes.length,
      root: 0,
      leafOf: (node) => {
        const one = nodes[node];
        return typeof one === "number" ? [one] : undefined;
      },
      splitOf: (node) => {
        const one = nodes[node];
        if (one === undefined || typeof one === "number") throw new Error("no split");
        const yes = node + 1;
        return { ...one, yes, no: yes + nodesOf(one.yes).length };
      },
    });
  }
  return builder.build();
};

describe("finderFor", () => {
  const cells = [-2, -1, 0, 0.5, 1, 3];
  it.each([
    { name: "whole rows", values: cells },
    { name: "rows with missing values", values: [...cells, Number.NaN] },
  ])("comes to the leaf that a walk from node to node comes to: $name", ({ values }) => {
    const row = fc.array(fc.constantFrom(...values), { minLength: columns, maxLength: columns });
    const given = fc.tuple(
      fc.array(treeOf, { minLength: 1, maxLength: 4 }),
      fc.array(row, { minLength: 1, maxLength: 5 }),
    );
    fc.assert(
      fc.property(given, ([trees, rows]) => {
        const forest = forestOf(trees);
        const table = { rows: rows.length, columns, values: Float64Array.from(rows.flat()) };
        const findLeaves = finderFor(forest, table);
        const found = new Int32Array(rows.length);
        trees.forEach((tree, i) => {
          findLeaves(forest, forest.roots[i] ?? 0, table, found);
          expect(Array.from(found, (leaf) => forest.leaves[leaf])).toEqual(
            rows.map((each) => walk(tree, each)),
          );
        });
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe("floatBelow", () => {
  it.each([
    { value: 1, below: 1 - 2 ** -24 },
    { value: -1, below: -(1 + 2 ** -23) },
    { value: 0, below: -(2 ** -149) },
    { value: -0, below: -(2 ** -149) },
    { value: 2 ** -149, below: 0 },
    { value: Number.POSITIVE_INFINITY, below: (2 - 2 ** -23) * 2 ** 127 },
    { value: Number.NEGATIVE_INFINITY, below: Number.NaN },
  ])("of $value is $below", ({ value, below }) => {
    expect(floatBelow(value)).toBe(below);
  });
});
