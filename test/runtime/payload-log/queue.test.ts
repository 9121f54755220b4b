import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { type Bounds, makeQueue, type Queue } from "../../../runtime/payload-log/queue.ts";

type Item = { readonly name: string; readonly bytes: number };

const item = (name: string, bytes = 1): Item => ({ name, bytes });

const setUp = (over: Partial<Bounds> = {}): { queue: Queue<Item>; lost: string[] } => {
  const lost: string[] = [];
  const bounds = { maxItems: 2, maxBytes: 100, waitMs: 1000, ...over };
  return { lost, queue: makeQueue<Item>(bounds, makeDeadlines(), ({ name }) => lost.push(name)) };
};

const add = (queue: Queue<Item>, names: string): readonly boolean[] =>
  [...names].map((name) => queue.add(item(name)));

const takeAll = (queue: Queue<Item>): string => {
  let names = "";
  for (let one = queue.take(); one !== undefined; one = queue.take()) names += one.name;
  return names;
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("makeQueue", () => {
  it("gives items back in their order", () => {
    const { queue } = setUp({ maxItems: 3 });
    add(queue, "abc");
    expect(takeAll(queue)).toBe("abc");
    expect(queue.take()).toBeUndefined();
  });

  it("lets as many wait as there are places, and refuses more", () => {
    const { queue } = setUp();
    expect(add(queue, "abcde")).toEqual([true, true, true, true, false]);
    expect(takeAll(queue)).toBe("abcd");
  });

  it("gives up an item that waits too long for a place", () => {
    const { queue, lost } = setUp();
    add(queue, "abc");
    jest.advanceTimersByTime(500);
    add(queue, "d");
    jest.advanceTimersByTime(520);
    expect(lost).toEqual(["c"]);
    expect(queue.bytes()).toBe(3);
    jest.advanceTimersByTime(500);
    expect(lost).toEqual(["c", "d"]);
    expect(takeAll(queue)).toBe("ab");
  });

  it("does not give up an item that got a place in time", () => {
    const { queue, lost } = setUp();
    add(queue, "abc");
    queue.take();
    jest.advanceTimersByTime(5000);
    expect(lost).toEqual([]);
    expect(takeAll(queue)).toBe("bc");
  });

  it.each([0, -5])("lets none wait for %i ms", (waitMs) => {
    const { queue, lost } = setUp({ waitMs });
    expect(add(queue, "abc")).toEqual([true, true, false]);
    jest.advanceTimersByTime(5000);
    expect(lost).toEqual([]);
  });

  it("refuses at once what finds no room in bytes, and counts what is taken until released", () => {
    const { queue } = setUp({ maxItems: 10 });
    const big = item("big", 60);
    expect(queue.add(big)).toBe(true);
    expect(queue.add(item("other", 41))).toBe(false);
    expect(queue.add(item("fits", 40))).toBe(true);
    expect(queue.take()).toBe(big);
    expect(queue.add(item("late", 1))).toBe(false);
    queue.release(big);
    expect(queue.bytes()).toBe(40);
    expect(queue.add(item("late", 60))).toBe(true);
  });

  it("counts the bytes of items that wait for a place", () => {
    const { queue } = setUp({ maxItems: 1 });
    queue.add(item("placed", 50));
    expect(queue.add(item("waits", 50))).toBe(true);
    expect(queue.bytes()).toBe(100);
  });

  it("never takes an item larger than all its room", () => {
    expect(setUp().queue.add(item("huge", 101))).toBe(false);
  });

  it("forgets all that was not taken", () => {
    const { queue, lost } = setUp();
    add(queue, "abcd");
    queue.take();
    expect(queue.clear()).toBe(3);
    expect(queue.bytes()).toBe(1);
    jest.advanceTimersByTime(5000);
    expect(lost).toEqual([]);
    expect(add(queue, "e")).toEqual([true]);
  });

  it("keeps its bounds and its order, whatever happens", () => {
    const move = fc.tuple(
      fc.constantFrom(
        "add" as const,
        "add" as const,
        "take" as const,
        "release" as const,
        "wait" as const,
      ),
      fc.integer({ min: 0, max: 60 }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const { queue, lost } = setUp();
        const added: Item[] = [];
        const taken: Item[] = [];
        let released = 0;
        const moveOnce = {
          add: (amount: number) => {
            const one = item(String(added.length).padStart(4, "0"), amount);
            if (queue.add(one)) added.push(one);
          },
          take: () => {
            taken.push(...[queue.take()].filter((one) => one !== undefined));
          },
          release: () => {
            const one = taken[released];
            if (one === undefined) return;
            queue.release(one);
            released += 1;
          },
          wait: (amount: number) => {
            jest.advanceTimersByTime(amount * 20);
          },
        };
        for (const [what, amount] of moves) {
          moveOnce[what](amount);
          expect(queue.bytes()).toBeGreaterThanOrEqual(0);
          expect(queue.bytes()).toBeLessThanOrEqual(100);
        }
        const left = queue.clear();
        expect(left).toBeLessThanOrEqual(4);
        expect(taken.length + lost.length + left).toBe(added.length);
        const order = taken.map(({ name }) => name);
        expect(order).toEqual(order.toSorted());
        for (const one of taken.slice(released)) queue.release(one);
        expect(queue.bytes()).toBe(0);
      }),
    );
  });
});
