import { describe, expect, it } from "@jest/globals";
import {
  makeSeededRandom,
  makeXoshiro,
  type RandomState,
} from "../../../../runtime/nodes/bandit/random.ts";
import { makeSamplers } from "../../../../runtime/nodes/bandit/samplers.ts";
import { reference } from "../../../regret/contests.ts";

const some = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);

describe("makeXoshiro", () => {
  const rows: readonly { state: RandomState; words: readonly number[] }[] = [
    { state: [1, 2, 3, 4], words: [11520, 0, 5927040, 70819200] },
    {
      state: [0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0],
      words: [0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70],
    },
  ];

  it.each(rows)("gives the words of the authors' code from $state", ({ state, words }) => {
    expect(some(words.length, makeXoshiro(state))).toEqual(words);
  });
});

describe("makeSeededRandom", () => {
  it("repeats itself for a seed, and differs between seeds", () => {
    const [first, again, other] = [7, 7, 8].map((seed) => some(20, makeSeededRandom(seed)));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it.each([0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])("is even over [0, 1) from seed %d", (seed) => {
    const draws = some(20_000, makeSeededRandom(seed));
    expect(draws.every((one) => one >= 0 && one < 1)).toBe(true);
    expect(distance(draws, reference.grid)).toBeLessThan(bound(draws.length));
  });

  it("gives 53 bits", () => {
    const draws = some(100, makeSeededRandom(3));
    expect(draws.every((one) => Number.isInteger(one * 2 ** 53))).toBe(true);
    expect(draws.some((one) => !Number.isInteger(one * 2 ** 52))).toBe(true);
  });
});

/** Of Kolmogorov and Smirnov, on a grid: draws are compared with the quantiles of their law. */
const distance = (draws: readonly number[], quantiles: readonly number[]): number =>
  Math.max(
    ...quantiles.map((quantile, i) => {
      const below = draws.filter((one) => one <= quantile).length / draws.length;
      return Math.abs(below - (reference.grid[i] ?? 0));
    }),
  );

/** Exceeded once in a thousand times, by its asymptotic law. */
const bound = (count: number): number => 1.95 / Math.sqrt(count);

describe("makeSamplers", () => {
  it.each(reference.laws)("draws by the law $law $parameters", ({ law, parameters, quantiles }) => {
    const samplers = makeSamplers(makeSeededRandom(11));
    const [a = 0, b = 0] = parameters;
    const draws = some(20_000, () => samplers[law](a, b));
    expect(distance(draws, quantiles)).toBeLessThan(bound(draws.length));
  });

  it.each([
    { law: "normal", parameters: [], mean: 0, variance: 1 },
    { law: "gamma", parameters: [0.3], mean: 0.3, variance: 0.3 },
    { law: "gamma", parameters: [1e6], mean: 1e6, variance: 1e6 },
    { law: "beta", parameters: [2, 6], mean: 0.25, variance: (0.25 * 0.75) / 9 },
    { law: "beta", parameters: [3e8, 1e8], mean: 0.75, variance: (0.75 * 0.25) / 4e8 },
  ] as const)("has the moments of $law $parameters", ({ law, parameters, mean, variance }) => {
    const samplers = makeSamplers(makeSeededRandom(12));
    const [a = 0, b = 0] = parameters;
    const count = 50_000;
    const draws = some(count, () => samplers[law](a, b));
    const found = draws.reduce((sum, one) => sum + one, 0) / count;
    const spread = draws.reduce((sum, one) => sum + (one - found) ** 2, 0) / count;
    expect(Math.abs(found - mean) / Math.sqrt(variance / count)).toBeLessThan(4);
    expect(spread / variance).toBeCloseTo(1, 1);
  });

  it("stays a number with shapes near 0", () => {
    const { beta, gamma } = makeSamplers(makeSeededRandom(13));
    const draws = some(2000, () => [beta(0.001, 0.001), gamma(0.001)]).flat();
    expect(draws.every((one) => one >= 0 && Number.isFinite(one))).toBe(true);
  });
});
