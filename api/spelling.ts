/** "Did you mean": the known word nearest to a mistyped one. */

/** Beyond these nobody reads the hint, and comparing would take long. */
const longestWord = 64;
const mostWords = 200;

/** The nearest of `words` when it is near enough to be a slip, and the first of equals. */
export const nearest = (word: string, words: Iterable<string>): string | undefined => {
  if (word.length > longestWord) return undefined;
  const [lower, bare] = [word.toLowerCase(), plain(word)];
  const edits = makeEdits();
  let most = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let seen = 0;
  for (const candidate of words) {
    if (seen++ >= mostWords) break;
    if (plain(candidate) === bare) return candidate;
    if (most < 0 || Math.abs(candidate.length - word.length) > most) continue;
    const distance = edits(lower, candidate.toLowerCase(), most);
    if (distance <= most) [best, most] = [candidate, distance - 1];
  }
  return best;
};

/** The end of a sentence: `; did you mean "x"?`, or nothing. */
export const hint = (word: string, words: Iterable<string>): string => {
  const candidate = nearest(word, words);
  return candidate === undefined ? "" : `; did you mean "${candidate}"?`;
};

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, "");

/** Of the table of distances between the beginnings of two words: this row and the two before. */
type Rows = { row: Uint8Array; last: Uint8Array; beforeLast: Uint8Array };

const newRow = (): Uint8Array => new Uint8Array(2 * longestWord);

/**
 * Makes a count of the insertions, deletions, substitutions and swaps of neighbours that turn `a`
 * into `b`, which have about the same length.
 *
 * It answers some number above `most` if there are more, and looks no further then: a manifest may
 * hold thousands of strange words.
 */
const makeEdits = () => {
  const rows: Rows = { row: newRow(), last: newRow(), beforeLast: newRow() };
  return (a: string, b: string, most: number): number => {
    const far = most + 1;
    for (let j = 0; j <= Math.min(b.length, far); j++) rows.last[j] = j;
    for (let i = 1; i <= a.length; i++) {
      if (fillRow(rows, i, { a, b, most }) > most) return far;
      const { row, last, beforeLast } = rows;
      [rows.row, rows.last, rows.beforeLast] = [beforeLast, row, last];
    }
    return rows.last[b.length] ?? far;
  };
};

type Compared = { readonly a: string; readonly b: string; readonly most: number };

/** Fills the row of the first `i` letters of `a`, and answers the least that is in it. */
const fillRow = ({ row, last, beforeLast }: Rows, i: number, { a, b, most }: Compared): number => {
  const far = most + 1;
  // So many insertions or deletions lead away from the diagonal; what is beyond is far.
  const [from, to] = [Math.max(1, i - most), Math.min(b.length, i + most)];
  const before = from === 1 ? Math.min(i, far) : far;
  row[from - 1] = before;
  row[to + 1] = far;
  let least = before;
  for (let j = from; j <= to; j++) {
    const same = a[i - 1] === b[j - 1] ? 0 : 1;
    const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    const steps = Math.min(
      (last[j] ?? far) + 1,
      (row[j - 1] ?? far) + 1,
      (last[j - 1] ?? far) + same,
      isSwapped ? (beforeLast[j - 2] ?? far) + 1 : far,
    );
    row[j] = steps;
    least = Math.min(least, steps);
  }
  return least;
};
