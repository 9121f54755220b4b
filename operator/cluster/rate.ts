import type { Clock } from "./clock.ts";

export type Rate = { readonly perSecond: number; readonly burst: number };

/** What client-go's controllers are often given; enough to settle 200 deployments in a minute. */
export const defaultRate: Rate = { perSecond: 50, burst: 100 };

/**
 * Lets `burst` requests through at once and then `perSecond`, in the order in which they ask, so
 * that a storm of ours is none of the API server's.
 */
export const makeRate = ({ perSecond, burst }: Rate, clock: Clock) => {
  const gapMs = 1_000 / perSecond;
  let dueMs = Number.NEGATIVE_INFINITY;
  return async (signal?: AbortSignal): Promise<void> => {
    const now = clock.elapsed();
    dueMs = Math.max(dueMs, now - burst * gapMs) + gapMs;
    if (dueMs > now) await clock.wait(dueMs - now, signal);
  };
};
