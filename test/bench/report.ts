/** The whole report as text. */
import { engineName } from "./engine.ts";
import type { Mode } from "./measure.ts";
import {
  denominators,
  furtherNodes,
  type Line,
  median,
  type Report,
  summarise,
} from "./summary.ts";
import { number, percent, type Table, textTable } from "./table.ts";
import { targetsTable } from "./targets.ts";

export const render = (report: Report): string => {
  const { setting } = report;
  const head = [
    `${setting.date}  ${setting.machine}`,
    ...setting.versions.map((version) => `  ${version}`),
    `${setting.cpus}; ${setting.rounds} rounds; /x: ratio to x in the same round`,
    ...setting.notes.map((note) => `NOTE: ${note}`),
  ];
  const parts = [
    head.join("\n"),
    ...section("At saturation (CPU and latency in microseconds)", loads(report, "saturated")),
    ...section(
      "At a fixed rate, latency from the time set for each request (microseconds)",
      loads(report, "paced"),
    ),
    ...section(
      `At the rate that brings ${engineName} to the share of a CPU (microseconds)`,
      loads(report, "loaded"),
    ),
    furtherNodes(report, engineName)
      .map(
        ({ title, micros }) =>
          `${title}: each further node costs ${engineName} ${number(micros, 1)} us of CPU`,
      )
      .join("\n"),
    ...section("From start to first answer, and memory when idle (medians)", starts(report)),
    ...section("Targets", targetsTable(report)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
};

const section = (title: string, table: Table): readonly string[] =>
  table.rows.length === 0 ? [] : [title, textTable(table)];

const latencyCells = ({ latency }: Line): readonly string[] => [
  number(latency.percentile(0.5)),
  number(latency.percentile(0.9)),
  number(latency.percentile(0.99)),
  number(latency.count() === 0 ? Number.NaN : latency.max()),
];

const loads = ({ cases, variants, results }: Report, mode: Mode): Table => {
  const known = denominators.filter((one) => variants.includes(one));
  const timed = mode !== "saturated";
  const rows = results.flatMap((result) => {
    const found = cases.find(({ id }) => id === result.id);
    return summarise(result, mode, variants).map((line, i) => [
      i === 0 ? (found?.title ?? result.id) : "",
      line.variant,
      number(line.cpuMicros, 1),
      number(line.cpuMicrosLeast, 1),
      ...known.map((one) => number(line.ratios[one], 2)),
      number(line.perSecond),
      percent(line.busy),
      percent(line.others),
      ...latencyCells(line),
      ...(timed ? [number(line.added.p50), number(line.added.p99)] : []),
      ...(timed ? [number(line.lateness.percentile(0.99))] : []),
      `${line.failed}/${line.requests}`,
    ]);
  });
  const ratios = known.map((one) => `/${one}`);
  const rate = timed ? "rate/s" : "req/s";
  const added = timed ? ["+p50", "+p99", "late"] : [];
  const head = [
    ...["graph, request -> answer", "variant", "CPU/req", "min", ...ratios, rate, "busy%"],
    ...["other%", "p50", "p90", "p99", "max", ...added, "failed"],
  ];
  return { head, rows, texts: 2 };
};

/** Medians of the starts of each variant that was started. */
export const starts = ({ starts: all }: Pick<Report, "starts">): Table => {
  const megabytes = (bytes: readonly number[]): string => number(median(bytes) / 1_000_000, 1);
  const started = [...new Set(all.map(({ variant }) => variant))];
  const rows = started.map((variant) => {
    const own = all.filter((one) => one.variant === variant);
    return [
      variant,
      number(median(own.map((one) => one.liveMs))),
      number(median(own.map((one) => one.predictionMs))),
      megabytes(own.map((one) => one.idleBytes)),
      megabytes(own.map((one) => one.idleOwnBytes)),
    ];
  });
  const head = ["variant", "first 200 on /live, ms", "first prediction, ms"];
  return { head: [...head, "idle RSS, MB", "idle PSS, MB"], rows };
};
