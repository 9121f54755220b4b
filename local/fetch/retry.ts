/** Asks again what failed in passing, after pauses that grow. */
import { setTimeout } from "node:timers/promises";
import { FetchFault } from "./fault.ts";

export type Patience = {
  /** How often something may fail in a row, without a byte that came in between. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long a server may be silent. */
  readonly idleMs: number;
  readonly random: () => number;
};

export const usualPatience: Patience = {
  attempts: 6,
  firstPauseMs: 500,
  longestPauseMs: 10_000,
  idleMs: 60_000,
  random: Math.random,
};

export type Retry = {
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Grows while there is progress, which makes up for failures. */
  readonly progress?: () => number;
};

export const retrying = async <T>(
  work: () => Promise<T>,
  { patience, signal, progress = () => 0 }: Retry,
): Promise<T> => {
  let reached = progress();
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof FetchFault) || !thrown.isPassing) throw thrown;
      if (progress() > reached) failures = 1;
      reached = Math.max(reached, progress());
      if (failures >= patience.attempts) throw thrown;
      await setTimeout(pauseMs(failures, thrown, patience), undefined, { signal }).catch(() => {
        throw thrown; // what went wrong says more than that there is no time left
      });
    }
  }
};

/** Between half and the whole of a pause that doubles, so that many do not ask at the same time. */
const pauseMs = (failures: number, { afterMs }: FetchFault, patience: Patience): number => {
  const { firstPauseMs, longestPauseMs, random } = patience;
  const grown = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
  const told = Math.min(afterMs ?? 0, 3 * longestPauseMs);
  return Math.max(told, grown * (0.5 + random() / 2));
};
