/**
 * What all bandits have in common as nodes: an algorithm chooses an arm for a request and learns
 * from rewards; around it, requests are remembered, rewards checked, and arms reported.
 */
import type { Means } from "../definition.ts";
import type { BuiltInNode, Feedback, Look } from "../node.ts";
import { unfit } from "../rows.ts";
import type { Arms } from "./arms.ts";
import { type RewardRange, rewardOf } from "./feedback.ts";
import { makeHistory } from "./history.ts";
import { describeArms, measureArms } from "./report.ts";
import type { Setup } from "./setup.ts";

/** An arm, and what the algorithm wants to be told when the reward comes. */
export type Choice = readonly [arm: number, ...more: number[]];

/** A reward, and all that is known of what it is for. */
export type Lesson = {
  readonly arm: number;
  readonly reward: number;
  /** What came with the choice of this arm; undefined if it was not this arm, or is forgotten. */
  readonly remembered: readonly number[] | undefined;
  readonly feedback: Feedback;
};

export type Algorithm = {
  readonly range: RewardRange;
  choose(look: Look): Choice;
  /** Whether lessons need what was remembered. */
  readonly remembers: boolean;
  /** Answers as how many trials the lesson counted. @throws {EngineError} with nothing learned. */
  learn(lesson: Lesson): number;
  /** Of each arm to be chosen for the next request; undefined where that depends on the request. */
  probabilities(): readonly number[] | undefined;
  /** What it knows of an arm, for `verbose`. */
  details(arm: number): Readonly<Record<string, unknown>>;
};

export const makeBandit = (
  setup: Setup,
  means: Pick<Means, "store" | "now">,
  { arms, algorithm }: { readonly arms: Arms; readonly algorithm: Algorithm },
): BuiltInNode => {
  const { node, history: keepsHistory } = setup;
  const { store } = means;
  const history = keepsHistory ? makeHistory(means.now) : undefined;
  let unattributed = 0;

  const recalled = async (id: string): Promise<readonly [number, ...number[]] | undefined> => {
    const [arm, ...more] = (await store.recall(node, id)) ?? [];
    const known = arm !== undefined && Number.isInteger(arm) && arm >= 0 && arm < arms.count;
    return known ? [arm, ...more] : undefined;
  };

  /** What is known of a choice, if it was of that arm. */
  const rememberedOf = async (
    arm: number,
    feedback: Feedback,
  ): Promise<readonly number[] | undefined> => {
    if (!algorithm.remembers) return undefined;
    const [chosen, ...more] = (await recalled(feedback.id())) ?? [];
    return chosen === arm ? more : undefined;
  };

  return {
    route: (look) => {
      const choice = algorithm.choose(look);
      const [arm] = choice;
      store.remember(node, look.id, choice);
      arms.pull(arm);
      return arm;
    },
    recall: async (id) => (await recalled(id))?.[0],
    feedback: async (feedback) => {
      const arm = feedback.route;
      if (arm === undefined) {
        unattributed += 1;
        return;
      }
      if (arm >= arms.count) {
        throw unfit(node, `the reward is for branch ${arm}; there are 0 to ${arms.count - 1}`);
      }
      const reward = rewardOf(node, feedback, algorithm.range);
      const remembered = await rememberedOf(arm, feedback);
      const trials = algorithm.learn({ arm, reward, remembered, feedback });
      history?.add({ arm, reward, trials });
    },
    describe: () => ({
      ...describeArms(setup, arms, algorithm),
      ...(history && { history: history.all() }),
    }),
    measures: () => measureArms(setup, arms, { algorithm, unattributed }),
  };
};
