/**
 * Counts of latencies in buckets that grow with the value, as in an HDR histogram: every value is
 * kept to within 1/64 of itself, in a table of fixed size.
 */

/** A histogram as it travels between processes: buckets that are not empty, and the largest value. */
export type Packed = {
  readonly max: number;
  readonly counts: readonly (readonly [bucket: number, count: number])[];
};

export type Histogram = {
  /** Counts one latency in microseconds; fractions are rounded, values beyond 2^31 are cut. */
  record(micros: number): void;
  add(other: Packed): void;
  count(): number;
  /** The largest value seen, exactly. */
  max(): number;
  /** The value that a share `fraction` (0-1) of all latencies does not pass; NaN if there are none. */
  percentile(fraction: number): number;
  pack(): Packed;
};

const subBits = 6;
const subBuckets = 1 << subBits;
const largest = 2 ** 31 - 1;
const buckets = subBuckets * (31 - subBits + 1);

/** Values below 128 have a bucket each; above, each doubling is cut into 64. */
const bucketOf = (value: number): number => {
  const shift = Math.max(0, 31 - Math.clz32(value) - subBits);
  return subBuckets * shift + (value >> shift);
};

const largestIn = (bucket: number): number => {
  const shift = Math.max(0, Math.floor(bucket / subBuckets) - 1);
  return (bucket - subBuckets * shift + 1) * 2 ** shift - 1;
};

export const makeHistogram = (): Histogram => {
  const counts = new Float64Array(buckets);
  let total = 0;
  let max = 0;

  const addTo = (bucket: number, count: number): void => {
    counts[bucket] = (counts[bucket] ?? 0) + count;
    total += count;
  };

  return {
    record: (micros) => {
      const value = Math.min(Math.max(Math.round(micros), 0), largest);
      addTo(bucketOf(value), 1);
      if (value > max) max = value;
    },
    add: (other) => {
      for (const [bucket, count] of other.counts) addTo(bucket, count);
      max = Math.max(max, other.max);
    },
    count: () => total,
    max: () => max,
    percentile: (fraction) => {
      if (total === 0) return Number.NaN;
      const rank = Math.max(1, Math.ceil(fraction * total));
      let below = 0;
      const found = counts.findIndex((count) => {
        below += count;
        return below >= rank;
      });
      return Math.min(largestIn(found), max);
    },
    pack: () => ({
      max,
      counts: [...counts.entries()].filter(([, count]) => count > 0),
    }),
  };
};
