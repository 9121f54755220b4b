/** What all bandits read from their parameters in the same way. */
import type { Values } from "../../../api/built-ins/read.ts";
import type { routers } from "../../../api/built-ins/routers.ts";
import type { Means, Random } from "../definition.ts";
import { parameterFault } from "../rows.ts";
import { anyReward, type RewardRange, unitReward } from "./feedback.ts";
import { makeSeededRandom } from "./random.ts";

type Common = Pick<
  Values<typeof routers.UCB1>,
  "n_branches" | "branch_names" | "seed" | "history" | "verbose" | "batch"
>;

export type Setup = {
  readonly node: string;
  /** Of the arms, which are the first children. */
  readonly names: readonly string[];
  readonly random: Random;
  readonly batch: "row" | "request";
  readonly history: boolean;
  readonly verbose: boolean;
};

/** @throws {EngineError} PARAMETER_INVALID when parameters do not fit the children. */
export const makeSetup = (values: Common, { name, branches, random }: Means): Setup => {
  const count = values.n_branches ?? branches.length;
  if (count > branches.length || count === 0) {
    throw parameterFault(
      name,
      `it has ${branches.length} children, and n_branches is ${count}; write a number from 1 to that of the children`,
    );
  }
  return {
    node: name,
    names:
      values.branch_names === undefined
        ? branches.slice(0, count).map((one) => one.name)
        : namesOf(name, values.branch_names, count),
    random: values.seed === undefined ? random : makeSeededRandom(values.seed),
    batch: values.batch === "request" ? "request" : "row",
    history: values.history,
    verbose: values.verbose,
  };
};

const namesOf = (node: string, text: string, count: number): readonly string[] => {
  const names = text.split(/[,:]/).map((one) => one.trim());
  const fit = names.length === count && new Set(names).size === count && !names.includes("");
  if (fit) return names;
  throw parameterFault(
    node,
    `it has ${count} branches, and branch_names is "${text}"; write ${count} different names, parted by commas or colons`,
  );
};

/** @throws {EngineError} PARAMETER_INVALID for a branch that there is not. */
export const checkBranch = ({ node, names }: Setup, branch: number | undefined): void => {
  if (branch === undefined || branch < names.length) return;
  throw parameterFault(
    node,
    `it has the branches 0 to ${names.length - 1}, and best_branch is ${branch}; write one of them`,
  );
};

export const rangeOfKind = (kind: string): RewardRange =>
  kind === "real" ? anyReward : unitReward;

/** @throws {EngineError} PARAMETER_INVALID for an empty range. */
export const rangeOf = (
  { node }: Setup,
  { reward_min: least, reward_max: most }: { reward_min: number; reward_max: number },
): RewardRange => {
  if (least < most) return { least, most };
  throw parameterFault(
    node,
    `reward_min is ${least} and reward_max ${most}; write a smaller reward_min`,
  );
};
