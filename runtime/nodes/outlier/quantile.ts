/** Statistics of values in order, the smallest first. */

/** Between the two values beside it. Source: Hyndman and Fan (1996), type 7; numpy's default. */
export const quantile = (values: Float64Array, fraction: number): number => {
  const place = (values.length - 1) * fraction;
  const below = Math.floor(place);
  const low = values[below] ?? 0;
  const high = values[below + 1] ?? low;
  return low + (high - low) * (place - below);
};

/** The median distance from `center`, which is the median of the values. */
export const medianDistance = (values: Float64Array, center: number): number => {
  let left = 0;
  let right = values.length - 1;
  // From both ends inward, the largest distances come first.
  const next = (): number => {
    const before = center - (values[left] ?? 0);
    const after = (values[right] ?? 0) - center;
    if (before >= after) left += 1;
    else right -= 1;
    return Math.max(before, after);
  };
  let distance = 0;
  for (let rank = values.length; rank > values.length >>> 1; rank -= 1) distance = next();
  return values.length % 2 === 1 ? distance : (distance + next()) / 2;
};

export const meanDistance = (values: Float64Array, center: number): number =>
  values.reduce((sum, value) => sum + Math.abs(value - center), 0) / values.length;
