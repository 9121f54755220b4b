/** Reads the Prometheus text of a container or an engine. */

/** Adds up the series of `name` whose labels include `labels`, whatever worker they are of. */
export const scrape = async (
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const text = await (await fetch(url)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((one) => line.includes(one)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
};

export type Scraped = {
  /** By name and labels, of all workers together. */
  readonly values: ReadonlyMap<string, number>;
  /** By name. */
  readonly types: Readonly<Record<string, string>>;
};

export const scrapeAll = async (url: string): Promise<Scraped> => {
  const values = new Map<string, number>();
  const types: Record<string, string> = {};
  for (const line of (await (await fetch(url)).text()).split("\n")) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types[typed] = type;
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const kept = [...labels.matchAll(/(\w+)="([^"]*)"/g)]
      .filter(([, label]) => label !== "worker_id")
      .map(([, label = "", said = ""]) => `${label}=${label === "le" ? bound(said) : said}`);
    const series = `${name}{${kept.sort().join(",")}}`;
    // each worker has its own part of a count, and its own idea of a gauge
    const others = types[name] === "gauge" ? 0 : (values.get(series) ?? 0);
    values.set(series, others + Number(value));
  }
  return { values, types };
};

/** Bounds that differ in the last digit of a double are the same. */
const bound = (text: string): string =>
  Number.isFinite(Number(text)) ? Number(text).toPrecision(12) : text;
