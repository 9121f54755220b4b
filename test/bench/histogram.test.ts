import { describe, expect, it } from "@jest/globals";
import { makeHistogram } from "./histogram.ts";

const filled = (values: readonly number[]) => {
  const histogram = makeHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

describe("makeHistogram", () => {
  it("has no percentile while it is empty", () => {
    const empty = makeHistogram();
    expect([empty.count(), empty.max(), empty.percentile(0.5)]).toEqual([0, 0, Number.NaN]);
  });

  it("is exact below 128", () => {
    const histogram = filled(Array.from({ length: 100 }, (_, i) => i + 1));
    expect([0, 0.5, 0.9, 0.99, 1].map(histogram.percentile)).toEqual([1, 50, 90, 99, 100]);
  });

  it.each([
    { name: "128", value: 128 },
    { name: "a millisecond", value: 1000 },
    { name: "a second", value: 1_000_000 },
    { name: "the largest", value: 2 ** 31 - 1 },
  ])("keeps $name to within 1/64", ({ value }) => {
    const histogram = filled([value, 2 ** 31 - 1]);
    const found = histogram.percentile(0.5);
    expect(found).toBeGreaterThanOrEqual(value);
    expect(found).toBeLessThanOrEqual(value * (1 + 1 / 64));
  });

  it("never tells more than the largest value", () => {
    expect(filled([1000]).percentile(0.99)).toBe(1000);
  });

  it("cuts what is out of range", () => {
    const histogram = filled([-5, 2 ** 40]);
    expect([histogram.percentile(0.5), histogram.max()]).toEqual([0, 2 ** 31 - 1]);
  });

  it("adds up packed parts", () => {
    const values = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 100_003);
    const whole = filled(values);
    const sum = makeHistogram();
    for (let i = 0; i < values.length; i += 1000) sum.add(filled(values.slice(i, i + 1000)).pack());
    expect(sum.pack()).toEqual(whole.pack());
    expect(sum.count()).toBe(5000);
  });
});
