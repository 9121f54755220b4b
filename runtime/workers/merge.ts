/** The metrics of several processes as those of one. */
import { type Metric, type MetricObject, Registry } from "prom-client";
import { type Measured, measuresText } from "../measures.ts";
import type { Scrape } from "../metrics.ts";

type Value = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

/** One metric as a process tells it; prom-client's types leave the values out. */
type Told = Pick<MetricObject, "name" | "help" | "type"> & {
  readonly aggregator?: string;
  readonly values: readonly Value[];
};

/** The text of one scrape, out of those of all processes. */
export const mergedText = async (scrapes: readonly Scrape[]): Promise<string> => {
  const registry = new Registry();
  const metrics = scrapes.flatMap(({ metrics }) => metrics as unknown as readonly Told[]); // as: see Told
  for (const [, told] of Map.groupBy(metrics, ({ name }) => name)) {
    const merged = mergeMetric(told);
    // The registry asks a metric for its name and for `get` and nothing else.
    if (merged !== undefined) {
      registry.registerMetric({ ...merged, get: async () => merged } as unknown as Metric);
    }
  }
  const measures = mergeMeasures(scrapes.map((scrape) => scrape.measures));
  return [await registry.metrics(), measuresText(measures)]
    .filter((text) => text !== "")
    .join("\n");
};

const mergeMetric = (told: readonly Told[]): Told | undefined => {
  const [first] = told;
  if (first === undefined || first.aggregator === "omit") return undefined;
  const weights = new Map(told.map((one) => [one, countOf(one)]));
  const series = Map.groupBy(
    told.flatMap((one) =>
      one.values.map((value) => ({ value, weight: weightOf(weights, one, value) })),
    ),
    ({ value }) => JSON.stringify([value.metricName, value.labels]),
  );
  const values = [...series.values()].flatMap((same) => {
    const [one] = same;
    if (one === undefined) return [];
    return [{ ...one.value, value: combine(first, one.value, same) }];
  });
  return { ...first, values };
};

type Weighted = { readonly value: Value; readonly weight: number };

/**
 * Sums, but for what prom-client says otherwise of its own gauges. Quantiles cannot be summed:
 * that of all is taken for the mean of those of each, by how much each has seen; the whole is
 * spread evenly over the processes, so they are alike. The highest is the highest.
 */
const combine = ({ aggregator = "sum" }: Told, one: Value, same: readonly Weighted[]): number => {
  const values = same.map(({ value }) => value.value);
  const { quantile } = one.labels;
  if (quantile === 1) return Math.max(...values.filter((value) => !Number.isNaN(value)));
  if (quantile !== undefined) return weightedMean(same);
  switch (aggregator) {
    case "max":
      return Math.max(...values);
    case "min":
      return Math.min(...values);
    case "average":
      return sum(values) / values.length;
    case "first":
      return values[0] ?? Number.NaN;
    default:
      return sum(values);
  }
};

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

const weightedMean = (same: readonly Weighted[]): number => {
  const known = same.filter(({ value, weight }) => !Number.isNaN(value.value) && weight > 0);
  return (
    sum(known.map(({ value, weight }) => value.value * weight)) /
    sum(known.map(({ weight }) => weight))
  );
};

/** How many observations the series of a summary hold, by their labels. */
const countOf = ({ name, values }: Told): ReadonlyMap<string, number> =>
  new Map(
    values
      .filter(({ metricName }) => metricName === `${name}_count`)
      .map(({ labels, value }) => [JSON.stringify(labels), value]),
  );

const weightOf = (
  weights: ReadonlyMap<Told, ReadonlyMap<string, number>>,
  told: Told,
  { labels: { quantile: _, ...labels } }: Value,
): number => weights.get(told)?.get(JSON.stringify(labels)) ?? 0;

/** What nodes learn is shared in a store: each process tells the same, one of them a moment later. */
const mergeMeasures = (scrapes: readonly (readonly Measured[])[]): readonly Measured[] => {
  const nodes = Map.groupBy(scrapes.flat(), ({ labels }) => JSON.stringify(labels));
  return [...nodes.values()].flatMap((same) => {
    const [one] = same;
    if (one === undefined) return [];
    const measures = Map.groupBy(
      same.flatMap((node) => node.measures),
      ({ name, labels }) => JSON.stringify([name, labels]),
    );
    const latest = [...measures.values()].flatMap((versions) => {
      const [first] = versions;
      return first === undefined
        ? []
        : [{ ...first, value: Math.max(...versions.map(({ value }) => value)) }];
    });
    return [{ ...one, measures: latest }];
  });
};
