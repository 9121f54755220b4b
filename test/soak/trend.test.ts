import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { quantile, trendOf } from "./trend.ts";

const allowance = { absolute: 2, share: 0.05, quantile: 0.5 };
const series = (count: number, at: (i: number) => number): readonly number[] =>
  Array.from({ length: count }, (_, i) => at(i));
/** The teeth of a saw: memory between two collections. */
const tooth = (i: number): number => (i * 7) % 20;

describe("quantile", () => {
  it.each([
    [[1], 0.5, 1],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 0, 1],
    [[1, 2, 3, 4, 5], 1, 5],
    [[0, 10], 0.25, 2.5],
  ])("of %j at %d is %d", (values, share, want) => {
    expect(quantile(values, share)).toBe(want);
  });

  it("of nothing is no number", () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("trendOf", () => {
  it.each([
    { name: "a constant", values: series(300, () => 100), isFlat: true },
    { name: "a saw", values: series(300, (i) => 100 + tooth(i)), isFlat: true },
    { name: "a fall", values: series(300, (i) => 200 - i / 3), isFlat: true },
    {
      name: "one step within the allowance",
      values: series(300, (i) => (i < 150 ? 100 : 104)),
      isFlat: true,
    },
    { name: "a spike", values: series(300, (i) => (i === 299 ? 1000 : 100)), isFlat: true },
    { name: "a slow leak", values: series(300, (i) => 100 + i / 30), isFlat: false },
    {
      name: "a saw that climbs",
      values: series(300, (i) => 100 + tooth(i) + i / 20),
      isFlat: false,
    },
    { name: "a step", values: series(300, (i) => (i < 150 ? 100 : 110)), isFlat: false },
    { name: "too few values", values: series(8, () => 100), isFlat: false },
    { name: "values that are no numbers", values: series(300, () => Number.NaN), isFlat: false },
  ])("of $name", ({ values, isFlat }) => {
    expect(trendOf(values, allowance).isFlat).toBe(isFlat);
  });

  it("does not depend on the order within a third", () => {
    const property = fc.property(
      fc.array(fc.nat(1000), { minLength: 9, maxLength: 90 }),
      (values) => {
        const third = Math.floor(values.length / 3);
        const turned = [
          ...values.slice(0, third).reverse(),
          ...values.slice(third, values.length - third),
          ...values.slice(values.length - third).reverse(),
        ];
        expect(trendOf(turned, allowance)).toEqual(trendOf(values, allowance));
      },
    );
    fc.assert(property, { seed: 20_250_102 });
  });
});
