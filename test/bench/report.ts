/** The results as text: medians over rounds, and ratios within each round. */
import type { Case } from "./cases.ts";
import { type Histogram, makeHistogram, type Packed } from "./histogram.ts";
import type { CaseResult, Sample, Turn } from "./measure.ts";
import type { Start } from "./starts.ts";

export type Mode = "saturated" | "paced";

export type Setting = {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly versions: readonly string[];
  /** How the CPUs are shared out. */
  readonly cpus: string;
  readonly rounds: number;
  /** The variant that ratios refer to; undefined if there is none. */
  readonly reference: string | undefined;
  /** What the reader must know: no reference, no pinning, a profile. */
  readonly notes: readonly string[];
};

/** The middle value, or the mean of the two in the middle; NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (above + below) / 2;
};

export type Line = {
  readonly variant: string;
  readonly cpuMicros: number;
  readonly cpuMicrosLeast: number;
  /** Median over rounds of the ratio to the reference in the same round; NaN without one. */
  readonly ratio: number;
  readonly perSecond: number;
  readonly busy: number;
  readonly others: number;
  readonly latency: Histogram;
  readonly lateness: Histogram;
  readonly failed: number;
  readonly requests: number;
};

/** One line for each variant, in the order given. */
export const summarise = (
  { rounds }: CaseResult,
  mode: Mode,
  variants: readonly string[],
  reference: string | undefined,
): readonly Line[] =>
  variants.map((variant) => {
    const samples = rounds.flatMap((turns) => samplesOf(turns, variant, mode));
    const ratios = rounds.map((turns) => {
      const [own] = samplesOf(turns, variant, mode);
      const [other] = reference === undefined ? [] : samplesOf(turns, reference, mode);
      return (own?.cpuMicrosPerRequest ?? Number.NaN) / (other?.cpuMicrosPerRequest ?? Number.NaN);
    });
    const cpu = samples.map((one) => one.cpuMicrosPerRequest);
    const failed = samples.map(({ failures }) =>
      Object.values(failures).reduce((sum, one) => sum + one, 0),
    );
    return {
      variant,
      cpuMicros: median(cpu),
      cpuMicrosLeast: Math.min(...cpu),
      ratio: median(ratios),
      perSecond: median(samples.map(({ done, seconds }) => done / seconds)),
      busy: median(samples.map((one) => one.busy)),
      others: median(samples.map((one) => one.others)),
      latency: merged(samples.map((one) => one.latency)),
      lateness: merged(samples.map((one) => one.lateness)),
      failed: failed.reduce((sum, one) => sum + one, 0),
      requests: samples.reduce((sum, one) => sum + one.done + one.failures.missing, 0),
    };
  });

const samplesOf = (turns: readonly Turn[], variant: string, mode: Mode): readonly Sample[] =>
  turns.filter((turn) => turn.variant === variant).map((turn) => turn[mode]);

const merged = (parts: readonly Packed[]): Histogram => {
  const all = makeHistogram();
  for (const part of parts) all.add(part);
  return all;
};

/** Rows of cells as aligned columns: the first two to the left, numbers to the right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => cells[i]?.length ?? 0)),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** A number with so many decimals, or a dash where there is none. */
export const number = (value: number, decimals = 0): string =>
  Number.isFinite(value) ? value.toFixed(decimals) : "-";

const percent = (share: number): string => number(share * 100);

const latencyCells = ({ latency }: Line): readonly string[] => [
  number(latency.percentile(0.5)),
  number(latency.percentile(0.9)),
  number(latency.percentile(0.99)),
  number(latency.count() === 0 ? Number.NaN : latency.max()),
];

export type Report = {
  readonly setting: Setting;
  readonly cases: readonly Case[];
  readonly variants: readonly string[];
  readonly results: readonly CaseResult[];
  readonly starts: readonly Start[];
};

/** The whole report as text. */
export const render = (report: Report): string => {
  const { setting } = report;
  const head = [
    `${setting.date}  ${setting.machine}`,
    ...setting.versions.map((version) => `  ${version}`),
    `${setting.cpus}; ${setting.rounds} rounds${setting.reference === undefined ? "" : `; ratio: to ${setting.reference} in the same round`}`,
    ...setting.notes.map((note) => `NOTE: ${note}`),
  ];
  return `${[
    head.join("\n"),
    "At saturation, 32 requests in flight (CPU and latency in microseconds)",
    table(loadRows(report, "saturated")),
    "At a fixed rate, latency from the time set for each request (microseconds)",
    table(loadRows(report, "paced")),
    perNode(report),
    report.starts.length === 0
      ? ""
      : `From start to first answer, and memory when idle (medians)\n\n${table(startRows(report))}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
};

const loadRows = (report: Report, mode: Mode): readonly (readonly string[])[] => {
  const { setting, cases, variants, results } = report;
  const rate = mode === "paced" ? "rate/s" : "req/s";
  const rows = results.flatMap((result) => {
    const found = cases.find(({ id }) => id === result.id);
    return summarise(result, mode, variants, setting.reference).map((line, i) => [
      i === 0 ? (found?.title ?? result.id) : "",
      line.variant,
      number(line.cpuMicros, 1),
      number(line.cpuMicrosLeast, 1),
      number(line.ratio, 2),
      number(line.perSecond),
      percent(line.busy),
      percent(line.others),
      ...latencyCells(line),
      ...(mode === "paced" ? [number(line.lateness.percentile(0.99))] : []),
      `${line.failed}/${line.requests}`,
    ]);
  });
  return [
    [
      ...["graph, request -> answer", "variant", "CPU/req", "min", "ratio", rate, "busy%"],
      ...["other%", "p50", "p90", "p99", "max", ...(mode === "paced" ? ["late"] : []), "failed"],
    ],
    ...rows,
  ];
};

/** What each further node costs, where a case was measured with one node and with several. */
const perNode = ({ setting, cases, variants, results }: Report): string => {
  const [engine] = variants;
  if (engine === undefined) return "";
  const cpuOf = (id: string): number => {
    const result = results.find((one) => one.id === id);
    return result === undefined
      ? Number.NaN
      : (summarise(result, "saturated", [engine], setting.reference)[0]?.cpuMicros ?? Number.NaN);
  };
  return cases
    .filter(({ nodes }) => nodes > 1)
    .flatMap((chain) => {
      const single = cases.find(
        (one) => one.nodes === 1 && one.id.split("-")[1] === chain.id.split("-")[1],
      );
      const each = (cpuOf(chain.id) - cpuOf(single?.id ?? "")) / (chain.nodes - 1);
      return Number.isFinite(each)
        ? [`${chain.title}: each further node costs ${engine} ${number(each, 1)} us of CPU`]
        : [];
    })
    .join("\n");
};

const startRows = ({ variants, starts }: Report): readonly (readonly string[])[] => [
  ["variant", "", "first 200 on /live, ms", "first prediction, ms", "idle RSS, MB"],
  ...variants.map((variant) => {
    const own = starts.filter((one) => one.variant === variant);
    return [
      variant,
      "",
      number(median(own.map((one) => one.liveMs))),
      number(median(own.map((one) => one.predictionMs))),
      number(median(own.map((one) => one.idleBytes)) / 1_000_000, 1),
    ];
  }),
];
