import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import {
  type CustomMetrics,
  type MetricMethod,
  makeCustomMetrics,
} from "../../../runtime/component/metrics.ts";
import { makeScrapeHandler } from "../../../runtime/component/scrape.ts";
import type { Metric } from "../../../runtime/component/user.ts";
import { makeScope } from "../../../runtime/scope.ts";
import { silent } from "./fixture.ts";

const make = (): { metrics: CustomMetrics; scrape: () => Promise<string[]> } => {
  const registry = new Registry();
  const labels = { model_name: "m", image_name: "i" };
  return {
    metrics: makeCustomMetrics(registry, labels, silent),
    scrape: async () => (await registry.metrics()).split("\n"),
  };
};

const identity = 'model_name="m",image_name="i"';

describe("makeCustomMetrics", () => {
  const rows: readonly {
    readonly name: string;
    readonly recorded: readonly (readonly [Metric, MetricMethod])[];
    readonly lines: readonly string[];
  }[] = [
    {
      name: "adds up a counter",
      recorded: [
        [{ key: "hits", type: "COUNTER", value: 1 }, "predict"],
        [{ key: "hits", type: "COUNTER", value: 2 }, "predict"],
      ],
      lines: ["# TYPE hits_total counter", `hits_total{method="predict",${identity}} 3`],
    },
    {
      name: "does not double the ending of a counter",
      recorded: [[{ key: "hits_total", type: "COUNTER", value: 1 }, "router"]],
      lines: [`hits_total{method="router",${identity}} 1`],
    },
    {
      name: "keeps the last value of a gauge",
      recorded: [
        [{ key: "heat", type: "GAUGE", value: 5 }, "aggregate"],
        [{ key: "heat", type: "GAUGE", value: -1 }, "aggregate"],
      ],
      lines: ["# TYPE heat gauge", `heat{method="aggregate",${identity}} -1`],
    },
    {
      name: "counts milliseconds into buckets of seconds",
      recorded: [
        [{ key: "took", type: "TIMER", value: 1 }, "predict"],
        [{ key: "took", type: "TIMER", value: 1.1 }, "predict"],
        [{ key: "took", type: "TIMER", value: 31_000 }, "predict"],
      ],
      lines: [
        "# TYPE took histogram",
        `took_bucket{method="predict",${identity},le="0.001"} 1`,
        `took_bucket{method="predict",${identity},le="0.0012341553253454693"} 2`,
        `took_bucket{method="predict",${identity},le="30"} 2`,
        `took_bucket{method="predict",${identity},le="+Inf"} 3`,
        `took_sum{method="predict",${identity}} 31.0021`,
        `took_count{method="predict",${identity}} 3`,
      ],
    },
    {
      name: "keeps series with other tags apart, whatever tags they have",
      recorded: [
        [{ key: "a", type: "COUNTER", value: 1, tags: { x: "1" } }, "predict"],
        [{ key: "a", type: "COUNTER", value: 1, tags: { y: '"2"\n' } }, "predict"],
        [{ key: "a", type: "COUNTER", value: 1 }, "inputtransform"],
      ],
      lines: [
        `a_total{x="1",method="predict",${identity}} 1`,
        `a_total{y="\\"2\\"\\n",method="predict",${identity}} 1`,
        `a_total{method="inputtransform",${identity}} 1`,
      ],
    },
    {
      name: "lets no tag pass for an identity",
      recorded: [
        [{ key: "a", type: "GAUGE", value: 1, tags: { model_name: "x", method: "y" } }, "health"],
      ],
      lines: [`a{model_name="m",method="health",image_name="i"} 1`],
    },
    {
      name: "makes names legal",
      recorded: [
        [{ key: "1 tooth-fairy", type: "GAUGE", value: 1, tags: { "a:b c": "d" } }, "feedback"],
      ],
      lines: [`_1_tooth_fairy{a_b_c="d",method="feedback",${identity}} 1`],
    },
  ];
  it.each(rows)("$name", async ({ recorded, lines }) => {
    const { metrics, scrape } = make();
    for (const [metric, method] of recorded) metrics.record([metric], method);
    expect(await scrape()).toEqual(expect.arrayContaining([...lines]));
  });

  it("has 50 bounds", async () => {
    const { metrics, scrape } = make();
    metrics.record([{ key: "t", type: "TIMER", value: 1 }], "predict");
    expect((await scrape()).filter((line) => line.startsWith("t_bucket"))).toHaveLength(51);
  });

  it("refuses one name for two types", () => {
    const { metrics } = make();
    metrics.record([{ key: "a", type: "GAUGE", value: 1 }], "predict");
    expect(() => metrics.record([{ key: "a", type: "TIMER", value: 1 }], "predict")).toThrow(
      expect.objectContaining({ reason: "MICROSERVICE_BAD_METRIC", status: 500 }),
    );
  });

  it("drops new series beyond the limit and says so once", async () => {
    const said: string[] = [];
    const registry = new Registry();
    const log = makeLog("WARN", { write: (line) => said.push(line) });
    const metrics = makeCustomMetrics(registry, {}, log);
    for (let i = 0; i < 10_005; i += 1) {
      metrics.record([{ key: "a", type: "GAUGE", value: 1, tags: { i: String(i) } }], "predict");
    }
    const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("a{"));
    expect(lines).toHaveLength(10_000);
    expect(said).toHaveLength(1);
  });
});

describe("makeScrapeHandler", () => {
  const registry = new Registry();
  const handler = makeScrapeHandler(registry, "/prometheus");
  it.each([
    { method: "GET", target: "/prometheus", status: 200 },
    { method: "GET", target: "/prometheus?a=b", status: 200 },
    { method: "POST", target: "/prometheus", status: 405 },
    { method: "GET", target: "/metrics", status: 404 },
  ])("$method $target", async ({ method, target, status }) => {
    const request = { method, target, headers: [], body: Buffer.alloc(0), scope: makeScope() };
    expect(await handler(request)).toMatchObject({ status });
  });
});
