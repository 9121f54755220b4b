import type { StateStore } from "../state-store.ts";

/**
 * What is known of the arms of a bandit: sums in a block of numbers for each arm, so that engines
 * which learn at the same time can add to one state.
 */
export type Arms = {
  readonly count: number;
  /** Requests sent to the arm. */
  pulls(arm: number): number;
  /** Feedback that came for it. */
  rewards(arm: number): number;
  /** What feedback counted as: the rows of batches, for one. */
  trials(arm: number): number;
  /** The sum of the rewards of its trials. */
  total(arm: number): number;
  /** The sum of their squares. */
  squares(arm: number): number;
  /** The mean reward of its trials; 0 if there are none. */
  mean(arm: number): number;
  /** One of the numbers that only one algorithm keeps. */
  own(arm: number, place: number): number;
  pull(arm: number): void;
  /** Adds a reward that counts as `trials`, and to the numbers that only one algorithm keeps. @throws as `Sums.add` */
  learn(arm: number, reward: number, trials: number, own?: readonly number[]): void;
};

const shared = ["pulls", "rewards", "trials", "total", "squares"] as const;

type ArmsOptions = {
  readonly node: string;
  readonly count: number;
  /** What the numbers of one algorithm mean; the shared ones are the same for all. */
  readonly kind: string;
  /** How many numbers an algorithm keeps beside the shared ones. */
  readonly own: number;
};

export const makeArms = (store: StateStore, options: ArmsOptions): Arms => {
  const { node, count, kind, own } = options;
  const stride = shared.length + own;
  const sums = store.sums(node, { kind, length: count * stride });
  const placesOf = Array.from({ length: count }, (_, arm) =>
    Array.from({ length: stride }, (_, place) => arm * stride + place),
  );
  const pullOf = placesOf.map((places) => places.slice(0, 1));
  const learned = placesOf.map((places) => places.slice(1));
  const learnedShared = placesOf.map((places) => places.slice(1, shared.length));
  const one = [1];
  const at = (arm: number, place: number): number => sums.values[arm * stride + place] ?? 0;
  return {
    count,
    pulls: (arm) => at(arm, 0),
    rewards: (arm) => at(arm, 1),
    trials: (arm) => at(arm, 2),
    total: (arm) => at(arm, 3),
    squares: (arm) => at(arm, 4),
    mean: (arm) => (at(arm, 2) > 0 ? at(arm, 3) / at(arm, 2) : 0),
    own: (arm, place) => at(arm, shared.length + place),
    pull: (arm) => sums.add(pullOf[arm] ?? [], one),
    learn: (arm, reward, trials, more) => {
      const places = (more === undefined ? learnedShared : learned)[arm] ?? [];
      const common = [1, trials, trials * reward, trials * reward * reward];
      sums.add(places, more === undefined ? common : [...common, ...more]);
    },
  };
};
