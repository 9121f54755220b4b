import type { Random } from "../definition.ts";
import type { Arms } from "./arms.ts";

/** Chooses among arms that are known well enough; there is always one. */
export type Rule = {
  best(among: readonly number[]): number;
  /** The probability of each of them to be the best, in their order. */
  chances(among: readonly number[]): readonly number[];
};

export type WarmUp = {
  choose(): number;
  probabilities(): readonly number[];
};

/**
 * Sends requests to arms with fewer than `rewards` rewards at random, each its even share of all
 * requests, and leaves the rest to the rule.
 *
 * As algorithms are published, such arms are played first and one after another. Here rewards come
 * late, other engines choose at the same time, and an arm whose model is broken never gets one: it
 * costs its share and no more.
 */
export const makeWarmUp = (
  { arms, random, rewards }: { arms: Arms; random: Random; rewards: number },
  rule: Rule,
): WarmUp => {
  const { count } = arms;
  const all = Array.from({ length: count }, (_, arm) => arm);
  const isNew = (arm: number): boolean => arms.rewards(arm) < rewards;
  return {
    choose: () => {
      if (!all.some(isNew)) return rule.best(all);
      const drawn = Math.floor(random() * count);
      if (isNew(drawn)) return drawn;
      return rule.best(all.filter((arm) => !isNew(arm)));
    },
    probabilities: () => {
      const known = all.filter((arm) => !isNew(arm));
      const chances = known.length === 0 ? [] : rule.chances(known);
      return all.map((arm) =>
        isNew(arm) ? 1 / count : ((chances[known.indexOf(arm)] ?? 0) * known.length) / count,
      );
    },
  };
};
