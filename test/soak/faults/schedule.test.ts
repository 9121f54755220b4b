import { describe, expect, it } from "@jest/globals";
import { faultKinds, makeRandom, makeSchedule } from "./schedule.ts";

const minutes = 60_000;

describe("makeSchedule", () => {
  it("is the same for the same seed, and another for another", () => {
    const of = (seed: number) => makeSchedule(makeRandom(seed), 10 * minutes);
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
  });

  it("has one fault after the other, and ends in time", () => {
    const faults = makeSchedule(makeRandom(1), 10 * minutes);
    expect(faults.length).toBeGreaterThan(30);
    let before = 0;
    for (const { atMs, lastsMs } of faults) {
      expect(atMs).toBeGreaterThan(before);
      before = atMs + lastsMs;
    }
    expect(before).toBeLessThanOrEqual(10 * minutes);
  });

  it("has every kind about as often", () => {
    const faults = makeSchedule(makeRandom(2), 10 * minutes);
    const counts = faultKinds.map((kind) => faults.filter((one) => one.kind === kind).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});
