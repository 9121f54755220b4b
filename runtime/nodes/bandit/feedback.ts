/** What feedback says to a bandit: an arm, a reward, and how many trials it is about. */
import { EngineError } from "../../errors.ts";
import type { Feedback } from "../node.ts";
import { unfit } from "../rows.ts";
import type { NumericView } from "../view.ts";

export type RewardRange = { readonly least: number; readonly most: number };

/** Bounded so that no sum of squares can overflow. */
export const anyReward: RewardRange = { least: -1e100, most: 1e100 };
export const unitReward: RewardRange = { least: 0, most: 1 };

/** @throws {EngineError} PAYLOAD_UNFIT for a reward that is not finite, or out of the range. */
export const rewardOf = (node: string, feedback: Feedback, range: RewardRange): number => {
  const reward = feedback.reward();
  if (!Number.isFinite(reward)) {
    throw unfit(node, `the reward is ${reward}; send a finite number`);
  }
  if (reward < range.least || reward > range.most) {
    throw unfit(
      node,
      `the reward is ${reward}; send one from ${range.least} to ${range.most}, or set the node's parameters reward_kind, or reward_min and reward_max`,
    );
  }
  return reward;
};

/** @throws {EngineError} PAYLOAD_UNFIT for a batch without rows. */
export const trialsOf = (node: string, feedback: Feedback, batch: "row" | "request"): number => {
  const rows = batch === "row" ? rowsOf(requestOf(feedback)) : 1;
  if (rows > 0) return rows;
  throw unfit(node, "feedback is about a request of 0 rows; send those that the reward is for");
};

/** Undefined where feedback has no request, and where the request is not of numbers. */
const requestOf = (feedback: Feedback): NumericView | undefined => {
  try {
    return feedback.request();
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "PAYLOAD_UNFIT") return undefined;
    throw thrown;
  }
};

const rowsOf = (view: NumericView | undefined): number =>
  view === undefined || view.shape.length < 2 ? 1 : (view.shape[0] ?? 0);
