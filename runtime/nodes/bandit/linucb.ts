import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { unfit } from "../rows.ts";
import { makeArms } from "./arms.ts";
import { type Lesson, makeBandit } from "./bandit.ts";
import { anyReward } from "./feedback.ts";
import { makeRidge, type Row, ridgeLength } from "./ridge.ts";
import { meanRow, modelRows, type RowShape } from "./rows.ts";
import { makeSetup } from "./setup.ts";

/**
 * Expects of each arm a reward that is linear in the numbers of a request, and chooses the highest
 * `expected + alpha * deviation`. A batch goes to the arm that is best for the mean of its rows.
 *
 * Feedback counts for the rows of the request in it, or else for the mean row that was remembered.
 *
 * Source: Li, Chu, Langford and Schapire, "A contextual-bandit approach to personalized news article
 * recommendation", WWW 2010, algorithm 1 (disjoint linear models).
 */
export const makeLinUcb = (values: Values<typeof routers.LINUCB>, means: Means): BuiltInNode => {
  const setup = makeSetup(values, means);
  const { node, names, random, batch } = setup;
  const { alpha, lambda, intercept, n_features: features } = values;
  const width = features + (intercept ? 1 : 0);
  const own = ridgeLength(width);
  const kind = intercept ? "linucb+1/1" : "linucb/1";
  const arms = makeArms(means.store, { node, count: names.length, kind, own });
  const ridges = names.map((_, arm) => makeRidge(arms, { arm, width, lambda }));
  const shape: RowShape = { node, features, intercept };

  /** Ties are broken at random: at first no arm is better than another. */
  const best = (row: Row): number => {
    let chosen = 0;
    let highest = -Infinity;
    let ties = 0;
    ridges.forEach((ridge, arm) => {
      const { mean, deviation } = ridge.predict(row);
      const score = mean + alpha * deviation;
      ties = score === highest ? ties + 1 : 1;
      if (score > highest || (score === highest && random() * ties < 1)) chosen = arm;
      if (score > highest) highest = score;
    });
    return chosen;
  };

  const rowsOfLesson = ({ feedback, remembered }: Lesson): readonly Row[] => {
    const request = feedback.request();
    if (request !== undefined) return modelRows(shape, request);
    if (remembered?.length === width) return [Float64Array.from(remembered)];
    throw unfit(
      node,
      "the request that feedback is for is not in it, and not remembered; send it in the feedback",
    );
  };

  return makeBandit(setup, means, {
    arms,
    algorithm: {
      range: anyReward,
      choose: (look) => {
        const row = meanRow(modelRows(shape, look.numbers()));
        return [best(row), ...row];
      },
      remembers: true,
      learn: (lesson) => {
        const rows = rowsOfLesson(lesson);
        const lessons = batch === "row" ? rows : [meanRow(rows)];
        ridges[lesson.arm]?.learn(lessons, lesson.reward);
        return lessons.length;
      },
      probabilities: () => undefined,
      details: (arm) => ({ coefficients: ridges[arm]?.coefficients() }),
    },
  });
};
