/** Statistics of values in order, the smallest first. */

/** Between the two values beside it. Source: Hyndman and Fan (1996), type 7; numpy's default. */
export const quantile = (values: Float64Array, fraction: number): number => {
  const place = (values.length - 1) * fraction;
  const below = Math.floor(place);
  const low = values[below] ?? 0;
  const high = values[below + 1] ?? low;
  return low + (high - low) * (place - below);
};

/** The median distance from `center`. */
export const medianDistance = (values: Float64Array, center: number): number => {
  const half = values.length >>> 1;
  const upper = nearest(values, center, half + 1);
  return values.length % 2 === 1 ? upper : (nearest(values, center, half) + upper) / 2;
};

/** The distance of the value that is the `rank`th nearest to `center`, the first of rank 1. */
const nearest = (values: Float64Array, center: number, rank: number): number => {
  // The nearest ones stand beside each other: find where they begin.
  let low = 0;
  let high = values.length - rank;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const isTooFar = center - (values[middle] ?? 0) > (values[middle + rank] ?? 0) - center;
    if (isTooFar) low = middle + 1;
    else high = middle;
  }
  return Math.max(center - (values[low] ?? 0), (values[low + rank - 1] ?? 0) - center);
};

export const meanDistance = (values: Float64Array, center: number): number =>
  values.reduce((sum, value) => sum + Math.abs(value - center), 0) / values.length;
