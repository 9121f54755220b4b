import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Registry } from "prom-client";
import { type Latencies, makeLatencies } from "../../runtime/latency.ts";

let registry: Registry;
beforeEach(() => {
  registry = new Registry();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const lines = async (): Promise<string[]> => (await registry.metrics()).trimEnd().split("\n");
const valuesOf = async (prefix: string): Promise<string[]> =>
  (await lines())
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));

const latenciesIn = (registry: Registry): Latencies => {
  const made = makeLatencies("m", "Help.");
  made.publishIn(registry);
  return made;
};

describe("makeLatencies", () => {
  it("shows nothing before the first observation", async () => {
    latenciesIn(registry);
    expect(await registry.metrics()).toBe("\n");
  });

  it("writes a histogram and a summary with the contract's bounds and quantiles", async () => {
    latenciesIn(registry).series({ a: "x" })(0.3);
    const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    expect(await lines()).toEqual([
      "# HELP m Help.",
      "# TYPE m histogram",
      ...bounds.map((le) => `m_bucket{a="x",le="${le}"} ${le >= 0.3 ? 1 : 0}`),
      'm_bucket{a="x",le="+Inf"} 1',
      'm_sum{a="x"} 0.3',
      'm_count{a="x"} 1',
      "",
      "# HELP m_summary Help.",
      "# TYPE m_summary summary",
      ...[0.5, 0.75, 0.9, 0.98, 0.99, 1].map((q) => `m_summary{a="x",quantile="${q}"} 0.3`),
      'm_summary_sum{a="x"} 0.3',
      'm_summary_count{a="x"} 1',
    ]);
  });

  it("puts a value that equals a bound below it, and large ones above all", async () => {
    const observe = latenciesIn(registry).series({});
    for (const seconds of [0.005, 0.0050001, 10, 11]) observe(seconds);
    expect(await valuesOf('m_bucket{le="0.005"} ')).toEqual(["1"]);
    expect(await valuesOf('m_bucket{le="0.01"} ')).toEqual(["2"]);
    expect(await valuesOf('m_bucket{le="7.5"} ')).toEqual(["2"]);
    expect(await valuesOf('m_bucket{le="10"} ')).toEqual(["3"]);
    expect(await valuesOf('m_bucket{le="+Inf"} ')).toEqual(["4"]);
  });

  it("keeps label sets apart, and finds equal ones again", async () => {
    const latencies = latenciesIn(registry);
    latencies.series({ a: "x" })(1);
    latencies.series({ a: "y" })(2);
    latencies.series({ a: "x" })(3);
    expect(await valuesOf("m_sum{")).toEqual(['a="x"} 4', 'a="y"} 2']);
  });

  it("has quantiles of the last 1024 observations, and sums of all", async () => {
    const observe = latenciesIn(registry).series({});
    for (let i = 0; i < 500; i += 1) observe(1000);
    for (let i = 1024; i > 0; i -= 1) observe(i);
    expect(await valuesOf("m_summary{quantile=")).toEqual([
      '"0.5"} 512',
      '"0.75"} 768',
      '"0.9"} 922',
      '"0.98"} 1004',
      '"0.99"} 1014',
      '"1"} 1024',
    ]);
    expect(await valuesOf("m_count ")).toEqual(["1524"]);
    expect(await valuesOf("m_summary_sum ")).toEqual([String(500_000 + (1024 * 1025) / 2)]);
  });

  it("has quantiles of the last ten minutes, none when it has been idle", async () => {
    const observe = latenciesIn(registry).series({});
    const clock = jest.spyOn(performance, "now");
    clock.mockReturnValue(1000);
    observe(7);
    clock.mockReturnValue(300_000);
    observe(1);
    clock.mockReturnValue(601_001);
    expect(await valuesOf('m_summary{quantile="1"} ')).toEqual(["1"]);
    clock.mockReturnValue(2_000_000);
    expect(await valuesOf('m_summary{quantile="1"} ')).toEqual(["Nan"]);
    expect(await valuesOf("m_count ")).toEqual(["2"]);
  });
});
