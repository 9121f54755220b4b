import type { detectors } from "../../../api/built-ins/detectors.ts";
import type { Values } from "../../../api/built-ins/read.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import { parameterFault, type Rows, unfit } from "../rows.ts";
import type { Sums } from "../state-store.ts";
import { makeMemoryStore } from "../store/memory.ts";
import { makeDetector } from "./detector.ts";
import { eigen } from "./eigen.ts";
import { addRows, type Bounds, fade, lengthOf, type Moments, momentsOf } from "./moments.ts";

type Parameters = Values<typeof detectors.MAHALANOBIS_DETECTOR>;

/** The covariance of more columns takes longer than a request may hold up others. */
const mostColumns = 128;

/** The view is made anew when what was learned has grown by this fraction. */
const stale = 0.01;

/** Components with less than this fraction of the largest variance are rounding. */
const negligible = 1e-12;

/**
 * Scores each row by its squared Mahalanobis distance from the mean of all rows so far, on the
 * first `n_components` principal components of their covariance: `sum (v_k . (x - mean))^2 / l_k`.
 *
 * It learns from every request, outliers included, but from `start_clip` rows on each value counts
 * as no further from the mean than `n_stdev` standard deviations of its column. With `max_n` old
 * rows fade, and each engine learns by itself; otherwise what is learned is shared.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for rows of another width than the first, or too wide.
 * Source: Mahalanobis, "On the generalized distance in statistics" (1936); principal components as
 * in scikit-learn's whitened PCA; parameters as in Seldon Core's Mahalanobis detector.
 */
export const makeMahalanobis = (values: Parameters, means: Means): BuiltInNode => {
  const { name } = means;
  const { warmup, max_n: mostRows, start_clip: clipFrom } = values;
  const fades = mostRows > 0;
  const store = fades ? makeMemoryStore(means.now) : means.store;
  let width = widthOf(values, name);
  let sums: Sums | undefined = width === undefined ? undefined : open(width);
  let view: View | undefined;
  let since = 0;
  const origin = values.origin ?? [];

  function open(columns: number): Sums {
    return store.sums(name, { kind: "mahalanobis/1", length: lengthOf(columns) });
  }
  const current = (): View | undefined => {
    const count = sums?.values[0] ?? 0;
    if (sums === undefined || width === undefined || count < 2) return undefined;
    const grown = Math.max(since, Math.abs(count - (view?.count ?? 0)));
    if (view === undefined || (grown > 0 && grown >= stale * count)) {
      const moments = momentsOf(sums, width, origin);
      view = moments && viewOf(moments, values);
      since = 0;
    }
    return view;
  };

  return makeDetector(
    {
      width: () => width,
      score: (rows) => {
        if (rows.width > mostColumns) {
          throw unfit(name, `row 0 has ${rows.width} columns; it takes at most ${mostColumns}`);
        }
        const seen = current();
        if (seen === undefined || seen.count < warmup) return new Array(rows.count).fill(0);
        return scoresOf(rows, seen);
      },
      learn: (rows) => {
        width ??= rows.width;
        sums ??= open(rows.width);
        const seen = current();
        addRows(sums, rows, origin, seen && seen.count >= clipFrom ? seen.bounds : undefined);
        if (fades) fade(sums, mostRows);
        since += rows.count;
      },
      learned: () => sums?.values[0] ?? 0,
      describe: () => ({ columns: width, mean: Array.from(current()?.mean ?? []) }),
    },
    values,
    means,
  );
};

/** @throws {EngineError} PARAMETER_INVALID */
const widthOf = ({ n_features: given, origin }: Parameters, node: string): number | undefined => {
  const width = given ?? origin?.length;
  if (origin !== undefined && origin.length !== width) {
    throw parameterFault(node, `origin has ${origin.length} numbers, n_features is ${width}`);
  }
  if (width !== undefined && (width > mostColumns || width < 1)) {
    throw parameterFault(node, `it takes 1 to ${mostColumns} columns, not ${width}`);
  }
  return width;
};

/** What rows are judged by. */
type View = {
  readonly count: number;
  readonly mean: Float64Array;
  /** One unit vector after the other, and the variance along each. */
  readonly axes: Float64Array;
  readonly variances: readonly number[];
  readonly bounds: Bounds;
};

const viewOf = (moments: Moments, { n_components: most, n_stdev: reach }: Parameters): View => {
  const { count, mean, covariance, noise } = moments;
  const width = mean.length;
  const reaches = mean.map((_, j) => {
    const variance = covariance[j * width + j] ?? 0;
    return variance > noise ? reach * Math.sqrt(variance) : Infinity; // a constant may still change
  });
  const { values, vectors } = eigen(covariance, width);
  const floor = Math.max(noise, negligible * (values[0] ?? 0));
  const variances = Array.from(values.subarray(0, most)).filter((value) => value > floor);
  return {
    count,
    mean,
    axes: vectors.subarray(0, variances.length * width),
    variances,
    bounds: {
      least: mean.map((one, j) => one - (reaches[j] ?? 0)),
      most: mean.map((one, j) => one + (reaches[j] ?? 0)),
    },
  };
};

const scoresOf = ({ count, width, values }: Rows, { mean, axes, variances }: View): number[] =>
  Array.from({ length: count }, (_, row) => {
    let distance = 0;
    variances.forEach((variance, k) => {
      let along = 0;
      for (let j = 0; j < width; j += 1) {
        along += (axes[k * width + j] ?? 0) * ((values[row * width + j] ?? 0) - (mean[j] ?? 0));
      }
      distance += (along * along) / variance;
    });
    return distance;
  });
