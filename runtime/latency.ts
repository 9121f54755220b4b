import type { Metric, Registry } from "prom-client";

/** Upper bounds in seconds. Source: engine contract, 9.1. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Source: engine contract, 9.1. */
const quantiles = [0.5, 0.75, 0.9, 0.98, 0.99, 1];
/** Quantiles look at the last observations of this many milliseconds ... */
const windowMs = 600_000;
/** ... and at no more than this many of them. */
const windowSize = 1024;

export type Labels = Readonly<Record<string, string>>;

/** Takes one duration in seconds. */
export type Observe = (seconds: number) => void;

export type Latencies = {
  /** Shows them in a registry, from their first observation on. */
  publishIn(registry: Registry): void;
  /** The series with these labels, made on first use; keep it, looking it up costs more than using it. */
  series(labels: Labels): Observe;
};

type Series = {
  readonly labels: Labels;
  readonly buckets: Float64Array;
  readonly samples: Float64Array;
  readonly times: Float64Array;
  count: number;
  sum: number;
};

type Value = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

/**
 * A histogram `name` and a summary `name_summary` over the same observations.
 *
 * Kept in typed arrays and written out by prom-client's registry: its own histogram and summary
 * cost two microseconds an observation, this a thirtieth (docs/decisions/0002-data-path.md).
 * Neither metric shows before its first observation, as with v1.
 */
export const makeLatencies = (name: string, help: string): Latencies => {
  const all = new Map<string, Series>();
  const waiting: Registry[] = [];

  const publish = (registry: Registry): void => {
    const histogram = {
      name,
      help,
      get: async () => ({
        name,
        help,
        type: "histogram",
        values: [...all.values()].flatMap((one) => histogramOf(name, one)),
      }),
    };
    const summaryName = `${name}_summary`;
    const summary = {
      name: summaryName,
      help,
      get: async () => ({
        name: summaryName,
        help,
        type: "summary",
        values: [...all.values()].flatMap((one) => summaryOf(summaryName, one)),
      }),
    };
    // The registry asks a metric for its name and for `get` and nothing else.
    for (const metric of [histogram, summary]) registry.registerMetric(metric as unknown as Metric);
  };

  return {
    publishIn: (registry) => {
      if (all.size > 0) publish(registry);
      else waiting.push(registry);
    },
    series: (labels) => {
      const key = JSON.stringify(labels);
      let series = all.get(key);
      if (series === undefined) {
        series = makeSeries(labels);
        all.set(key, series);
        for (const registry of waiting.splice(0)) publish(registry);
      }
      const kept = series;
      return (seconds) => observe(kept, seconds);
    },
  };
};

const makeSeries = (labels: Labels): Series => ({
  labels,
  buckets: new Float64Array(bounds.length + 1),
  samples: new Float64Array(windowSize),
  times: new Float64Array(windowSize),
  count: 0,
  sum: 0,
});

const observe = (series: Series, seconds: number): void => {
  let bucket = 0;
  while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
  series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  const place = series.count % windowSize;
  series.samples[place] = seconds;
  series.times[place] = performance.now();
  series.count += 1;
  series.sum += seconds;
};

const histogramOf = (name: string, { labels, buckets, count, sum }: Series): readonly Value[] => {
  let below = 0;
  const values: Value[] = [];
  buckets.forEach((inside, i) => {
    below += inside;
    const le = bounds[i] ?? "+Inf";
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below });
  });
  values.push({ metricName: `${name}_sum`, labels, value: sum });
  values.push({ metricName: `${name}_count`, labels, value: count });
  return values;
};

const summaryOf = (name: string, series: Series): readonly Value[] => {
  const { labels, samples, times, count, sum } = series;
  const since = performance.now() - windowMs;
  const recent = samples
    .subarray(0, Math.min(count, windowSize))
    .filter((_, i) => (times[i] ?? 0) >= since)
    .sort();
  const values: Value[] = quantiles.map((quantile) => ({
    labels: { ...labels, quantile },
    value: recent[Math.max(0, Math.ceil(quantile * recent.length) - 1)] ?? Number.NaN,
  }));
  values.push({ metricName: `${name}_sum`, labels, value: sum });
  values.push({ metricName: `${name}_count`, labels, value: count });
  return values;
};
