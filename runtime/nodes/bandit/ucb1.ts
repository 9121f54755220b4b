import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { makeArms } from "./arms.ts";
import { makeBandit } from "./bandit.ts";
import { trialsOf } from "./feedback.ts";
import { highest } from "./highest.ts";
import { makeSetup, rangeOf } from "./setup.ts";
import { makeWarmUp } from "./warm-up.ts";

/**
 * Chooses the arm with the highest `mean + alpha * sqrt(2 ln T / n)`: the mean of its `n` rewards,
 * mapped to 0-1, and the width of their confidence bound among `T` rewards of all arms.
 *
 * Source: Auer, Cesa-Bianchi and Fischer, "Finite-time analysis of the multiarmed bandit problem",
 * Machine Learning 47 (2002), figure 1.
 */
export const makeUcb1 = (values: Values<typeof routers.UCB1>, means: Means): BuiltInNode => {
  const setup = makeSetup(values, means);
  const { node, names, random, batch } = setup;
  const range = rangeOf(setup, values);
  const arms = makeArms(means.store, { node, count: names.length, kind: "arms/1", own: 0 });
  const logOfTrials = (): number => {
    let trials = 0;
    for (let arm = 0; arm < arms.count; arm += 1) trials += arms.trials(arm);
    return Math.log(Math.max(1, trials));
  };
  const meanOf = (arm: number): number =>
    (arms.mean(arm) - range.least) / (range.most - range.least);
  const widthOf = (arm: number, log: number): number =>
    values.alpha * Math.sqrt((2 * log) / arms.trials(arm));
  const best = (among: readonly number[]): number => {
    const log = logOfTrials();
    return highest(among, (arm) => meanOf(arm) + widthOf(arm, log));
  };
  const warmUp = makeWarmUp(
    { arms, random, rewards: 1 },
    {
      best,
      chances: (among) => {
        const chosen = best(among);
        return among.map((arm) => (arm === chosen ? 1 : 0));
      },
    },
  );
  return makeBandit(setup, means, {
    arms,
    algorithm: {
      range,
      choose: () => [warmUp.choose()],
      remembers: false,
      learn: ({ arm, reward, feedback }) => {
        const trials = trialsOf(node, feedback, batch);
        arms.learn(arm, reward, trials);
        return trials;
      },
      probabilities: warmUp.probabilities,
      details: (arm) => {
        if (arms.trials(arm) === 0) return { mean: null, width: null };
        return { mean: meanOf(arm), width: widthOf(arm, logOfTrials()) };
      },
    },
  });
};
