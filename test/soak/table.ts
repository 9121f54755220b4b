/** What a soak says: rows of figures, and whether they stayed where they were. */
import type { Figure, Sample } from "./sample.ts";
import { type Allowance, trendOf } from "./trend.ts";

export const sampleMs = 1000;
/** Node.js takes so long to grow its heap to the size that the traffic needs. */
const warmUpMinutes = 3;

export const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const figures: readonly { readonly figure: Figure; readonly title: string }[] = [
  { figure: "rssMegabytes", title: "RSS MB" },
  { figure: "heapMegabytes", title: "heap MB" },
  { figure: "handles", title: "handles" },
  { figure: "openFiles", title: "files" },
];

export const cells = (values: readonly (string | number)[]): string =>
  values
    .map((value, i) => {
      const text = typeof value === "number" ? value.toFixed(1) : value;
      return i === 0 ? text.padEnd(20) : text.padStart(13);
    })
    .join("");

export const showTrendHead = (): void =>
  say(`\n${cells(["after warm-up", "figure", "first third", "last third", "allowed", "verdict"])}`);

/** Says of each figure whether it is flat after the warm-up, and answers whether all are. */
export const showTrend = (
  name: string,
  samples: readonly Sample[],
  allowances: Readonly<Record<Figure, Allowance>>,
): boolean => {
  const warmUp = Math.max(samples.length / 3, (warmUpMinutes * 60_000) / sampleMs);
  const warm = samples.slice(Math.floor(warmUp));
  return figures
    .map(({ figure, title }) => {
      const trend = trendOf(
        warm.map((one) => one[figure]),
        allowances[figure],
      );
      const verdict = trend.isFlat ? "flat" : "GROWS";
      say(cells([name, title, trend.from, trend.to, `+${trend.allowed.toFixed(1)}`, verdict]));
      return trend.isFlat;
    })
    .every(Boolean);
};
