import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { defaultLimits } from "../../../../runtime/limits.ts";
import { makeTicks, type Ticks } from "../../../../runtime/server/http1/ticks.ts";

let ticks: Ticks | undefined;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  ticks?.stop();
  jest.useRealTimers();
});

describe("makeTicks", () => {
  it.each([
    { name: "a second by default", limits: {}, tickMs: 1000 },
    { name: "a quarter of the shortest limit", limits: { idleTimeoutMs: 800 }, tickMs: 200 },
    { name: "no less than 10 ms", limits: { headerTimeoutMs: 1 }, tickMs: 10 },
    {
      name: "a second without limits",
      limits: { idleTimeoutMs: 0, headerTimeoutMs: 0 },
      tickMs: 1000,
    },
  ])("ticks every $tickMs ms: $name", ({ limits, tickMs }) => {
    const made = makeTicks({ ...defaultLimits, ...limits });
    ticks = made;
    const seen: number[] = [];
    made.watch(() => seen.push(made.now));
    jest.advanceTimersByTime(tickMs * 3 - 1);
    expect(seen).toEqual([1, 2]);
    made.stop();
    jest.advanceTimersByTime(tickMs * 3);
    expect(made.now).toBe(2);
  });

  it.each([
    { ms: 1000, count: 2 },
    { ms: 1001, count: 3 },
    { ms: 65_000, count: 66 },
    { ms: 0, count: Number.POSITIVE_INFINITY },
  ])("counts $ms ms as $count ticks, never as less than they are", ({ ms, count }) => {
    ticks = makeTicks(defaultLimits);
    expect(ticks.count(ms)).toBe(count);
  });
});
