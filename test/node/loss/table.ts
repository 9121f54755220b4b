/** What was sent, and what was lost, as a table for people. */
import type { Report, Tally } from "../load/messages.ts";

export type Row = { readonly name: string; readonly seconds: number; readonly report: Report };

const cells = (row: readonly unknown[]): string => `| ${row.join(" | ")} |`;

/** Markdown: a row for each scenario, the failed requests of each flow, and the times of all. */
export const tableOf = (rows: readonly Row[]): string => {
  const flows = rows[0]?.report.map(({ flow }) => flow) ?? [];
  const header = [
    "while",
    "took",
    "sent",
    ...flows.map((flow) => `${flow} failed`),
    "median, worst",
  ];
  return [cells(header), cells(header.map(() => "---")), ...rows.map(lineOf)].join("\n");
};

const lineOf = ({ name, seconds, report }: Row): string =>
  cells([
    ...[name, `${Math.round(seconds)} s`, report.reduce((sum, { sent }) => sum + sent, 0)],
    ...report.map(({ failed }) => failed),
    `${largest(report, "medianMs")} ms, ${largest(report, "worstMs")} ms`,
  ]);

const largest = (report: Report, field: "medianMs" | "worstMs"): number =>
  Math.max(...report.map((tally: Tally) => tally[field]));
