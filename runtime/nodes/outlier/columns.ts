/** Detectors that judge each column by itself: a row is as strange as its strangest column. */
import type { detectors } from "../../../api/built-ins/detectors.ts";
import type { Values } from "../../../api/built-ins/read.ts";
import type { Means } from "../definition.ts";
import { lengthOfAll } from "../lists.ts";
import type { BuiltInNode } from "../node.ts";
import { parameterFault, type Rows, unfit } from "../rows.ts";
import { makeDetector, type Scorer } from "./detector.ts";
import { meanDistance, medianDistance, quantile } from "./quantile.ts";
import { makeWindow, type Window } from "./window.ts";

/** How strange a value of a column is, 0 or more. */
type Judge = (value: number) => number;

/** More numbers than this, 64 MB twice, are not kept. */
const mostKept = 8_388_608;

/**
 * Scores each value by `0.6745 |x - median| / MAD`, or by `|x - median| / (1.253314 MeanAD)` where
 * more than half of the values are the same; a constant column does not count.
 *
 * @throws {EngineError} PARAMETER_INVALID for statistics that do not fit each other.
 * Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993), the modified z-score.
 */
export const makeRobustZscore = (
  values: Values<typeof detectors.ROBUST_ZSCORE_DETECTOR>,
  means: Means,
): BuiltInNode => {
  const { median, mad } = values;
  const given = pairs(means.name, { median, mad });
  if (given?.some(([, spread]) => spread === 0)) {
    throw parameterFault(means.name, "mad has a 0; write numbers above 0");
  }
  const scorer =
    given === undefined
      ? learning(values, means.name, zscoreOf)
      : fixed(given.map(([center, spread]) => zscore(center, spread / 0.6745)));
  return makeDetector(scorer, values, means);
};

const zscore =
  (center: number, deviation: number): Judge =>
  (value) =>
    Math.abs(value - center) / deviation;

const zscoreOf = (sorted: Float64Array): Judge => {
  const center = quantile(sorted, 0.5);
  const mad = medianDistance(sorted, center);
  const deviation = mad > 0 ? mad / 0.6745 : 1.253314 * meanDistance(sorted, center);
  return deviation > 0 ? zscore(center, deviation) : () => 0;
};

/**
 * Scores each value by how many interquartile ranges it lies below the first quartile or above the
 * third; a column whose quartiles are the same does not count.
 *
 * @throws {EngineError} PARAMETER_INVALID for statistics that do not fit each other.
 * Source: Tukey, "Exploratory Data Analysis" (1977): the fences are at 1.5.
 */
export const makeIqr = (
  values: Values<typeof detectors.IQR_DETECTOR>,
  means: Means,
): BuiltInNode => {
  const { q1, q3 } = values;
  const given = pairs(means.name, { q1, q3 });
  if (given?.some(([low, high]) => low >= high)) {
    throw parameterFault(means.name, "q1 is not below q3 in every column");
  }
  const scorer =
    given === undefined
      ? learning(values, means.name, (sorted) =>
          fences(quantile(sorted, 0.25), quantile(sorted, 0.75)),
        )
      : fixed(given.map(([low, high]) => fences(low, high)));
  return makeDetector(scorer, values, means);
};

const fences = (low: number, high: number): Judge => {
  const range = high - low;
  if (!(range > 0)) return () => 0;
  return (value) => Math.max(0, low - value, value - high) / range;
};

/** Two lists as one of pairs; undefined if neither is given. @throws {EngineError} PARAMETER_INVALID */
const pairs = (
  node: string,
  lists: Readonly<Record<string, readonly number[] | undefined>>,
): readonly (readonly [number, number])[] | undefined => {
  const names = Object.keys(lists);
  const given = Object.entries(lists).flatMap(([name, list]) =>
    list ? [[name, list] as const] : [],
  );
  if (given.length === 0) return undefined;
  if (given.length < names.length) {
    throw parameterFault(node, `give it both ${names.join(" and ")}, or neither`);
  }
  lengthOfAll(node, Object.fromEntries(given));
  const [first, second] = given;
  return (first?.[1] ?? []).map((one, i) => [one, second?.[1][i] ?? 0]);
};

const fixed = (judges: readonly Judge[]): Scorer => ({
  width: () => judges.length,
  score: (rows) => worst(rows, judges),
});

const worst = ({ count, width, values }: Rows, judges: readonly Judge[]): readonly number[] =>
  Array.from({ length: count }, (_, row) =>
    judges.reduce((most, judge, j) => Math.max(most, judge(values[row * width + j] ?? 0)), 0),
  );

type Learning = {
  readonly window: number;
  readonly warmup: number;
  readonly n_features?: number | undefined;
};

/** Judges by a window of the latest rows, which this engine alone has. */
const learning = (
  { window: size, warmup, n_features: given }: Learning,
  node: string,
  judgeOf: (sorted: Float64Array) => Judge,
): Scorer => {
  let width = given;
  let window: Window | undefined;
  let judges: readonly Judge[] | undefined;
  return {
    width: () => width,
    score: (rows) => {
      if (rows.width * size > mostKept) {
        throw unfit(
          node,
          `row 0 has ${rows.width} columns; a window of ${size} rows has room for ${Math.floor(mostKept / size)}`,
        );
      }
      const full = window;
      if (full === undefined || full.count() < Math.min(warmup, size)) {
        return new Array(rows.count).fill(0);
      }
      judges ??= Array.from({ length: rows.width }, (_, j) => judgeOf(full.column(j)));
      return worst(rows, judges);
    },
    learn: (rows) => {
      width ??= rows.width;
      window ??= makeWindow(size, rows.width);
      window.add(rows);
      judges = undefined;
    },
    learned: () => window?.count() ?? 0,
    describe: () => ({ columns: width, window: size }),
  };
};
