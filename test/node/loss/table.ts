/** What was sent, and what was lost, as a table for people. */
import type { Report } from "../load/messages.ts";

export type Row = { readonly name: string; readonly seconds: number; readonly report: Report };

const header = [
  "| while | requests | took | sent | failed | median | worst |",
  "| --- | --- | --- | --- | --- | --- | --- |",
];

/** Markdown; each flow of a scenario has a row. */
export const tableOf = (rows: readonly Row[]): string =>
  [
    ...header,
    ...rows.flatMap(({ name, seconds, report }) =>
      report.map(
        ({ flow, sent, failed, medianMs, worstMs }) =>
          `| ${name} | ${flow} | ${Math.round(seconds)} s | ${sent} | ${failed} | ${medianMs} ms | ${worstMs} ms |`,
      ),
    ),
  ].join("\n");
