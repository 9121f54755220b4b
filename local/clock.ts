/** Time as a dependency: tests turn it by hand. Milliseconds throughout. */
export type Clock = {
  now(): number;
  /** Calls `run` once, `afterMs` from now; answers how to take it back. */
  after(afterMs: number, run: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (afterMs, run) => {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `afterMs`, or at once when `signal` ends. */
export const pause = (clock: Clock, afterMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(afterMs, done);
    signal.addEventListener("abort", done);
  });

/** True if `work` settles within `limitMs`; a rejection counts as settled. */
export const settlesWithin = (
  clock: Clock,
  limitMs: number,
  work: Promise<unknown>,
): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.after(limitMs, () => resolve(false));
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    work.then(settled, settled);
  });
