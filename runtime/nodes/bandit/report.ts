/** What a bandit has learned, for people and for Prometheus. */
import type { Measure } from "../node.ts";
import type { Arms } from "./arms.ts";
import type { Algorithm } from "./bandit.ts";
import type { Setup } from "./setup.ts";

export const describeArms = (
  { names, verbose }: Setup,
  arms: Arms,
  algorithm: Pick<Algorithm, "probabilities" | "details">,
) => {
  const probabilities = algorithm.probabilities();
  return {
    branches: names.map((name, arm) => ({
      branch: arm,
      name,
      pulls: arms.pulls(arm),
      rewards: arms.rewards(arm),
      trials: arms.trials(arm),
      reward: arms.total(arm),
      mean_reward: arms.trials(arm) > 0 ? arms.mean(arm) : null,
      probability: probabilities?.[arm] ?? null,
      ...(verbose && { details: algorithm.details(arm) }),
    })),
  };
};

type Told = {
  readonly algorithm: Pick<Algorithm, "probabilities" | "range">;
  readonly unattributed: number;
};

export const measureArms = (
  { names }: Setup,
  arms: Arms,
  { algorithm, unattributed }: Told,
): readonly Measure[] => {
  const probabilities = algorithm.probabilities();
  const falls = algorithm.range.least < 0; // a counter must not
  const perArm = (measure: Omit<Measure, "labels" | "value">, numberOf: (arm: number) => number) =>
    names.map(
      (name, arm): Measure => ({
        ...measure,
        labels: { branch: name },
        value: numberOf(arm),
      }),
    );
  return [
    ...perArm(
      { name: "router_pulls_total", type: "counter", help: "Requests sent to a branch." },
      arms.pulls,
    ),
    ...perArm(
      { name: "router_trials_total", type: "counter", help: "Trials of a branch with a reward." },
      arms.trials,
    ),
    ...perArm(
      {
        name: "router_reward_total",
        type: falls ? "gauge" : "counter",
        help: "Sum of the rewards of a branch's trials.",
      },
      arms.total,
    ),
    ...(probabilities === undefined
      ? []
      : perArm(
          {
            name: "router_probability",
            type: "gauge",
            help: "Probability that the next request goes to a branch.",
          },
          (arm) => probabilities[arm] ?? 0,
        )),
    {
      name: "router_feedback_unattributed_total",
      type: "counter",
      help: "Feedback of which the branch is not known, so nothing was learned.",
      labels: {},
      value: unattributed,
    },
  ];
};
