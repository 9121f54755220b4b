/**
 * The metrics that a user's class reports, as Prometheus scrapes them on the metrics port.
 *
 * A metric may come with other labels on every call, which prom-client's own types refuse; so the
 * series are kept here, and its registry writes them. Source: engine contract, 11.8.
 */
import type { Metric as PromMetric, Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import { isObject, kindOf } from "./message.ts";
import { ComponentError, type Metric } from "./user.ts";

/** Labels that every series carries, whatever tags a class gives. */
export type MetricLabels = Readonly<Record<string, string>>;

/** The call a metric comes from, as its label `method` names it. Source: engine contract, 11.8. */
export type MetricMethod =
  | "predict"
  | "inputtransform"
  | "outputtransform"
  | "router"
  | "aggregate"
  | "feedback"
  | "health";

export type CustomMetrics = {
  /** @throws {ComponentError} MICROSERVICE_BAD_METRIC when a name is taken by another type. */
  record(metrics: readonly Metric[], method: MetricMethod): void;
  /** Counts one feedback and adds up its reward; a reward of 0 leaves no trace. */
  reward(reward: number): void;
};

type Series = { readonly labels: MetricLabels; value: number; sum: number; buckets: number[] };
type Kind = "counter" | "gauge" | "histogram";
type Family = { readonly name: string; readonly kind: Kind; readonly series: Map<string, Series> };

/** Labels come from users' tags; beyond this many series new ones are dropped, and a log line says so. */
const maxSeries = 10_000;

const kinds: Readonly<Record<Metric["type"], Kind>> = {
  COUNTER: "counter",
  GAUGE: "gauge",
  TIMER: "histogram",
};

/** Upper bounds of a timer's buckets, in seconds. Source: engine contract, 11.8. */
const boundsSeconds: readonly number[] = [
  0.001, 0.0012341553253454693, 0.0015231393670785815, 0.001879790561123359, 0.002319953531544542,
  0.0028631830055097247, 0.0035336125536884733, 0.004361026750842238, 0.005382184388525997,
  0.006642451525090608, 0.008197816923039709, 0.010117379411776668, 0.012486417679584787,
  0.015410178873747385, 0.019018554321561593, 0.02347185009632733, 0.028967908792092947,
  0.03575089889988335, 0.04412216226317853, 0.05445360152285871, 0.06720420230367624,
  0.0829404241586763, 0.10236136616184238, 0.12632982515827532, 0.15591062646904755,
  0.19241792993472334, 0.2374736129208902, 0.29307932401534564, 0.36170540848218913,
  0.44640065608455204, 0.5509277469444613, 0.6799304127720882, 0.8391397397870158,
  1.035628778567157, 1.2781267721496807, 1.5774069623151439, 1.9467652027782552, 2.4026106422060365,
  2.965194718810281, 3.65951085290597, 4.516404807273444, 5.573945044312399, 6.879113959621136,
  8.489895126924784, 10.477849282518772, 12.931293490187748, 15.959224724520412, 19.696162182151948,
  24.308123445970867, 30,
];

export const makeCustomMetrics = (
  registry: Registry,
  labels: MetricLabels,
  log: Logger,
): CustomMetrics => {
  const families = new Map<string, Family>();
  let seriesCount = 0;

  const familyOf = (name: string, kind: Kind): Family => {
    const known = families.get(name);
    if (known !== undefined && known.kind !== kind) {
      throw badMetric(`metric ${name} is a ${known.kind} and cannot be a ${kind} too`);
    }
    if (known !== undefined) return known;
    const family: Family = { name, kind, series: new Map() };
    families.set(name, family);
    // the registry asks nothing of a metric but its name and get(); its type names classes
    registry.registerMetric({
      name,
      get: () => Promise.resolve(read(family)),
    } as never as PromMetric);
    return family;
  };

  const seriesOf = (family: Family, own: MetricLabels): Series | undefined => {
    const key = JSON.stringify(Object.entries(own).sort());
    const known = family.series.get(key);
    if (known !== undefined) return known;
    if (seriesCount === maxSeries) {
      log.warn({ metric: family.name, maxSeries }, "too many series: new labels are dropped");
    }
    seriesCount += 1;
    if (seriesCount > maxSeries) return undefined;
    const series: Series = { labels: own, value: 0, sum: 0, buckets: [] };
    family.series.set(key, series);
    return series;
  };

  const add = (metric: Metric, method: MetricMethod): void => {
    const kind = kinds[metric.type];
    const name = kind === "counter" ? counterName(metric.key) : legal(metric.key);
    const own = { ...legalTags(metric.tags ?? {}), method, ...labels };
    const series = seriesOf(familyOf(name, kind), own);
    if (series !== undefined) count(series, kind, metric.value);
  };

  return {
    record: (metrics, method) => {
      for (const metric of metrics) add(metric, method);
    },
    reward: (reward) => {
      if (reward === 0) return;
      add({ key: "seldon_api_model_feedback", type: "COUNTER", value: 1 }, "feedback");
      add({ key: "seldon_api_model_feedback_reward", type: "COUNTER", value: reward }, "feedback");
    },
  };
};

const count = (series: Series, kind: Kind, value: number): void => {
  if (kind === "gauge") {
    series.value = value;
    return;
  }
  if (kind === "counter") {
    series.value += value;
    return;
  }
  const seconds = value / 1000;
  series.value += 1;
  series.sum += seconds;
  const bucket = boundsSeconds.findIndex((bound) => seconds <= bound);
  if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
};

type Sample = {
  readonly labels: MetricLabels;
  readonly value: number;
  readonly metricName?: string;
};

const read = ({ name, kind, series }: Family): object => ({
  name,
  help: "",
  type: kind,
  values: [...series.values()].flatMap((each): readonly Sample[] =>
    kind === "histogram" ? histogram(name, each) : [{ labels: each.labels, value: each.value }],
  ),
});

const histogram = (name: string, { labels, value, sum, buckets }: Series): readonly Sample[] => {
  let below = 0;
  const bounded = boundsSeconds.map((bound, i) => {
    below += buckets[i] ?? 0;
    return { labels: { ...labels, le: String(bound) }, value: below, metricName: `${name}_bucket` };
  });
  return [
    ...bounded,
    { labels: { ...labels, le: "+Inf" }, value, metricName: `${name}_bucket` },
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value, metricName: `${name}_count` },
  ];
};

/** Prometheus allows letters, digits, `_` and `:` in a name; all else becomes `_`. */
const legal = (name: string): string => name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^\d/, "_$&");

const counterName = (key: string): string => `${legal(key).replace(/_total$/, "")}_total`;

const legalTags = (tags: MetricLabels): MetricLabels =>
  Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [legal(key).replaceAll(":", "_"), value]),
  );

/** What a class reported, checked. @throws {ComponentError} MICROSERVICE_BAD_METRIC, 500 */
export const checkMetrics = (reported: unknown): readonly Metric[] => {
  if (reported === undefined || reported === null) return [];
  if (!Array.isArray(reported)) throw badMetric(`metrics must be a list, not ${kindOf(reported)}`);
  for (const metric of reported) {
    const fault = faultOf(metric);
    if (fault !== undefined) throw badMetric(`bad metric ${JSON.stringify(metric)}: ${fault}`);
  }
  return reported;
};

const faultOf = (metric: unknown): string | undefined => {
  if (!isObject(metric)) return `it must be an object, not ${kindOf(metric)}`;
  const { key, type, value, tags } = metric;
  if (typeof key !== "string" || key === "") return "key must be a name";
  if (typeof type !== "string" || !Object.hasOwn(kinds, type)) {
    return "type must be COUNTER, GAUGE or TIMER";
  }
  if (typeof value !== "number" || Number.isNaN(value)) return "value must be a number";
  if (tags === undefined) return undefined;
  if (!isObject(tags)) return `tags must be an object, not ${kindOf(tags)}`;
  return Object.values(tags).every((tag) => typeof tag === "string")
    ? undefined
    : "the values of its tags must be strings";
};

const badMetric = (message: string): ComponentError =>
  new ComponentError(message, { status: 500, reason: "MICROSERVICE_BAD_METRIC" });
