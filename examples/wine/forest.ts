import forest from "./forest.json" with { type: "json" };

/** A random forest: the mean of what its trees say about the three cultivars. */
export class Forest {
  predict(X: number[][]): number[][] {
    return X.map((row) => {
      const leaves = forest.trees.map((tree) => descend(tree, row));
      return forest.classes.map(
        (_, i) => leaves.reduce((sum, leaf) => sum + (leaf[i] ?? Number.NaN), 0) / leaves.length,
      );
    });
  }

  classNames(): string[] {
    return forest.classes;
  }
}

type Tree = (typeof forest.trees)[number];

const descend = (tree: Tree, row: number[]): number[] => {
  let node = tree[0];
  while (node !== undefined && node.leaf === undefined) {
    // the trees were grown on 32-bit floats, and ask of them
    const value = Math.fround(row[node.feature] ?? Number.NaN);
    node = tree[value <= node.threshold ? node.left : node.right];
  }
  return node?.leaf ?? [];
};
