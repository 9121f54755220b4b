import { describe, expect, it } from "@jest/globals";
import { Gauge, Registry } from "prom-client";
import { makeMetrics, type Scrape } from "../../../runtime/metrics.ts";
import { mergedText } from "../../../runtime/workers/merge.ts";
import { planOf } from "../plan.ts";

/** What a process tells that has answered requests in these seconds. */
const scrapeOf = async (seconds: readonly number[], reward = 0): Promise<Scrape> => {
  const metrics = makeMetrics("dep", planOf({ name: "m" }));
  const count = metrics.serverCount({ service: "predictions", method: "post" });
  for (const one of seconds) count(200, one);
  const labels = { branch: "a" };
  metrics.measured(() => [
    {
      node: "eg",
      measures: [{ name: "reward_total", type: "counter", help: "R.", labels, value: reward }],
    },
  ]);
  return metrics.scrape();
};

const name = "seldon_api_executor_server_requests_seconds";

/** The value of the only line that begins so and holds the label. */
const sampleOf = (text: string, metric: string, label: string): number => {
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) && line.includes(label));
  expect(lines).toHaveLength(1);
  return Number(lines[0]?.split(" ").at(-1));
};

describe("mergedText", () => {
  it("adds counts, sums and buckets", async () => {
    const text = await mergedText([await scrapeOf([0.001, 3]), await scrapeOf([0.002])]);
    expect(sampleOf(text, `${name}_count`, 'code="200"')).toBe(3);
    expect(sampleOf(text, `${name}_sum`, 'code="200"')).toBeCloseTo(3.003);
    expect(sampleOf(text, `${name}_bucket`, 'le="0.005"')).toBe(2);
    expect(sampleOf(text, `${name}_bucket`, 'le="+Inf"')).toBe(3);
  });

  it("weighs quantiles by what each has seen, and takes the highest for the highest", async () => {
    const busy = await scrapeOf([1, 1, 1]);
    const text = await mergedText([busy, await scrapeOf([5]), await scrapeOf([])]);
    expect(sampleOf(text, `${name}_summary`, 'quantile="0.5"')).toBe(2);
    expect(sampleOf(text, `${name}_summary`, 'quantile="1"')).toBe(5);
  });

  it("tells what is learned as the process does that knows most", async () => {
    const text = await mergedText([await scrapeOf([], 4), await scrapeOf([], 7)]);
    expect(sampleOf(text, "espalier_reward_total", 'branch="a"')).toBe(7);
  });

  it.each([
    { aggregator: "min", value: 2 },
    { aggregator: "max", value: 6 },
    { aggregator: "average", value: 4 },
    { aggregator: "first", value: 2 },
    { aggregator: "sum", value: 8 },
    { aggregator: "omit", value: undefined },
  ] as const)("merges a gauge by $aggregator", async ({ aggregator, value }) => {
    const scrapes = [2, 6].map(async (one) => {
      const registry = new Registry();
      new Gauge({ name: "g", help: "G.", aggregator, registers: [registry] }).set(one);
      return { metrics: await registry.getMetricsAsJSON(), measures: [] };
    });
    const text = await mergedText(await Promise.all(scrapes));
    expect(/^g (\S+)$/m.exec(text)?.[1]).toBe(value === undefined ? undefined : String(value));
  });
});
