import type { Samplers } from "./samplers.ts";

/** What is believed of the mean rewards of arms. */
export type Belief = {
  /** With so many rewards of an arm and more, there is one. */
  readonly rewards: number;
  /** For one decision: draws a mean reward of an arm. */
  drawing(samplers: Samplers): (arm: number) => number;
  details(arm: number): Readonly<Record<string, unknown>>;
};
