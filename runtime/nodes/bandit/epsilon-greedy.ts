import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { makeArms } from "./arms.ts";
import { makeBandit } from "./bandit.ts";
import { trialsOf } from "./feedback.ts";
import { highest } from "./highest.ts";
import { checkBranch, makeSetup, rangeOfKind } from "./setup.ts";

/**
 * Chooses any arm with probability `epsilon`, and otherwise the one with the highest mean reward,
 * of those that have one. Until there is one, `best_branch` is the best, or any arm.
 *
 * Source: Sutton and Barto, "Reinforcement Learning", 2nd edition (2018), section 2.2.
 */
export const makeEpsilonGreedy = (
  values: Values<typeof routers.EPSILON_GREEDY>,
  means: Means,
): BuiltInNode => {
  const setup = makeSetup(values, means);
  const { epsilon, best_branch: first } = values;
  checkBranch(setup, first);
  const { node, names, random, batch } = setup;
  const count = names.length;
  const arms = makeArms(means.store, { node, count, kind: "arms/1", own: 0 });
  const all = names.map((_, arm) => arm);
  const anyArm = (): number => Math.floor(random() * count);
  const tried = (arm: number): boolean => arms.trials(arm) > 0;
  const best = (): number | undefined =>
    all.some(tried) ? highest(all, (arm) => (tried(arm) ? arms.mean(arm) : -Infinity)) : first;
  return makeBandit(setup, means, {
    arms,
    algorithm: {
      range: rangeOfKind(values.reward_kind),
      choose: () => [random() < epsilon ? anyArm() : (best() ?? anyArm())],
      remembers: false,
      learn: ({ arm, reward, feedback }) => {
        const trials = trialsOf(node, feedback, batch);
        arms.learn(arm, reward, trials);
        return trials;
      },
      probabilities: () => {
        const greedy = best();
        return all.map((arm) => {
          const exploited = greedy === undefined ? 1 / count : arm === greedy ? 1 : 0;
          return epsilon / count + (1 - epsilon) * exploited;
        });
      },
      details: (arm) => ({ best: arm === best() }),
    },
  });
};
