import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { answersOf } from "./answers.ts";

/**
 * The columns of all children side by side, the first child's first. Each is called
 * `<child>__<name>`, or `<child>__<index>` where it has no name.
 *
 * @throws {EngineError} PAYLOAD_UNFIT when the numbers of rows differ.
 * Source: the names of scikit-learn's ColumnTransformer.
 */
export const makeConcatenate = (means: Means): BuiltInNode => ({
  aggregate: (looks) => {
    const answers = answersOf(means, looks);
    const count = answers[0]?.count ?? 0;
    const values: number[] = [];
    for (let row = 0; row < count; row += 1) {
      for (const { width, values: all } of answers) {
        for (let column = 0; column < width; column += 1) {
          values.push(all[row * width + column] ?? 0);
        }
      }
    }
    const names = answers.flatMap(({ width, names: own }, child) =>
      Array.from(
        { length: width },
        (_, column) => `${means.branches[child]?.name ?? child}__${own[column] ?? column}`,
      ),
    );
    return { numbers: { shape: [count, names.length], values, names } };
  },
});
