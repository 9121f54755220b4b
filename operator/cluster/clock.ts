/** Time, as something a test can turn by hand. */
import { setTimeout as sleep } from "node:timers/promises";

export type Clock = {
  /** Milliseconds since 1970, as people read them. */
  now(): number;
  /** Milliseconds since some moment, never set back: for measuring. */
  elapsed(): number;
  /** Resolves after so many milliseconds, or at once when the signal aborts. Never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  // An abort is what was waited for, not a failure.
  wait: (ms, signal) =>
    sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
};
