/**
 * The queue of a level-driven loop: it holds keys and not events, each once; a key is worked on by
 * one worker at a time, and comes again when it was added meanwhile. Failures wait longer each time.
 */
import type { Clock } from "./cluster/clock.ts";

/** When a key comes again: after a failure, after a time, or only when it is added. */
export type Again =
  | { readonly is: "never" }
  | { readonly is: "backoff" }
  | { readonly is: "later"; readonly afterMs: number };

export type Queue = {
  /** Asks for a pass over a key: soon. */
  add(key: string): void;
  /** Keys that are due and not yet in work. */
  depth(): number;
  /** Takes no more keys; resolves when those in work are done. */
  stop(): Promise<void>;
};

export type QueueOptions = {
  /** Never rejects: what goes wrong is its answer. */
  readonly work: (key: string) => Promise<Again>;
  readonly workers: number;
  readonly clock: Clock;
  /** A number from 0 to 1: failures of one moment do not come back in one moment. */
  readonly random: () => number;
};

/** Source: operator contract, 8.1: 5 ms at first, as v1; our longest wait is shorter. */
const firstBackoffMs = 5;
const longestBackoffMs = 300_000;

/** What is known of a key between its passes. */
type Entry = {
  failures: number;
  isDue: boolean;
  isInWork: boolean;
  /** Calls off the timer that makes the key due. */
  cancel?: (() => void) | undefined;
};

export const backoffMs = (failures: number, random: () => number): number =>
  Math.min(firstBackoffMs * 2 ** Math.min(failures, 32), longestBackoffMs) * (1 - random() / 4);

export const makeQueue = ({ work, workers, clock, random }: QueueOptions): Queue => {
  const entries = new Map<string, Entry>();
  /** Due and not in work, in order. */
  const due: string[] = [];
  const inWork = new Set<Promise<void>>();
  let isStopped = false;

  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? { failures: 0, isDue: false, isInWork: false };
    entries.set(key, entry);
    return entry;
  };

  const add = (key: string): void => {
    if (isStopped) return;
    const entry = entryOf(key);
    entry.cancel?.();
    entry.cancel = undefined;
    if (entry.isDue) return;
    entry.isDue = true;
    if (!entry.isInWork) due.push(key);
    takeUp();
  };

  const takeUp = (): void => {
    while (!isStopped && inWork.size < workers) {
      const key = due.shift();
      if (key === undefined) return;
      const pass: Promise<void> = run(key).finally(() => {
        inWork.delete(pass);
        takeUp();
      });
      inWork.add(pass);
    }
  };

  const run = async (key: string): Promise<void> => {
    const entry = entryOf(key);
    entry.isDue = false;
    entry.isInWork = true;
    const again = await work(key);
    entry.isInWork = false;
    entry.failures = again.is === "backoff" ? entry.failures + 1 : 0;
    if (entry.isDue) due.push(key);
    else if (again.is === "never") entries.delete(key);
    else wait(key, entry, again);
  };

  const wait = (key: string, entry: Entry, again: Exclude<Again, { readonly is: "never" }>) => {
    if (isStopped) return;
    const delayMs = again.is === "later" ? again.afterMs : backoffMs(entry.failures - 1, random);
    const called = new AbortController();
    entry.cancel = () => called.abort();
    void clock.wait(delayMs, called.signal).then(() => {
      if (!called.signal.aborted) add(key);
    });
  };

  return {
    add,
    depth: () => due.length,
    stop: async () => {
      isStopped = true;
      for (const { cancel } of entries.values()) cancel?.();
      await Promise.all(inWork);
    },
  };
};
