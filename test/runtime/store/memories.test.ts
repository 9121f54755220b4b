import { describe, expect, it } from "@jest/globals";
import { makeMemories, rememberMs, shortId } from "../../../runtime/nodes/store/memories.ts";

describe("makeMemories", () => {
  it("knows the latest of each node and id, for its time", () => {
    let now = 0;
    const memories = makeMemories(() => now);
    memories.remember("n", "a", [1]);
    memories.remember("n", "a", [2]);
    memories.remember("m", "a", [3]);
    expect(memories.recall("n", "a")).toEqual([2]);
    expect(memories.recall("m", "a")).toEqual([3]);
    expect(memories.recall("n", "b")).toBeUndefined();
    now = rememberMs - 1;
    expect(memories.recall("n", "a")).toEqual([2]);
    now = rememberMs;
    expect(memories.recall("n", "a")).toBeUndefined();
    expect(memories.all()).toEqual([]);
  });

  it("forgets the oldest of too many", () => {
    const memories = makeMemories(() => 0, { memories: 2, numbers: 100 });
    for (const id of ["a", "b", "a", "c"]) memories.remember("n", id, [1]);
    expect(memories.all().map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("forgets the oldest of too large ones", () => {
    const memories = makeMemories(() => 0, { memories: 100, numbers: 5 });
    memories.remember("n", "a", [1, 2]);
    memories.remember("n", "b", [1, 2]);
    memories.remember("n", "a", [1, 2, 3]);
    expect(memories.all().map(({ id }) => id)).toEqual(["b", "a"]);
    memories.remember("n", "c", [1]);
    expect(memories.all().map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("keeps long ids short", () => {
    const long = "x".repeat(100_000);
    const memories = makeMemories(() => 0);
    memories.remember("n", long, [1]);
    expect(memories.recall("n", long)).toEqual([1]);
    expect(memories.recall("n", `${long}x`)).toBeUndefined();
    expect(shortId(long).length).toBeLessThan(100);
    expect(shortId("x".repeat(128))).toBe("x".repeat(128));
  });

  it("takes up what was remembered before", () => {
    const before = makeMemories(() => 0);
    before.remember("n", "a", [1]);
    const after = makeMemories(() => 10);
    after.restore(before.all());
    expect(after.recall("n", "a")).toEqual([1]);
  });
});
