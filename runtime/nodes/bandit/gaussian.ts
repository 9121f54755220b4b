import type { Arms } from "./arms.ts";
import type { Belief } from "./belief.ts";

/**
 * Rewards with a normal distribution of unknown mean and variance, which may differ by arm.
 *
 * The posterior is a normal-inverse-gamma distribution of the prior that is flat in mean and
 * variance: with it alone, and not with the usual Jeffreys prior, is the regret of the order that
 * is possible at all. It needs five rewards of each arm, and no scale to be chosen. The mean of a
 * batch of n rows is one observation with n times the precision.
 *
 * To the squares of an arm comes, as of one more reward, the variance of all: rewards that all
 * happen to be equal, as those that are mostly 0, would otherwise leave no doubt about their mean.
 *
 * Source: Honda and Takemura, "Optimality of Thompson sampling for Gaussian bandits depends on
 * priors", AISTATS 2014, algorithm 1 with alpha = -1; the variance of all is ours.
 */
export const makeGaussian = (arms: Arms): Belief => {
  const squaresAboutMean = (arm: number): number =>
    Math.max(0, arms.squares(arm) - arms.total(arm) * arms.mean(arm));
  const varianceOfAll = (): number => {
    let squares = 0;
    let degrees = 0;
    for (let arm = 0; arm < arms.count; arm += 1) {
      if (arms.rewards(arm) < 2) continue;
      squares += squaresAboutMean(arm);
      degrees += arms.rewards(arm) - 1;
    }
    return degrees > 0 ? squares / degrees : 0;
  };
  const degreesOf = (arm: number): number => arms.rewards(arm) - 3;
  return {
    rewards: 5,
    drawing: ({ normal, gamma }) => {
      const common = varianceOfAll();
      return (arm) => {
        const chiSquare = 2 * gamma(degreesOf(arm) / 2);
        const spread = squaresAboutMean(arm) + common;
        return arms.mean(arm) + normal() * Math.sqrt(spread / (arms.trials(arm) * chiSquare));
      };
    },
    details: (arm) => {
      const degrees = degreesOf(arm);
      if (degrees <= 0) return { mean: null, scale: null, degrees_of_freedom: null };
      const spread = squaresAboutMean(arm) + varianceOfAll();
      const scale = Math.sqrt(spread / (arms.trials(arm) * degrees));
      return { mean: arms.mean(arm), scale, degrees_of_freedom: degrees };
    },
  };
};
