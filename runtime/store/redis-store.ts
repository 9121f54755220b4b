/**
 * State that engines share through a Redis or Valkey server. Each decides by its own copy, to which
 * it adds at once; a few times a second it tells the server what it has added and hears what the
 * others have. Without the server it goes on by itself and tells later.
 */
import { randomUUID } from "node:crypto";
import type { Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import { makeMemories, rememberMs, shortId } from "../nodes/store/memories.ts";
import { placeOf, type StoreAddress } from "./address.ts";
import { type Meters, makeMeters } from "./meters.ts";
import { openLink, type RedisLink } from "./redis-link.ts";
import { makeSharedMemories, type SharedMemories } from "./redis-memories.ts";
import { makeSharedState, type SharedState } from "./redis-state.ts";
import type { OpenState } from "./state.ts";

export type RedisStoreOptions = {
  readonly address: StoreAddress;
  /** Namespace, deployment and predictor. */
  readonly owner: readonly string[];
  readonly now: () => number;
  readonly registry: Registry;
  readonly log: Logger;
  readonly flushEveryMs?: number;
};

const flushEveryMs = 200;
/** How long the end of an engine may take for it. */
const closeWithinMs = 1_500;

type Begun = {
  readonly link: RedisLink;
  readonly meters: Meters;
  readonly memories: SharedMemories;
  readonly timer: NodeJS.Timeout;
};

export const makeRedisStore = (options: RedisStoreOptions): OpenState => {
  const { address, owner, now, registry, log } = options;
  const engine = randomUUID();
  const prefix = ["espalier", ...owner].map(escaped).join(":");
  const states = new Map<string, SharedState>();
  const own = makeMemories(now);
  const waiting = (): number => [...states.values()].reduce((n, one) => n + one.sums.waiting(), 0);
  let begun: Begun | undefined;

  /** An engine whose nodes learn nothing connects to nothing. */
  const begin = (): Begun => {
    if (begun !== undefined) return begun;
    const meters = makeMeters({ registry, log, place: placeOf(address), waiting });
    const link = openLink({
      address,
      onReady: () => {
        for (const state of states.values()) void state.exchange(true);
        void memories.flush();
      },
      onError: meters.failed,
    });
    const onError = (error: unknown): void =>
      meters.failed(error instanceof Error ? error.message : `${error}`);
    const memories = makeSharedMemories({ link, lastMs: rememberMs, onError });
    const tick = (): void => {
      if (link.isReady()) for (const state of states.values()) void state.exchange(false);
    };
    const timer = setInterval(tick, options.flushEveryMs ?? flushEveryMs).unref();
    begun = { link, meters, memories, timer };
    return begun;
  };

  const memoryKey = (node: string, id: string): string =>
    `${prefix}:${escaped(node)}:memory:${shortId(id)}`;

  return {
    store: {
      sums: (node, { kind, length }) => {
        const { link, meters } = begin();
        const key = `${prefix}:${escaped(node)}:sums:${escaped(kind)}:${length}`;
        const known = states.get(key);
        if (known !== undefined) return known.sums;
        const state = makeSharedState({ key, kind, length, engine, link, meters });
        states.set(key, state);
        if (link.isReady()) void state.exchange(true);
        return state.sums;
      },
      remember: (node, id, value) => {
        own.remember(node, id, value);
        begin().memories.share(memoryKey(node, id), value);
      },
      recall: async (node, id) =>
        own.recall(node, id) ?? (await begin().memories.find(memoryKey(node, id))),
    },
    close: async () => {
      if (begun === undefined) return;
      const { link, memories, timer } = begun;
      clearInterval(timer);
      if (link.isReady()) {
        const told = [memories.flush(), ...[...states.values()].map((state) => state.finish())];
        await within(closeWithinMs, Promise.all(told));
      }
      link.close();
      if (waiting() > 0) log.error({ additions: waiting() }, "state not stored");
    },
  };
};

/** As one part of a key, whose parts are divided by colons. */
const escaped = (part: string): string => part.replace(/[%:]/g, encodeURIComponent);

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
};
