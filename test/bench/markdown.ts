/** The figures as a section of a page, between two markers. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { Case } from "./cases.ts";
import { engineName, hopName } from "./engine.ts";
import { starts } from "./report.ts";
import { engineNames, findLine, furtherNodes, type Report, requestsOf } from "./summary.ts";
import { arrows, digits, markdownTable, number, type Table } from "./table.ts";
import { targetsTable } from "./targets.ts";
import { directName } from "./variants.ts";

export const beginMarker = "<!-- figures: npm run bench -- --markdown docs/performance.md -->";
export const endMarker = "<!-- end of figures -->";

/** Why the figures cannot be written into a file, before the time is spent on them. */
export const markdownFault = (file: string): string | undefined => {
  if (!existsSync(file)) return undefined;
  const page = readFileSync(file, "utf8");
  const [begin, end] = [page.indexOf(beginMarker), page.indexOf(endMarker)];
  if (begin >= 0 && end > begin) return undefined;
  return `${file} has no place for the figures: write a line "${beginMarker}", and one "${endMarker}" after it`;
};

/**
 * Puts the figures between the markers of a page; a page that is not there is made of them alone.
 * `drawing` is a file that shows them too.
 */
export const writeFigures = (file: string, report: Report, drawing?: string): void => {
  const shown =
    drawing === undefined
      ? []
      : [
          `![CPU time per request of the engine and its references](${relative(dirname(file), drawing)})`,
        ];
  const parts = [beginMarker, ...shown, renderFigures(report), endMarker];
  const figures = parts.join("\n\n");
  if (!existsSync(file)) {
    writeFileSync(file, `${figures}\n`);
    return;
  }
  const page = readFileSync(file, "utf8");
  const end = page.indexOf(endMarker) + endMarker.length;
  writeFileSync(file, page.slice(0, page.indexOf(beginMarker)) + figures + page.slice(end));
};

export const renderFigures = (report: Report): string => {
  const { setting, cases, results } = report;
  const measured = cases.filter(({ id }) => results.some((one) => one.id === id));
  const own = requestsOf(report, engineNames);
  const all = requestsOf(report, report.variants);
  const about = [
    `\`${setting.command}\` on ${setting.date.slice(0, 10)}: ${setting.machine}; ${setting.cpus}; ${setting.rounds} rounds.`,
    `${own.failed} of ${own.sent} answers of the engine were wrong or missing, ${all.failed - own.failed} of ${all.sent - own.sent} of the others.`,
    ...setting.notes.map((note) => `Note: ${note}.`),
    "",
    ...setting.versions.map((version) => `- ${version}`),
  ].join("\n");
  const graphs = measured.filter(({ id }) => !isGrowth(id));
  const growth = measured.filter(({ id }) => isGrowth(id) || id === "one-small");
  const each = furtherNodes(report, engineName).map(
    ({ title, micros }) => `- ${arrows(title)}: each further node costs ${digits(micros)} µs.`,
  );
  return [
    about,
    ...section("Targets", targetsTable(report)),
    ...section("CPU time per request at saturation, in µs", costs(report, graphs)),
    ...(each.length === 0 ? [] : [each.join("\n")]),
    ...section("How it grows with body and connections", costs(report, growth)),
    ...section("At a fixed rate", latencies(report, measured, "paced")),
    ...section(
      "At the rate that takes the engine 70 % of a core",
      latencies(report, measured, "loaded"),
    ),
    ...section("Start and idle memory", starts(report)),
  ].join("\n\n");
};

const section = (title: string, table: Table): readonly string[] =>
  table.rows.length === 0 ? [] : [`### ${title}`, arrows(markdownTable(table))];

const isGrowth = (id: string): boolean => /^(body|connections)-/.test(id);

/** One row a case: the engine, its ratios, and what the others cost. */
const costs = (report: Report, cases: readonly Case[]): Table => {
  const others = report.variants.filter((one) => ![engineName, hopName, directName].includes(one));
  const rows = cases.map(({ id, title }) => {
    const lineOf = (variant: string) => findLine(report, { id, mode: "saturated", variant });
    const engine = lineOf(engineName);
    const ratio = (to: "go" | "nginx"): string => number(engine?.ratios[to] ?? Number.NaN, 2);
    const hop = engine?.ratios[hopName] ?? Number.NaN;
    return [
      Number.isFinite(hop) ? `${title}: ${number(hop, 2)} of one hop` : title,
      digits(engine?.cpuMicros ?? Number.NaN),
      ratio("go"),
      ratio("nginx"),
      ...others.map((variant) => digits(lineOf(variant)?.cpuMicros ?? Number.NaN)),
      number(engine?.perSecond ?? Number.NaN),
    ];
  });
  const head = ["request → answer", engineName, "of go", "of nginx", ...others, "req/s"];
  return { head, rows };
};

const latencies = (report: Report, cases: readonly Case[], mode: "paced" | "loaded"): Table => {
  const rows = cases.flatMap(({ id, title }) =>
    report.variants.flatMap((variant) => {
      const line = findLine(report, { id, mode, variant });
      if (line === undefined) return [];
      const { latency, added, perSecond, cpuMicros } = line;
      return [
        [
          title,
          variant,
          number(perSecond),
          digits(cpuMicros),
          ...[0.5, 0.99].map((fraction) => number(latency.percentile(fraction))),
          ...(variant === directName ? ["-", "-"] : [number(added.p50), number(added.p99)]),
        ],
      ];
    }),
  );
  const head = ["request → answer", "variant", "rate/s", "CPU µs", "p50 µs", "p99 µs"];
  return { head: [...head, "p50 added", "p99 added"], rows, texts: 2 };
};
