/**
 * State in memory, and every few seconds in a file: what nodes learn outlives the process.
 *
 * Engines that share a folder, such as the old and the new one of a rollout, add to the same file
 * one after the other, so that none overwrites what another has learned.
 */
import type { Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import { makeMemories } from "../nodes/store/memories.ts";
import { keyOf, merge, type Owned } from "../nodes/store/merge.ts";
import type { Snapshot } from "../nodes/store/snapshot.ts";
import { makeSharedSums, type SharedSums } from "../nodes/store/sums.ts";
import { withLock } from "./lock.ts";
import { type Meters, makeMeters } from "./meters.ts";
import type { OpenState } from "./state.ts";
import { openStateFile, type StateFileOptions } from "./state-file.ts";

export type FileStoreOptions = Omit<StateFileOptions, "onBroken"> & {
  readonly everyMs: number;
  readonly now: () => number;
  readonly registry: Registry;
  readonly log: Logger;
};

/** An engine whose nodes learn nothing leaves no trace on the disk. */
export const makeFileStore = (options: FileStoreOptions): OpenState => {
  const state = holdState(options);
  let meters: Meters | undefined;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  const attempt = async (work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
      meters?.succeeded();
    } catch (error) {
      meters?.failed(error instanceof Error ? error.message : `${error}`);
    }
  };
  const begin = (): void => {
    if (meters !== undefined) return;
    const { registry, log } = options;
    meters = makeMeters({ registry, log, place: state.path, waiting: state.waiting });
    timer = setInterval(() => void flush(false), options.everyMs).unref();
    void attempt(() => void state.load());
  };
  const flush = (isLast: boolean): Promise<void> => {
    flushing = flushing.then(() => attempt(() => state.write(isLast)));
    return flushing;
  };

  return {
    store: {
      sums: (node, { kind, length }) => {
        begin();
        return state.sums(node, kind, length);
      },
      remember: (node, id, value) => {
        begin();
        state.memories.remember(node, id, value);
      },
      recall: async (node, id) => {
        begin();
        return state.memories.recall(node, id);
      },
    },
    close: async () => {
      if (meters === undefined) return;
      clearInterval(timer);
      await flush(true);
      if (state.waiting() > 0) await flush(true); // the first one took what had failed before
      const additions = state.waiting();
      if (additions > 0) options.log.error({ file: state.path, additions }, "state not stored");
    },
  };
};

const nothing: Snapshot = { sums: [], memories: [] };

/** What this engine knows, and what it has last seen in the file. */
const holdState = ({ now, log, folder, ownFolder }: FileStoreOptions) => {
  const file = openStateFile({
    folder,
    ownFolder,
    onBroken: (fault, keptAs) =>
      log.error({ file: file.path, fault, keptAs }, "stored state is unreadable; starting anew"),
  });
  const owned = new Map<string, Owned>();
  const memories = makeMemories(now);
  const waiting = (): number => [...owned.values()].reduce((n, { sums }) => n + sums.waiting(), 0);
  let stored = nothing;

  /** Answers whether what was in the file is not there any more. */
  const load = (): boolean => {
    file.prepare();
    if (!file.isChanged()) return false;
    const found = file.read();
    const isLost = found === undefined && stored.sums.length > 0;
    stored = found ?? nothing;
    memories.restore(stored.memories);
    return isLost;
  };
  return {
    path: file.path,
    memories,
    waiting,
    load,
    sums: (node: string, kind: string, length: number): SharedSums => {
      const key = keyOf(node, kind, length);
      const known = owned.get(key);
      if (known !== undefined) return known.sums;
      const sums = makeSharedSums(length);
      sums.settle(
        stored.sums.find((one) => keyOf(one.node, one.kind, one.values.length) === key)?.values,
      );
      owned.set(key, { node, kind, sums });
      return sums;
    },
    /** Writes what the file does not hold; memories only at the end, for there may be many. */
    write: async (isLast: boolean): Promise<void> => {
      const remembers = isLast && memories.all().length > 0;
      if (waiting() === 0 && !remembers && !file.isChanged()) return;
      file.prepare();
      await withLock(`${file.path}.lock`, async () => {
        const isLost = load();
        const { sums, settle } = merge(stored.sums, owned.values());
        if (waiting() > 0 || remembers || isLost) {
          const kept = isLast
            ? memories.all()
            : stored.memories.filter(({ until }) => until > now());
          const next = { sums, memories: kept };
          await file.write(next);
          stored = next;
        }
        settle();
      });
    },
  };
};
