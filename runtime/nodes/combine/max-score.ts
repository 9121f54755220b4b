import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { unfit } from "../rows.ts";
import { answersOf } from "./answers.ts";
import { highest } from "./vote.ts";

/**
 * For each row the answer of the child that is surest: the one with the highest single score in
 * it, the first of several. Column names are the first child's.
 *
 * @throws {EngineError} PAYLOAD_UNFIT when the shapes differ.
 */
export const makeMaxScore = (means: Means): BuiltInNode => ({
  aggregate: (looks) => {
    const answers = answersOf(means, looks);
    const [first] = answers;
    const width = first?.width ?? 0;
    const odd = answers.findIndex((rows) => rows.width !== width);
    if (odd >= 0) {
      const { name, branches } = means;
      throw unfit(
        name,
        `child ${branches[0]?.name} answered ${width} columns, child ${branches[odd]?.name} ${answers[odd]?.width}`,
      );
    }
    const values: number[] = [];
    for (let row = 0; row < (first?.count ?? 0); row += 1) {
      const scores = answers.map((rows) => rows.values[row * width + highest(rows, row)] ?? 0);
      const best = answers[scores.indexOf(scores.reduce((most, one) => Math.max(most, one)))];
      for (let column = 0; column < width; column += 1) {
        values.push(best?.values[row * width + column] ?? 0);
      }
    }
    return { numbers: { shape: [first?.count ?? 0, width], values, names: first?.names ?? [] } };
  },
});
