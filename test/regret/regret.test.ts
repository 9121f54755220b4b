import { describe, expect, it } from "@jest/globals";
import { contests, type Order, regretOf } from "./contests.ts";
import { problems } from "./problems.ts";
import { simulate } from "./simulate.ts";

/** By how much the regret grows while the trials double, in a few runs: log T, sqrt T or T. */
const growth: Readonly<Record<Order, { least: number; most: number }>> = {
  "log T": { least: 1, most: 1.35 },
  "sqrt T": { least: 1, most: 1.55 },
  T: { least: 1.3, most: 2.1 },
};

/** `npm run regret` plays all of them, and longer. */
const quick = contests.filter(({ problem, parameters }) =>
  ["{} even", '{"reward_kind":"real"} normal', '{"gamma":"0.1"} even', "{} shifting"]
    .concat('{"n_features":"5","alpha":"1","intercept":"false"} linear')
    .includes(`${JSON.stringify(parameters)} ${problem}`),
);

describe("regret", () => {
  it.each(quick)("of $implementation $parameters on $problem grows like $order", async (one) => {
    const runs = 5;
    const { regrets, errors } = await simulate(one, [2000, 4000, 8000], runs);
    const [short = 0, half = 0, whole = 0] = regrets;
    const ratio = whole / half;
    expect(ratio).toBeGreaterThan(growth[one.order].least);
    expect(ratio).toBeLessThan(growth[one.order].most);
    const other = regretOf(one);
    if (other === undefined) return;
    // Both are means of draws: five standard errors of their difference are far apart.
    const error = Math.hypot(errors[0] ?? 0, other.error);
    expect(Math.abs(short - other.mean)).toBeLessThan(5 * error + 0.1 * other.mean);
  });

  it("of EPSILON_GREEDY grows by epsilon times the mean gap", async () => {
    const { even } = problems;
    if (even?.kind !== "bernoulli") throw new Error("even has means");
    const best = Math.max(...even.means);
    const gap = even.means.reduce((sum, mean) => sum + best - mean, 0) / even.means.length;
    for (const epsilon of [0.1, 0.3]) {
      const parameters = { epsilon: `${epsilon}` };
      const contestant = { implementation: "EPSILON_GREEDY", parameters, problem: "even" };
      const [half = 0, whole = 0] = (await simulate(contestant, [2000, 4000], 5)).regrets;
      expect(Math.abs((whole - half) / 2000 / (epsilon * gap) - 1)).toBeLessThan(0.1);
    }
  });

  it("of EXP3 is within twice sqrt(2 K T ln K), whatever the rewards do", async () => {
    const [arms, horizon] = [4, 8000];
    const contestant = { implementation: "EXP3", parameters: {}, problem: "shifting" };
    const [regret = Number.NaN] = (await simulate(contestant, [horizon], 5)).regrets;
    expect(regret).toBeLessThan(2 * Math.sqrt(2 * arms * horizon * Math.log(arms)));
  });
});
