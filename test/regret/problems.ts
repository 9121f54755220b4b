/** Standard bandit problems: what each arm would give at each step. */
import { readFileSync } from "node:fs";
import type { Samplers } from "../../runtime/nodes/bandit/samplers.ts";
import type { Random } from "../../runtime/nodes/definition.ts";

type Bernoulli = { readonly kind: "bernoulli"; readonly means: readonly number[] };
type Gaussian = {
  readonly kind: "gaussian";
  readonly means: readonly number[];
  readonly deviations: readonly number[];
};
/**
 * One arm is better than the others by the gap at every step, yet all of them fall and rise together
 * in phases that grow. Source: Zimmert and Seldin, "Tsallis-INF", JMLR 22 (2021), section 5.
 */
type Shifting = {
  readonly kind: "shifting";
  readonly arms: number;
  readonly best: number;
  readonly gap: number;
  readonly growth: number;
};
type Linear = {
  readonly kind: "linear";
  readonly coefficients: readonly (readonly number[])[];
  readonly deviation: number;
};
type Problem = Bernoulli | Gaussian | Shifting | Linear;

export type Step = {
  /** The mean reward of each arm. */
  readonly means: readonly number[];
  reward(arm: number): number;
  /** What the request says; empty where it says nothing. */
  readonly context: readonly number[];
};

export type Play = {
  readonly arms: number;
  step(at: number): Step;
};

export const problems: Readonly<Record<string, Problem>> = JSON.parse(
  readFileSync(new URL("problems.json", import.meta.url), "utf8"),
);

/** A problem, with the draws of one run. */
export const playOf = (name: string, random: Random, samplers: Samplers): Play => {
  const problem = problems[name];
  if (problem === undefined) throw new Error(`there is no problem ${name}`);
  const coin = (mean: number): number => (random() < mean ? 1 : 0);
  switch (problem.kind) {
    case "bernoulli":
      return still(problem.means, (arm) => coin(problem.means[arm] ?? 0));
    case "gaussian":
      return still(
        problem.means,
        (arm) => (problem.means[arm] ?? 0) + samplers.normal() * (problem.deviations[arm] ?? 0),
      );
    case "shifting":
      return shifting(problem, coin);
    case "linear":
      return linear(problem, samplers);
  }
};

const still = (means: readonly number[], reward: (arm: number) => number): Play => {
  const step = { means, reward, context: [] };
  return { arms: means.length, step: () => step };
};

const shifting = ({ arms, best, gap, growth }: Shifting, coin: (mean: number) => number): Play => {
  const meansAt = (top: number) =>
    Array.from({ length: arms }, (_, arm) => (arm === best ? top : top - gap));
  const phases = [meansAt(gap), meansAt(1)].map((means) => ({
    means,
    reward: (arm: number) => coin(means[arm] ?? 0),
    context: [],
  }));
  const phaseAt = (at: number): number => Math.floor(Math.log(at + 1) / Math.log(growth)) % 2;
  return {
    arms,
    step: (at) => {
      const phase = phases[phaseAt(at)];
      if (phase === undefined) throw new Error(`there is no phase at ${at}`);
      return phase;
    },
  };
};

/** Contexts are directions: standard normal vectors, of the length 1. */
const linear = ({ coefficients, deviation }: Linear, { normal }: Samplers): Play => ({
  arms: coefficients.length,
  step: () => {
    const raw = (coefficients[0] ?? []).map(normal);
    const length = Math.hypot(...raw);
    const context = raw.map((one) => one / length);
    const means = coefficients.map((row) =>
      row.reduce((sum, one, i) => sum + one * (context[i] ?? 0), 0),
    );
    return { means, context, reward: (arm) => (means[arm] ?? 0) + normal() * deviation };
  },
});
