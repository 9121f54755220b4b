/** What the data path shall cost, and whether it does. */
import { builtName, engineName, hopName } from "./engine.ts";
import { type Denominator, findLine, median, type Report } from "./summary.ts";
import { digits, type Table } from "./table.ts";

/** The less, the better: `reach` is asked for, `goal` is hoped for. */
export type Target = {
  readonly title: string;
  readonly unit: string;
  readonly reach: number;
  readonly goal: number;
  /** NaN if the run did not measure it. */
  readonly found: (report: Report) => number;
};

export type Verdict = "goal reached" | "reached" | "missed" | "not measured";

const ratio = (
  what: string,
  id: string,
  to: Denominator,
  [reach, goal]: readonly [reach: number, goal: number],
): Target => ({
  title: `${what}, CPU as a share of ${to === "go" ? "best-practice Go's" : `${to}'s`}`,
  unit: "",
  reach,
  goal,
  found: (report) =>
    findLine(report, { id, mode: "saturated", variant: engineName })?.ratios[to] ?? Number.NaN,
});

const ofStarts = (
  { starts }: Report,
  figure: (start: Report["starts"][number]) => number,
): number => median(starts.filter(({ variant }) => variant === builtName).map(figure));

export const targets: readonly Target[] = [
  ratio("REST 150 B, one hop", "one-small", "go", [0.6, 0.45]),
  ratio("REST 150 B, one hop", "one-small", "nginx", [1.6, 1.3]),
  ratio("REST 100 kB, one hop", "one-request", "go", [0.35, 0.2]),
  ratio("REST 100 kB, one hop", "one-request", "nginx", [1.7, 1]),
  ratio("REST chain of five nodes", "chain-small", "go", [0.45, 0.35]),
  ratio("gRPC small, multiplexed", "grpc-small", "go", [0.4, 0.3]),
  ratio("gRPC small, one stream a connection", "grpc-single", "go", [0.6, 0.45]),
  ratio("gRPC 100 kB", "grpc-large", "go", [0.45, 0.3]),
  ratio("Built-in A/B test of built-in models", "built-in-router", hopName, [0.5, 0.3]),
  ratio("Built-in average of built-in models", "built-in-combiner", hopName, [0.5, 0.3]),
  {
    title: "p99 added at 70 % of a core, REST 150 B",
    unit: " ms",
    reach: 1,
    goal: 0.5,
    found: (report) =>
      (findLine(report, { id: "one-small", mode: "loaded", variant: engineName })?.added.p99 ??
        Number.NaN) / 1000,
  },
  {
    title: "Start to first answer",
    unit: " ms",
    reach: 300,
    goal: 150,
    found: (report) => ofStarts(report, ({ predictionMs }) => predictionMs),
  },
  {
    title: "Idle memory, resident",
    unit: " MB",
    reach: 70,
    goal: 55,
    found: (report) => ofStarts(report, ({ idleBytes }) => idleBytes / 1_000_000),
  },
];

export const judge = ({ reach, goal }: Target, value: number): Verdict => {
  if (!Number.isFinite(value)) return "not measured";
  if (value <= goal) return "goal reached";
  return value <= reach ? "reached" : "missed";
};

/** Every target, with what was found. */
export const targetsTable = (report: Report): Table => ({
  head: ["target", "reach", "goal", "found", "verdict"],
  rows: targets.map((target) => {
    const { title, unit, reach, goal } = target;
    const value = target.found(report);
    const cell = (one: number): string => `${digits(one)}${unit}`;
    return [title, cell(reach), cell(goal), cell(value), judge(target, value)];
  }),
});
