/** What nodes remember about requests: for a bounded time, and bounded in number and size. */
import { createHash } from "node:crypto";

/** Requests are remembered for so long. */
export const rememberMs = 600_000;

const most = { memories: 100_000, numbers: 2_000_000 } as const;

/** Longer ids, which a client may send, are known by their hash. */
const longestId = 128;

export type Memory = {
  readonly node: string;
  readonly id: string;
  readonly value: readonly number[];
  /** Milliseconds since the epoch. */
  readonly until: number;
};

export type Memories = {
  remember(node: string, id: string, value: readonly number[]): void;
  recall(node: string, id: string): readonly number[] | undefined;
  /** All that is not forgotten, the oldest first. */
  all(): readonly Memory[];
};

export const shortId = (id: string): string =>
  id.length <= longestId ? id : `sha256:${createHash("sha256").update(id).digest("hex")}`;

export const makeMemories = (
  now: () => number,
  bounds: { readonly memories: number; readonly numbers: number } = most,
): Memories & { restore(memories: readonly Memory[]): void } => {
  const memories = new Map<string, Memory>(); // keeps the order of insertion
  let numbers = 0;
  const forget = (key: string, { value }: Memory): void => {
    memories.delete(key);
    numbers -= value.length;
  };
  const put = (memory: Memory): void => {
    const key = `${memory.node}\0${memory.id}`;
    const known = memories.get(key);
    if (known !== undefined) forget(key, known);
    memories.set(key, memory);
    numbers += memory.value.length;
    const at = now();
    for (const [oldest, old] of memories) {
      const fits = memories.size <= bounds.memories && numbers <= bounds.numbers;
      if (fits && old.until > at) break;
      forget(oldest, old);
    }
  };
  return {
    remember: (node, id, value) => put({ node, id: shortId(id), value, until: now() + rememberMs }),
    recall: (node, id) => {
      const found = memories.get(`${node}\0${shortId(id)}`);
      return found !== undefined && found.until > now() ? found.value : undefined;
    },
    all: () => [...memories.values()].filter(({ until }) => until > now()),
    restore: (found) => found.forEach(put),
  };
};
