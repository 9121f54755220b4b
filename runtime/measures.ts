/** What built-in nodes measure, as the text of a scrape. Source: Prometheus, text exposition format 0.0.4. */
import type { Measure } from "./nodes/node.ts";

export type Labels = Readonly<Record<string, string>>;

/** The measures of one node at this moment, with the labels that are the node's. */
export type Measured = { readonly labels: Labels; readonly measures: readonly Measure[] };

/** "" for no measures. Measures of one name are put together; the first says what they are. */
export const measuresText = (nodes: readonly Measured[]): string => {
  const metrics = new Map<string, string[]>();
  for (const { labels: own, measures } of nodes) {
    for (const { name, type, help, labels, value } of measures) {
      const metric = `espalier_${name}`;
      const lines = metrics.get(name) ?? [
        `# HELP ${metric} ${escapeHelp(help)}`,
        `# TYPE ${metric} ${type}`,
      ];
      lines.push(`${metric}{${labelText({ ...labels, ...own })}} ${numberText(value)}`);
      metrics.set(name, lines);
    }
  }
  return [...metrics.values()].map((lines) => `${lines.join("\n")}\n`).join("\n");
};

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeHelp(value).replaceAll('"', '\\"')}"`)
    .join(",");

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const numberText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
};
