import type { Clock } from "../../../operator/cluster/clock.ts";

export type TurnedClock = Clock & {
  /** How long is being waited for now. */
  pendingMs(): number | undefined;
  turn(ms: number): Promise<void>;
};

/** A clock that stands still; `turn` lets so much time pass, and waits until who waited has acted. */
export const makeClock = (behindMs = 0): TurnedClock => {
  let nowMs = Date.now() - behindMs;
  let waiting: { readonly ms: number; readonly wake: () => void } | undefined;
  let told: () => void = () => {};
  return {
    now: () => nowMs,
    elapsed: () => nowMs,
    wait: (ms: number, signal?: AbortSignal): Promise<void> =>
      new Promise((wake) => {
        waiting = { ms, wake };
        signal?.addEventListener("abort", () => wake(), { once: true });
        told();
      }),
    pendingMs: () => waiting?.ms,
    turn: async (ms: number): Promise<void> => {
      nowMs += ms;
      const waitsAgain = new Promise<void>((resolve) => {
        told = resolve;
      });
      waiting?.wake();
      await waitsAgain;
    },
  };
};
