const firstMs = 1_000;
const longestMs = 60_000;
/** A process that ran this long was well: its next failure starts the row anew. */
const wellMs = 60_000;

/**
 * How long to wait before the next start: 1 s, doubled at each failure, never more than 60 s.
 *
 * `previousMs` is the wait before the life that has just ended, 0 for the first one.
 */
export const backoffMs = (previousMs: number, ranMs: number): number =>
  previousMs === 0 || ranMs >= wellMs ? firstMs : Math.min(longestMs, previousMs * 2);
