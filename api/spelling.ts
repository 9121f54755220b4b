/** "Did you mean": the known word nearest to a mistyped one. */

/** Beyond these nobody reads the hint, and comparing would take long. */
const longestWord = 64;
const mostWords = 200;

/** The nearest of `words` when it is near enough to be a slip, and the first of equals. */
export const nearest = (word: string, words: Iterable<string>): string | undefined => {
  if (word.length > longestWord) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  let seen = 0;
  for (const candidate of words) {
    if (seen++ >= mostWords) break;
    if (plain(candidate) === plain(word)) return candidate;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
};

/** The end of a sentence: `; did you mean "x"?`, or nothing. */
export const hint = (word: string, words: Iterable<string>): string => {
  const candidate = nearest(word, words);
  return candidate === undefined ? "" : `; did you mean "${candidate}"?`;
};

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, "");

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
const edits = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + same,
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
};
