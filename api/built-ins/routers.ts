/** Routers that learn from feedback which child is best. Source: docs/bandits.md cites each one. */
import type { BuiltInTable } from "./table.ts";

/** Named as the parameters of the field's bandit components are. */
const common = {
  n_branches: {
    is: "whole",
    least: 1,
    of: "children",
    help: "how many of the children take part, from the first; all if not given",
  },
  branch_names: {
    is: "text",
    help: "names of the branches in answers and metrics, parted by commas or colons; the children's if not given",
  },
  seed: {
    is: "whole",
    least: 0,
    help: "makes the draws of one engine repeatable; a new sequence at every start if not given",
  },
  history: {
    is: "flag",
    fallback: "false",
    help: "keep the last 1000 rewards that this engine got, and list them",
  },
  verbose: {
    is: "flag",
    fallback: "false",
    help: "list what an algorithm knows of each branch beside its rewards",
  },
  batch: {
    is: "text",
    choices: ["row", "request"],
    fallback: "row",
    help: "what a reward for n rows counts as: n trials (row) or one (request)",
  },
} as const;

const rewardKind = {
  is: "text",
  choices: ["binary", "real"],
  fallback: "binary",
  help: "binary: rewards are 0 or 1, or the fraction of a batch that succeeded; real: any number",
} as const;

const rewardRange = {
  reward_min: { is: "number", fallback: "0", help: "least reward that there can be" },
  reward_max: { is: "number", fallback: "1", help: "greatest reward that there can be" },
} as const;

const bestBranch = {
  is: "whole",
  least: 0,
  help: "index of the branch that counts as best until there is a reward; a random one for each request if not given",
} as const;

export const routers = {
  EPSILON_GREEDY: {
    kind: "router",
    help: "sends requests to the child with the best mean reward, and a fraction of them anywhere",
    children: { least: 1 },
    parameters: {
      ...common,
      epsilon: {
        is: "number",
        least: 0,
        most: 1,
        fallback: "0.1",
        help: "fraction of the requests that go to a child at random",
      },
      best_branch: bestBranch,
      reward_kind: rewardKind,
    },
  },
  THOMPSON_SAMPLING: {
    kind: "router",
    help: "sends each request to a child as probably as it is the best one",
    children: { least: 1 },
    parameters: {
      ...common,
      best_branch: bestBranch,
      reward_kind: rewardKind,
      alpha: {
        is: "number",
        least: 0.01,
        most: 1e9,
        fallback: "1",
        help: "successes that each branch has in advance; for binary rewards",
      },
      beta: {
        is: "number",
        least: 0.01,
        most: 1e9,
        fallback: "1",
        help: "failures that each branch has in advance; for binary rewards",
      },
    },
  },
  UCB1: {
    kind: "router",
    help: "sends requests to the child whose mean reward could be the highest",
    children: { least: 1 },
    parameters: {
      ...common,
      ...rewardRange,
      alpha: {
        is: "number",
        least: 0,
        fallback: "1",
        help: "width of the confidence bounds; 1 is the algorithm as it was published",
      },
    },
  },
  EXP3: {
    kind: "router",
    help: "sends requests to children by weights, which holds when rewards change in any way",
    children: { least: 1 },
    parameters: {
      ...common,
      ...rewardRange,
      gamma: {
        is: "number",
        least: 0.000001,
        most: 1,
        help: "fraction of the requests that go to a child at random, for ever; if not given, the rate of learning falls with the number of trials",
      },
    },
  },
  LINUCB: {
    kind: "router",
    help: "sends each request to the child whose reward, linear in the request's numbers, could be the highest",
    children: { least: 1 },
    parameters: {
      ...common,
      n_features: {
        is: "whole",
        required: true,
        least: 1,
        most: 1000,
        help: "numbers in a row of a request",
      },
      alpha: {
        is: "number",
        least: 0,
        fallback: "2.2",
        help: "width of the confidence bounds, in standard deviations; 2.2 is that of bounds which hold 90 times of 100",
      },
      lambda: {
        is: "number",
        least: 0.000001,
        fallback: "1",
        help: "strength of the ridge: the weight of coefficients that are 0",
      },
      intercept: {
        is: "flag",
        fallback: "true",
        help: "give each row a constant 1 beside its numbers",
      },
    },
  },
} as const satisfies BuiltInTable;
