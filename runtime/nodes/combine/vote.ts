import type { combiners } from "../../../api/built-ins/combiners.ts";
import type { Values } from "../../../api/built-ins/read.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { placeOf, type Rows, unfit } from "../rows.ts";
import { answersOf } from "./answers.ts";
import { weightsOf } from "./weights.ts";

/**
 * The class that has most votes in each row, as a number; of several the lowest.
 *
 * A child that answers several columns votes for the column of its highest score, the first of
 * several; one that answers a single column has the number of its class in it.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for answers with different rows, and for a single column with
 * something else than whole numbers from 0 on; PARAMETER_INVALID for weights that do not fit.
 * Source: scikit-learn's VotingClassifier, voting "hard".
 */
export const makeVote = (
  values: Values<typeof combiners.MAJORITY_VOTE_COMBINER>,
  means: Means,
): BuiltInNode => {
  const weights = weightsOf(values.weights, means);
  return {
    aggregate: (looks) => {
      const answers = answersOf(means, looks);
      const classes = answers.map((rows) => classesOf(means.name, rows));
      const elected = Array.from({ length: answers[0]?.count ?? 0 }, (_, row) =>
        elect(
          classes.map((chosen) => chosen[row] ?? 0),
          weights,
        ),
      );
      return { numbers: { shape: [elected.length, 1], values: elected, names: ["class"] } };
    },
  };
};

/** The class of each row. */
const classesOf = (node: string, rows: Rows): readonly number[] => {
  const { count, width, values } = rows;
  if (width > 1) return Array.from({ length: count }, (_, row) => highest(rows, row));
  const odd = values.findIndex((value) => !Number.isSafeInteger(value) || value < 0);
  if (odd < 0) return values;
  throw unfit(
    node,
    `${placeOf(odd, rows)} is ${values[odd]}; a single column holds the numbers of classes, whole and 0 or more`,
  );
};

/** The column of the highest value of a row, the first of several. */
export const highest = ({ width, values }: Rows, row: number): number => {
  let best = 0;
  for (let column = 1; column < width; column += 1) {
    if ((values[row * width + column] ?? 0) > (values[row * width + best] ?? 0)) best = column;
  }
  return best;
};

const elect = (votes: readonly number[], weights: readonly number[]): number => {
  const counts = new Map<number, number>();
  votes.forEach((vote, child) => {
    counts.set(vote, (counts.get(vote) ?? 0) + (weights[child] ?? 0));
  });
  let elected = Infinity;
  let most = -1;
  for (const [vote, count] of counts) {
    if (count > most || (count === most && vote < elected)) {
      elected = vote;
      most = count;
    }
  }
  return elected;
};
