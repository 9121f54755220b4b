/** Does a figure stay where it is, or does it grow? */

/** The value below which `share` (0-1) of the values are; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
};

export type Allowance = {
  /** Growth that is no leak, in the unit of the values. */
  readonly absolute: number;
  /** And as a share of where it began; the larger one counts. */
  readonly share: number;
  /** Which quantile of a third stands for it: low ones pass over what a collector has yet to free. */
  readonly quantile: number;
};

export type Trend = {
  /** Of the first and of the last third of the values. */
  readonly from: number;
  readonly to: number;
  readonly allowed: number;
  readonly isFlat: boolean;
};

/**
 * Compares the last third of the values with the first, so that no single sample decides. Less
 * than nine values are too few to say anything: not flat.
 */
export const trendOf = (values: readonly number[], allowance: Allowance): Trend => {
  const third = Math.floor(values.length / 3);
  const from = quantile(values.slice(0, third), allowance.quantile);
  const to = quantile(values.slice(values.length - third), allowance.quantile);
  const allowed = Math.max(allowance.absolute, allowance.share * from);
  return { from, to, allowed, isFlat: third >= 3 && to - from <= allowed };
};
