import { describe, expect, it } from "@jest/globals";
import { cases } from "./cases.ts";
import { makeHistogram } from "./histogram.ts";
import type { CaseResult, Sample } from "./measure.ts";
import { render } from "./report.ts";
import { furtherNodes, median, type Report, requestsOf, summarise } from "./summary.ts";
import { renderSvg } from "./svg/svg.ts";
import { digits, markdownTable, number, textTable } from "./table.ts";
import { judge, targets, targetsTable } from "./targets.ts";

const sample = (cpuMicrosPerRequest: number, over: Partial<Sample> = {}): Sample => {
  const latency = makeHistogram();
  latency.record(cpuMicrosPerRequest * 10);
  return {
    done: 100,
    seconds: 0.5,
    failures: { status: 0, length: 0, connection: 0, missing: 0 },
    latency: latency.pack(),
    lateness: makeHistogram().pack(),
    cpuMicrosPerRequest,
    busy: 0.9,
    others: 0.01,
    ...over,
  };
};

/** A round by what each variant costs. */
const round = (costs: Readonly<Record<string, number>>) =>
  Object.entries(costs).map(([variant, cost]) => ({
    variant,
    samples: { saturated: sample(cost), paced: sample(cost * 2) },
  }));

const result = (rounds: CaseResult["rounds"], id = "one-small"): CaseResult => ({
  id,
  rounds,
  residentBytes: {},
});

const report = (results: Report["results"]): Report => ({
  setting: {
    date: "2026-01-02 03:04",
    command: "npm run bench",
    machine: "a machine",
    versions: ["espalier 1"],
    cpus: "any CPU",
    rounds: 3,
    notes: ["noisy"],
  },
  cases,
  variants: ["espalier", "nginx", "go", "direct"],
  results,
  starts: [
    {
      variant: "espalier, built",
      liveMs: 200,
      predictionMs: 210,
      idleBytes: 70_000_000,
      idleOwnBytes: 60_000_000,
    },
  ],
});

describe("median", () => {
  it.each([
    { name: "nothing", values: [], want: Number.NaN },
    { name: "one", values: [3], want: 3 },
    { name: "an odd number", values: [9, 1, 5], want: 5 },
    { name: "an even number", values: [4, 1, 2, 100], want: 3 },
  ])("of $name", ({ values, want }) => {
    expect(median(values)).toBe(want);
  });
});

describe("summarise", () => {
  const rounds = [
    round({ nginx: 10, espalier: 20, direct: 1 }),
    round({ espalier: 90, nginx: 30, direct: 2 }),
    round({ espalier: 40, nginx: 10, direct: 3 }),
  ];

  it("takes the median of the ratios within each round, not the ratio of the medians", () => {
    const [engine, nginx] = summarise(result(rounds), "saturated", ["espalier", "nginx"]);
    expect(engine).toMatchObject({ cpuMicros: 40, cpuMicrosLeast: 20, perSecond: 200 });
    expect(engine?.ratios).toEqual({ nginx: 3, go: Number.NaN, "one hop": Number.NaN });
    expect(nginx?.ratios.nginx).toBe(1);
  });

  it("takes latencies off those without a proxy, round by round", () => {
    const [engine] = summarise(result(rounds), "saturated", ["espalier"]);
    expect(engine?.added).toEqual({ p50: 370, p99: 370 }); // of 190, 880 and 370
  });

  it("leaves out what was not measured", () => {
    expect(summarise(result(rounds), "loaded", ["espalier"])).toEqual([]);
    expect(summarise(result(rounds), "paced", ["go"])).toEqual([]);
  });

  it("compares with nobody who fails", () => {
    const failures = { status: 2, length: 0, connection: 0, missing: 0 };
    const failing = { variant: "go", samples: { saturated: sample(1, { failures }) } };
    const rows = [[...round({ espalier: 20 }), failing], round({ espalier: 20, go: 10 })];
    const [engine] = summarise(result(rows), "saturated", ["espalier"]);
    expect(engine?.ratios.go).toBe(2);
  });

  it("adds up failures and latencies of all rounds", () => {
    const failures = { status: 1, length: 2, connection: 3, missing: 4 };
    const turn = (cost: number) => ({
      variant: "espalier",
      samples: { saturated: sample(cost, { failures, done: 96 }) },
    });
    const failing = result([[turn(10)], [turn(20)]]);
    const [engine] = summarise(failing, "saturated", ["espalier"]);
    expect(engine).toMatchObject({ failed: 20, requests: 200 });
    expect(engine?.latency.count()).toBe(2);
    expect(engine?.latency.max()).toBe(200);
    expect(requestsOf(report([failing]), ["espalier"])).toEqual({ sent: 200, failed: 20 });
  });
});

describe("tables", () => {
  const table = {
    head: ["case", "variant", "us"],
    rows: [
      ["one", "espalier", "1.5"],
      ["", "nginx", "100.0"],
    ],
    texts: 2,
  };

  it("have their numbers to the right as text", () => {
    expect(textTable(table).split("\n")).toEqual([
      "case  variant      us",
      "one   espalier    1.5",
      "      nginx     100.0",
    ]);
  });

  it("have their numbers to the right as Markdown", () => {
    expect(markdownTable(table).split("\n").slice(0, 3)).toEqual([
      "| case | variant | us |",
      "| --- | --- | --: |",
      "| one | espalier | 1.5 |",
    ]);
  });

  it("have a dash where there is no number", () => {
    expect([number(1.25, 1), number(Number.NaN), number(1 / 0)]).toEqual(["1.3", "-", "-"]);
    expect([0.123, 1.234, 56.78, 987.6, 4321, Number.NaN].map(digits)).toEqual([
      "0.12",
      "1.23",
      "56.8",
      "988",
      "4321",
      "-",
    ]);
  });
});

const hop = result([round({ nginx: 10, go: 40, espalier: 20, direct: 0 })]);
const chain = result([round({ nginx: 10, go: 200, espalier: 100 })], "chain-small");

describe("render", () => {
  it("shows every variant, the notes and the cost of a further node", () => {
    const text = render(report([hop, chain]));
    expect(text).toContain("NOTE: noisy");
    expect(text).toMatch(
      /REST, 1 node, 150 B -> 200 B +espalier +20\.0 +20\.0 +0\.50 +2\.00 +200 /,
    );
    expect(text).toMatch(/\n +nginx +10\.0 +10\.0 +0\.25 +1\.00 /);
    expect(text).toContain("5 nodes, 150 B -> 200 B: each further node costs espalier 20.0 us");
    expect(text).toMatch(/espalier, built +200 +210 +70\.0 +60\.0/);
  });

  it("leaves out starts that were not measured", () => {
    expect(render({ ...report([hop]), starts: [] })).not.toContain("first answer,");
  });
});

describe("furtherNodes", () => {
  it("needs the case of one node", () => {
    expect(furtherNodes(report([chain]), "espalier")).toEqual([]);
  });
});

describe("targets", () => {
  it("are found in a report, and missed where they are not reached", () => {
    const { rows } = targetsTable(report([hop]));
    const verdicts = Object.fromEntries(rows.map((cells) => [cells[0], cells.at(-1)]));
    expect(verdicts).toMatchObject({
      "REST 150 B, one hop, CPU as a share of best-practice Go's": "reached",
      "REST 150 B, one hop, CPU as a share of nginx's": "missed",
      "REST chain of five nodes, CPU as a share of best-practice Go's": "not measured",
      "Idle memory, resident": "reached",
    });
  });

  it.each(targets)("$title: the goal is beyond what is asked for", (target) => {
    expect(target.goal).toBeLessThan(target.reach);
    expect(
      [target.goal, target.reach, target.reach + 0.01].map((one) => judge(target, one)),
    ).toEqual(["goal reached", "reached", "missed"]);
  });
});

describe("renderSvg", () => {
  it("draws a bar for each variant, on one scale, for light and dark", () => {
    const drawing = renderSvg(report([hop, chain])) ?? "";
    const bars = [
      ...drawing.matchAll(/class="(engine|go|other)" x="\d+" y="\d+" width="([\d.]+)"/g),
    ];
    // The proxies' single hop is no measure of a chain.
    expect(bars.map(([, name]) => name)).toEqual(["engine", "other", "go", "engine", "go"]);
    const [engine, , go] = bars.map(([, , length]) => Number(length));
    expect(engine).toBe((go ?? 0) / 2);
    expect(drawing).toContain("prefers-color-scheme: dark");
    expect(drawing).not.toMatch(/href|url\(|NaN/);
    expect(drawing.match(/<polyline/g)).toHaveLength(2); // over nodes: of the engine and of Go
  });

  it("measures by nginx where there is no Go, and draws nothing without both", () => {
    const only = (costs: Readonly<Record<string, number>>) => report([result([round(costs)])]);
    expect(renderSvg(only({ espalier: 20, nginx: 10 }))).toContain("of nginx");
    expect(renderSvg(only({ espalier: 20 }))).toBeUndefined();
  });
});
