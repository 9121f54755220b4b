/** Who plays what, and how fast theory lets the regret grow. */
import { readFileSync } from "node:fs";
import type { Contestant } from "./simulate.ts";

/** The order of the regret in the number of trials. */
export type Order = "log T" | "sqrt T" | "T";

export type Contest = Contestant & { readonly order: Order };

const contest = (
  implementation: string,
  problem: string,
  order: Order,
  parameters: Readonly<Record<string, string>> = {},
): Contest => ({ implementation, problem, order, parameters });

export const contests: readonly Contest[] = [
  contest("EPSILON_GREEDY", "even", "T"),
  contest("EPSILON_GREEDY", "close", "T"),
  contest("THOMPSON_SAMPLING", "even", "log T"),
  contest("THOMPSON_SAMPLING", "close", "log T"),
  contest("THOMPSON_SAMPLING", "normal", "log T", { reward_kind: "real" }),
  contest("UCB1", "even", "log T"),
  contest("UCB1", "close", "log T"),
  contest("EXP3", "even", "sqrt T"),
  contest("EXP3", "shifting", "sqrt T"),
  contest("EXP3", "even", "T", { gamma: "0.1" }),
  contest("EXP3", "shifting", "T", { gamma: "0.1" }),
  contest("LINUCB", "linear", "sqrt T", { n_features: "5", intercept: "false" }),
  contest("LINUCB", "linear", "sqrt T", { n_features: "5", alpha: "1", intercept: "false" }),
];

/** What the algorithm of another library made of the same problem. */
type Regret = Contestant & {
  readonly library: string;
  readonly horizon: number;
  readonly runs: number;
  readonly mean: number;
  /** The standard error of the mean. */
  readonly error: number;
};

type Reference = {
  readonly packages: Readonly<Record<string, string>>;
  readonly grid: readonly number[];
  readonly laws: readonly Law[];
  readonly ucb1: readonly { alpha: number; log: Log; indices: readonly number[] }[];
  readonly exp3: readonly { gamma: number; log: Log; probabilities: readonly number[] }[];
  readonly linucb: readonly Linear[];
  readonly bestOfBeta: readonly { beta: readonly Pair[]; chances: readonly number[] }[];
  readonly posteriorOfMean: readonly {
    rewards: readonly number[];
    quantiles: readonly number[];
  }[];
  readonly regrets: readonly Regret[];
};

type Pair = readonly [number, number];
/** Arms and rewards. */
type Log = readonly Pair[];
type Law = {
  readonly law: "normal" | "gamma" | "beta";
  readonly parameters: readonly number[];
  readonly quantiles: readonly number[];
};
type Linear = {
  readonly alpha: number;
  readonly width: number;
  readonly arms: readonly number[];
  readonly rewards: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly asked: readonly number[];
  readonly scores: readonly number[];
  readonly coefficients: readonly (readonly number[])[];
};

/** Written by reference.py. */
export const reference: Reference = JSON.parse(
  readFileSync(new URL("reference.json", import.meta.url), "utf8"),
);

export const regretOf = (one: Contestant): Regret | undefined =>
  reference.regrets.find(
    ({ implementation, problem, parameters }) =>
      implementation === one.implementation &&
      problem === one.problem &&
      JSON.stringify(parameters) === JSON.stringify(one.parameters),
  );
