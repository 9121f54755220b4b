/** A queue that never holds more than it may: bounded in items and in bytes. */
import type { Deadline, Deadlines } from "../deadlines.ts";

export type Bounds = {
  /** Items in the queue; as many again may wait for a place. */
  readonly maxItems: number;
  /** Bytes of all items: in the queue, waiting for a place, or taken and not yet released. */
  readonly maxBytes: number;
  /** How long an item may wait for a place; 0 or less lets none wait. */
  readonly waitMs: number;
};

export type Queue<Item> = {
  /**
   * Takes an item in, and answers whether it did.
   *
   * One that finds all places taken waits for one, and is given up when none gets free in time.
   * One whose bytes find no room is refused at once: it would take its memory while it waited.
   */
  add(item: Item): boolean;
  /** The oldest item. Its bytes count until it is released. */
  take(): Item | undefined;
  release(item: Item): void;
  /** Removes all items that were not taken, and answers how many they were. */
  clear(): number;
  /** Bytes held. */
  bytes(): number;
};

/** `givenUp` hears of each item that waited in vain. */
export const makeQueue = <Item extends { readonly bytes: number }>(
  { maxItems, maxBytes, waitMs }: Bounds,
  deadlines: Deadlines,
  givenUp: (item: Item) => void,
): Queue<Item> => {
  const placed = new Set<Item>();
  const waiting = new Map<Item, number>(); // until when, the first to give up first
  let bytes = 0;
  let next: Deadline | undefined;

  const watch = (): void => {
    const [until] = waiting.values();
    if (next !== undefined || until === undefined) return;
    next = deadlines.set(until - performance.now(), giveUp);
  };

  const giveUp = (): void => {
    next = undefined;
    const now = performance.now();
    for (const [item, until] of waiting) {
      if (until > now) break;
      waiting.delete(item);
      bytes -= item.bytes;
      givenUp(item);
    }
    watch();
  };

  const place = (item: Item): boolean => {
    if (placed.size < maxItems) placed.add(item);
    else if (waitMs > 0 && waiting.size < maxItems) waiting.set(item, performance.now() + waitMs);
    else return false;
    return true;
  };

  return {
    add: (item) => {
      if (bytes + item.bytes > maxBytes || !place(item)) return false;
      bytes += item.bytes;
      watch();
      return true;
    },
    take: () => {
      const [item] = placed;
      if (item === undefined) return undefined;
      placed.delete(item);
      const [longest] = waiting.keys();
      if (longest !== undefined) {
        waiting.delete(longest);
        placed.add(longest);
      }
      return item;
    },
    release: (item) => {
      bytes -= item.bytes;
    },
    clear: () => {
      const items = [...placed, ...waiting.keys()];
      for (const item of items) bytes -= item.bytes;
      placed.clear();
      waiting.clear();
      if (next !== undefined) deadlines.clear(next);
      next = undefined;
      return items.length;
    },
    bytes: () => bytes,
  };
};
