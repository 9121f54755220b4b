import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { type Arms, makeArms } from "./arms.ts";
import { makeBandit } from "./bandit.ts";
import type { Belief } from "./belief.ts";
import { trialsOf } from "./feedback.ts";
import { makeGaussian } from "./gaussian.ts";
import { highest } from "./highest.ts";
import { makeSeededRandom } from "./random.ts";
import { makeSamplers } from "./samplers.ts";
import { checkBranch, makeSetup, rangeOfKind } from "./setup.ts";
import { makeWarmUp } from "./warm-up.ts";

/** So many draws tell the probability of an arm to within some 3 %, 95 times of 100. */
const estimateDraws = 1000;

/**
 * Draws a mean reward for each arm from what is believed of it, and chooses the highest: an arm is
 * chosen as probably as it is the best. Until there is a reward, `best_branch` is, if it is given.
 *
 * Source: Thompson, Biometrika 25 (1933); Chapelle and Li, "An empirical evaluation of Thompson
 * sampling", NIPS 2011, algorithm 2, for binary rewards; `gaussian.ts` for real ones.
 */
export const makeThompson = (
  values: Values<typeof routers.THOMPSON_SAMPLING>,
  means: Means,
): BuiltInNode => {
  const setup = makeSetup(values, means);
  const { best_branch: first, reward_kind: kind } = values;
  checkBranch(setup, first);
  const { node, names, random, batch } = setup;
  const arms = makeArms(means.store, { node, count: names.length, kind: "arms/1", own: 0 });
  const belief = kind === "real" ? makeGaussian(arms) : makeBernoulli(arms, values);
  const samplers = makeSamplers(random);
  const all = names.map((_, arm) => arm);
  const isUnknown = (): boolean => all.every((arm) => arms.rewards(arm) === 0);
  const best = (among: readonly number[], from = samplers): number =>
    highest(among, belief.drawing(from));
  const warmUp = makeWarmUp(
    { arms, random, rewards: belief.rewards },
    {
      best,
      chances: (among) => {
        const own = makeSamplers(makeSeededRandom(1)); // does not disturb the node's own draws
        const wins = new Map<number, number>();
        for (let draw = 0; draw < estimateDraws; draw += 1) {
          const arm = best(among, own);
          wins.set(arm, (wins.get(arm) ?? 0) + 1);
        }
        return among.map((arm) => (wins.get(arm) ?? 0) / estimateDraws);
      },
    },
  );
  return makeBandit(setup, means, {
    arms,
    algorithm: {
      range: rangeOfKind(kind),
      choose: () => [first !== undefined && isUnknown() ? first : warmUp.choose()],
      remembers: false,
      learn: ({ arm, reward, feedback }) => {
        const trials = trialsOf(node, feedback, batch);
        arms.learn(arm, reward, trials);
        return trials;
      },
      probabilities: () =>
        first !== undefined && isUnknown()
          ? all.map((arm) => (arm === first ? 1 : 0))
          : warmUp.probabilities(),
      details: belief.details,
    },
  });
};

/** Rewards are successes and failures, or fractions of both: Beta(alpha + successes, beta + failures). */
const makeBernoulli = (
  arms: Arms,
  prior: { readonly alpha: number; readonly beta: number },
): Belief => {
  const alphaOf = (arm: number): number => prior.alpha + arms.total(arm);
  const betaOf = (arm: number): number =>
    prior.beta + Math.max(0, arms.trials(arm) - arms.total(arm)); // rounding aside, never below 0
  return {
    rewards: 0,
    drawing:
      ({ beta }) =>
      (arm) =>
        beta(alphaOf(arm), betaOf(arm)),
    details: (arm) => ({ alpha: alphaOf(arm), beta: betaOf(arm) }),
  };
};
