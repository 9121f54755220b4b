import type { Clock } from "../../../operator/cluster/clock.ts";

type Waiter = { readonly atMs: number; readonly resolve: () => void };

export type ManualClock = Clock & {
  /** Lets so much time pass, waking who waits in the order of time, and lets each go as far as it gets. */
  pass(ms: number): Promise<void>;
  /** How long those who wait have asked for. */
  readonly waiting: readonly number[];
};

/** A turn of the event loop: everything that needs no time is done then. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Begins at 1 000 000 ms. */
export const makeManualClock = (): ManualClock => {
  let nowMs = 1_000_000;
  let waiters: Waiter[] = [];
  const elapsed = (): number => nowMs;
  return {
    now: elapsed,
    elapsed,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const waiter = { atMs: nowMs + ms, resolve };
        const leave = (): void => {
          waiters = waiters.filter((one) => one !== waiter);
          resolve();
        };
        if (signal?.aborted === true) return leave();
        signal?.addEventListener("abort", leave, { once: true });
        waiters.push(waiter);
      }),
    get waiting() {
      return waiters.map(({ atMs }) => atMs - nowMs);
    },
    pass: async (ms) => {
      const end = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = waiters
          .filter(({ atMs }) => atMs <= end)
          .sort((one, other) => one.atMs - other.atMs);
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        waiters = waiters.filter((one) => one !== next);
        next.resolve();
        await settle();
      }
      nowMs = end;
    },
  };
};
