import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Deadlines, makeDeadlines } from "../../runtime/deadlines.ts";

let deadlines: Deadlines;
let expired: string[];
const expire = (name: string) => () => {
  expired.push(name);
};

beforeEach(() => {
  jest.useFakeTimers();
  expired = [];
  deadlines = makeDeadlines(() => Date.now());
});
afterEach(() => {
  jest.useRealTimers();
});

describe("makeDeadlines", () => {
  it("expires once, never early, at most a tick late", () => {
    deadlines.set(100, expire("a"));
    jest.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(11);
    expect(expired).toEqual(["a"]);
    jest.advanceTimersByTime(1000);
    expect(expired).toEqual(["a"]);
  });

  it("never expires what was cleared", () => {
    const one = deadlines.set(50, expire("a"));
    deadlines.set(50, expire("b"));
    deadlines.clear(one);
    deadlines.clear(one);
    jest.advanceTimersByTime(100);
    expect(expired).toEqual(["b"]);
  });

  it("lets what expires clear another and set a third", () => {
    deadlines.set(20, () => {
      deadlines.clear(second);
      deadlines.set(20, expire("third"));
    });
    const second = deadlines.set(20, expire("second"));
    jest.advanceTimersByTime(30);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(30);
    expect(expired).toEqual(["third"]);
  });

  it("expires a deadline of 0 at the next tick", () => {
    deadlines.set(0, expire("a"));
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(10);
    expect(expired).toEqual(["a"]);
  });

  it("rests when there is nothing to watch, and wakes up again", () => {
    deadlines.clear(deadlines.set(1000, expire("a")));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(5000);
    expect(jest.getTimerCount()).toBe(0);
    deadlines.set(30, expire("b"));
    jest.advanceTimersByTime(40);
    expect(expired).toEqual(["b"]);
  });

  it("expires a shorter one that was set after a longer one, and the longer one then", () => {
    deadlines.set(300, expire("long"));
    jest.advanceTimersByTime(50);
    deadlines.set(50, expire("short"));
    jest.advanceTimersByTime(60);
    expect(expired).toEqual(["short"]);
    jest.advanceTimersByTime(200);
    expect(expired).toEqual(["short", "long"]);
  });

  it("expires what is left when the soonest was cleared", () => {
    const soonest = deadlines.set(20, expire("soonest"));
    deadlines.set(60, expire("later"));
    deadlines.clear(soonest);
    jest.advanceTimersByTime(40);
    deadlines.set(100, expire("last"));
    jest.advanceTimersByTime(30);
    expect(expired).toEqual(["later"]);
    jest.advanceTimersByTime(80);
    expect(expired).toEqual(["later", "last"]);
  });

  it("expires the others when one throws", () => {
    deadlines.set(20, () => {
      throw new Error("broken");
    });
    deadlines.set(20, expire("other"));
    expect(() => jest.advanceTimersByTime(30)).toThrow("broken");
    jest.advanceTimersByTime(10);
    expect(expired).toEqual(["other"]);
  });

  it("watches thousands with one timer", () => {
    for (let i = 0; i < 5000; i += 1) deadlines.set(i, expire(String(i)));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(2500);
    expect(expired).toHaveLength(2501);
  });
});
