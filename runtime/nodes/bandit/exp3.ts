import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { makeArms } from "./arms.ts";
import { makeBandit } from "./bandit.ts";
import { trialsOf } from "./feedback.ts";
import { makeSetup, rangeOf } from "./setup.ts";

/**
 * Draws an arm by weights that grow exponentially with its score: what rewards say, divided by the
 * probability of having seen them. It assumes nothing of how rewards come about.
 *
 * With `gamma` the score is the reward, the rate of learning gamma / K, and that fraction of the
 * requests goes to any of the K arms: it never stops to explore. Without, the score falls by the
 * loss, the rate is sqrt(ln K / (K T)) after T trials, and the probability is taken higher by half
 * the rate, which bounds what one reward can do.
 *
 * Source: Auer, Cesa-Bianchi, Freund and Schapire, "The nonstochastic multiarmed bandit problem",
 * SIAM Journal on Computing 32 (2002), figure 1; without `gamma`: Neu, "Explore no more", NIPS 2015,
 * algorithm 1 and corollary 1.
 */
export const makeExp3 = (values: Values<typeof routers.EXP3>, means: Means): BuiltInNode => {
  const setup = makeSetup(values, means);
  const { node, names, random, batch } = setup;
  const { gamma } = values;
  const range = rangeOf(setup, values);
  const count = names.length;
  const kind = gamma === undefined ? "exp3-losses/1" : "exp3-rewards/1";
  const arms = makeArms(means.store, { node, count, kind, own: 1 });
  const scoreOf = (arm: number): number => arms.own(arm, 0);
  const probabilities = new Float64Array(count);

  const rateNow = (): number => {
    if (gamma !== undefined) return gamma / count;
    let trials = 0;
    for (let arm = 0; arm < count; arm += 1) trials += arms.trials(arm);
    return Math.sqrt(Math.log(count) / (count * Math.max(1, trials)));
  };

  const weigh = (): void => {
    const rate = rateNow();
    let most = -Infinity;
    for (let arm = 0; arm < count; arm += 1) most = Math.max(most, scoreOf(arm));
    let sum = 0;
    for (let arm = 0; arm < count; arm += 1) {
      const weight = Math.exp(rate * (scoreOf(arm) - most)); // 1 for the best: nothing overflows
      probabilities[arm] = weight;
      sum += weight;
    }
    const explored = gamma ?? 0;
    for (let arm = 0; arm < count; arm += 1) {
      const exploited = (probabilities[arm] ?? 0) / sum;
      probabilities[arm] = (1 - explored) * exploited + explored / count;
    }
  };

  /** Of the choice that feedback is about; where that is forgotten, as it would be made now. */
  const probabilityOf = (arm: number, remembered: readonly number[] | undefined): number => {
    const [then] = remembered ?? [];
    if (then !== undefined && then > 0 && then <= 1) return then;
    weigh();
    return probabilities[arm] ?? 1;
  };

  return makeBandit(setup, means, {
    arms,
    algorithm: {
      range,
      choose: () => {
        weigh();
        const arm = drawn(random(), probabilities);
        return [arm, probabilities[arm] ?? 1];
      },
      remembers: true,
      learn: ({ arm, reward, remembered, feedback }) => {
        const trials = trialsOf(node, feedback, batch);
        const part = (reward - range.least) / (range.most - range.least);
        const probability = probabilityOf(arm, remembered);
        const score =
          gamma === undefined ? (part - 1) / (probability + rateNow() / 2) : part / probability;
        arms.learn(arm, reward, trials, [trials * score]);
        return trials;
      },
      probabilities: () => {
        weigh();
        return Array.from(probabilities);
      },
      details: (arm) => ({ score: scoreOf(arm), rate: rateNow() }),
    },
  });
};

/** The arm in whose share of [0, 1) the draw falls. */
const drawn = (draw: number, probabilities: Float64Array): number => {
  const last = probabilities.length - 1;
  let left = draw;
  for (let arm = 0; arm < last; arm += 1) {
    left -= probabilities[arm] ?? 0;
    if (left < 0) return arm;
  }
  return last;
};
