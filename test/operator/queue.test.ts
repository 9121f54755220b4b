import { describe, expect, it } from "@jest/globals";
import type { Clock } from "../../operator/cluster/clock.ts";
import { type Again, backoffMs, makeQueue } from "../../operator/queue.ts";

/** Time that goes on when it is told to. */
const makeClock = () => {
  let nowMs = 0;
  const waiting: { readonly atMs: number; readonly done: () => void }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    elapsed: () => nowMs,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        waiting.push({ atMs: nowMs + ms, done: resolve });
        signal?.addEventListener("abort", () => resolve());
      }),
  };
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const go = async (ms: number): Promise<void> => {
    nowMs += ms;
    for (const { atMs, done } of waiting) if (atMs <= nowMs) done();
    await quiet();
  };
  return { clock, go, quiet };
};

/** A queue whose work waits to be ended by hand. */
const makeBench = (workers = 1) => {
  const time = makeClock();
  const began: string[] = [];
  const open = new Map<string, (again: Again) => void>();
  const queue = makeQueue({
    workers,
    clock: time.clock,
    random: () => 0,
    work: (key) =>
      new Promise((resolve) => {
        began.push(key);
        open.set(key, resolve);
      }),
  });
  const end = async (key: string, again: Again = { is: "never" }): Promise<void> => {
    open.get(key)?.(again);
    await time.quiet();
  };
  return { queue, began, end, ...time };
};

describe("makeQueue", () => {
  it("holds a key once", async () => {
    const { queue, began, end } = makeBench();
    for (const key of ["a", "b", "b", "b"]) queue.add(key);
    expect([began, queue.depth()]).toEqual([["a"], 1]);
    await end("a");
    await end("b");
    expect(began).toEqual(["a", "b"]);
  });

  it("works on a key once more that was added meanwhile, and never twice at once", async () => {
    const { queue, began, end } = makeBench(2);
    queue.add("a");
    queue.add("a");
    queue.add("a");
    expect(began).toEqual(["a"]);
    await end("a");
    expect(began).toEqual(["a", "a"]);
    await end("a");
    expect(began).toEqual(["a", "a"]);
  });

  it("works on as many keys as it has workers", async () => {
    const { queue, began, end } = makeBench(2);
    for (const key of ["a", "b", "c"]) queue.add(key);
    expect(began).toEqual(["a", "b"]);
    await end("b");
    expect(began).toEqual(["a", "b", "c"]);
  });

  it("waits longer after each failure, and forgets them after a success", async () => {
    const { queue, began, end, go } = makeBench();
    queue.add("a");
    for (const waitMs of [5, 10, 20]) {
      await end("a", { is: "backoff" });
      const before = began.length;
      await go(waitMs - 1);
      expect(began.length).toBe(before);
      await go(1);
      expect(began.length).toBe(before + 1);
    }
    await end("a", { is: "later", afterMs: 1000 });
    await go(1000);
    await end("a", { is: "backoff" });
    await go(5);
    expect(began).toHaveLength(6);
  });

  it("does not wait when a key is added", async () => {
    const { queue, began, end, go } = makeBench();
    queue.add("a");
    await end("a", { is: "later", afterMs: 1000 });
    queue.add("a");
    expect(began).toEqual(["a", "a"]);
    await end("a");
    await go(1000);
    expect(began).toEqual(["a", "a"]);
  });

  it("ends what is in work when it stops, and takes nothing up", async () => {
    const { queue, began, end, go } = makeBench();
    queue.add("a");
    queue.add("b");
    let isStopped = false;
    const stopped = queue.stop().then(() => {
      isStopped = true;
    });
    queue.add("c");
    await go(0);
    expect(isStopped).toBe(false);
    await end("a", { is: "backoff" });
    await stopped;
    await go(1000);
    expect(began).toEqual(["a"]);
  });
});

describe("backoffMs", () => {
  it("ends at five minutes, and is spread", () => {
    expect(backoffMs(0, () => 0)).toBe(5);
    expect(backoffMs(1000, () => 0)).toBe(300_000);
    expect(backoffMs(1000, () => 1)).toBe(225_000);
  });
});
