/** All watches of an operator: begun together, ended together. */
import type { Caches, Watched } from "./caches.ts";
import type { Clock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";
import { idOf, type Kind } from "./kinds.ts";
import { makeWatch, type WatchEvents, type WatchState } from "./watch.ts";
import type { Wire } from "./wire.ts";

/** What people who run the operator want to know of its watches. */
export type WatchNews = {
  /** A watch could not list or watch; it tries again. */
  readonly watchFailed: (kind: string, error: ClusterError) => void;
  /** A kind has been listed: at the start, and whenever a watch had to begin anew. */
  readonly listed: (kind: string) => void;
  /** A kind is served, or is not any more. */
  readonly served: (kind: string, isServed: boolean) => void;
};

export type WatchesOptions = {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly caches: Caches;
  readonly news: WatchNews;
};

const notServed = ({ kind, apiVersion, plural }: Kind): ClusterError =>
  new ClusterError(
    "NOT_FOUND",
    `list ${kind}s`,
    `the API server serves no ${plural} of ${apiVersion}; is its CRD installed?`,
  );

export const makeWatches = ({ wire, clock, caches, news }: WatchesOptions) => {
  const states = new Map<string, WatchState>();
  /** What stands in the way of a kind without which nothing can be done. */
  const faults = new Map<Kind, ClusterError>();
  /** A controller each: one for all would have more listeners than Node.js thinks sound. */
  const runs: { readonly ending: AbortController; readonly ended: Promise<void> }[] = [];

  const eventsOf = ({ kind, isNeeded }: Watched, isFilled: () => void): WatchEvents => ({
    stateChanged: (state) => {
      const isFirst = !states.has(idOf(kind));
      states.set(idOf(kind), state);
      news.served(kind.kind, state === "current");
      if (!isFirst) caches.lookAgain();
      if (isNeeded && state === "absent") faults.set(kind, notServed(kind));
      else isFilled();
    },
    failed: (error) => {
      news.watchFailed(kind.kind, error);
      if (isNeeded) faults.set(kind, error);
      else isFilled();
    },
    listed: () => news.listed(kind.kind),
  });

  /** Resolves when the kind is listed or, for an add-on, absent or out of reach. */
  const begin = (one: Watched): Promise<void> =>
    new Promise((resolve) => {
      const isFilled = (): void => {
        faults.delete(one.kind);
        resolve();
      };
      const events = eventsOf(one, isFilled);
      const { cache: sink, kind, namespace, query } = one;
      const options = { wire, clock, sink, events, random: Math.random };
      const ending = new AbortController();
      const ended = makeWatch({ kind, namespace, query }, options).run(ending.signal);
      runs.push({ ending, ended });
    });

  return {
    isServed: (kind: Kind): boolean => states.get(idOf(kind)) !== "absent",
    /** @throws {ClusterError} what stands in the way, or UNAVAILABLE, when it takes too long. */
    start: async (deadlineMs: number): Promise<void> => {
      const done = new AbortController();
      const filled = Promise.all(caches.watched.map(begin));
      const late = clock.wait(deadlineMs, done.signal).then(() => "late" as const);
      const first = await Promise.race([filled, late]);
      done.abort();
      if (first !== "late") return;
      const [fault] = faults.values();
      const reason = `the API server has not listed everything within ${deadlineMs} ms`;
      throw fault ?? new ClusterError("UNAVAILABLE", "fill the caches", reason);
    },
    end: async (): Promise<void> => {
      for (const { ending } of runs) ending.abort();
      await Promise.all(runs.map(({ ended }) => ended));
    },
  };
};
