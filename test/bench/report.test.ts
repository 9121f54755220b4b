import { describe, expect, it } from "@jest/globals";
import { cases } from "./cases.ts";
import { makeHistogram } from "./histogram.ts";
import type { CaseResult, Sample } from "./measure.ts";
import { median, number, type Report, render, summarise, table } from "./report.ts";

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
    saturated: sample(cost),
    paced: sample(cost * 2),
  }));

const result = (rounds: CaseResult["rounds"]): CaseResult => ({
  id: "one-small",
  rounds,
  residentBytes: {},
});

const setting = {
  date: "2026-01-02 03:04",
  command: "npm run bench",
  machine: "a machine",
  versions: ["espalier 1"],
  cpus: "any CPU",
  rounds: 3,
  reference: "nginx",
  notes: ["noisy"],
};

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
    round({ nginx: 10, espalier: 20 }),
    round({ espalier: 90, nginx: 30 }),
    round({ espalier: 40, nginx: 10 }),
  ];

  it("takes the median of the ratios within each round, not the ratio of the medians", () => {
    const [engine, nginx] = summarise(result(rounds), "saturated", ["espalier", "nginx"], "nginx");
    expect(engine).toMatchObject({ cpuMicros: 40, cpuMicrosLeast: 20, ratio: 3, perSecond: 200 });
    expect(nginx).toMatchObject({ cpuMicros: 10, ratio: 1 });
  });

  it("has no ratio without a reference", () => {
    const [engine] = summarise(result(rounds), "paced", ["espalier"], undefined);
    expect(engine).toMatchObject({ cpuMicros: 80, ratio: Number.NaN });
  });

  it("adds up failures and latencies of all rounds", () => {
    const failures = { status: 1, length: 2, connection: 3, missing: 4 };
    const turn = (cost: number) => ({
      variant: "espalier",
      saturated: sample(cost, { failures, done: 96 }),
      paced: sample(cost),
    });
    const [engine] = summarise(
      result([[turn(10)], [turn(20)]]),
      "saturated",
      ["espalier"],
      undefined,
    );
    expect(engine).toMatchObject({ failed: 20, requests: 200 });
    expect(engine?.latency.count()).toBe(2);
    expect(engine?.latency.max()).toBe(200);
  });
});

describe("table", () => {
  it("aligns two columns to the left and numbers to the right", () => {
    const text = table([
      ["case", "variant", "us"],
      ["one", "espalier", "1.5"],
      ["", "nginx", "100.0"],
    ]);
    expect(text.split("\n")).toEqual([
      "case  variant      us",
      "one   espalier    1.5",
      "      nginx     100.0",
    ]);
  });
});

describe("number", () => {
  it("writes a dash where there is none", () => {
    expect([number(1.25, 1), number(Number.NaN), number(1 / 0)]).toEqual(["1.3", "-", "-"]);
  });
});

describe("render", () => {
  const report: Report = {
    setting,
    cases,
    variants: ["espalier", "nginx"],
    results: [
      result([round({ nginx: 10, espalier: 20 })]),
      { ...result([round({ nginx: 10, espalier: 100 })]), id: "chain-small" },
    ],
    starts: [{ variant: "espalier", liveMs: 200, predictionMs: 210, idleBytes: 70_000_000 }],
  };

  it("shows every variant, the notes and the cost of a further node", () => {
    const text = render(report);
    expect(text).toContain("NOTE: noisy");
    expect(text).toMatch(/1 node, 150 B -> 200 B +espalier +20\.0 +20\.0 +2\.00 +200 /);
    expect(text).toMatch(/\n +nginx +10\.0 +10\.0 +1\.00 /);
    expect(text).toContain("5 nodes, 150 B -> 200 B: each further node costs espalier 20.0 us");
    expect(text).toMatch(/espalier +200 +210 +70\.0/);
  });

  it("leaves out starts that were not measured", () => {
    expect(render({ ...report, starts: [] })).not.toContain("first answer");
  });
});
