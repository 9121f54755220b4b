/** The terms of a text. Source: scikit-learn, the analyzers of CountVectorizer. */

export type Analysis = {
  readonly analyzer: "word" | "char" | "char_wb";
  readonly isLowered: boolean;
  /** Taken off letters: all that is not ASCII once parted, or characters of these ranges. */
  readonly accents: "ascii" | readonly (readonly [number, number])[] | undefined;
  /** Shorter words are no terms. */
  readonly longEnough: 1 | 2;
  readonly stopWords: ReadonlySet<string>;
  /** How many words, or characters, make a term. */
  readonly ngrams: { readonly least: number; readonly most: number };
};

/** Python's `\w`: letters, numbers and the low line, but no marks. Source: Python, `str.isalnum`. */
const words = { 1: /[\p{L}\p{N}_]+/gu, 2: /[\p{L}\p{N}_]{2,}/gu } as const;

export const termsOf = (text: string, analysis: Analysis): readonly string[] => {
  const prepared = prepare(text, analysis);
  switch (analysis.analyzer) {
    case "word":
      return wordTerms(prepared, analysis);
    case "char":
      return charTerms(prepared, analysis);
    case "char_wb":
      return wordBoundTerms(prepared, analysis);
  }
};

const prepare = (text: string, { isLowered, accents }: Analysis): string => {
  const lowered = isLowered ? text.toLowerCase() : text;
  if (accents === undefined) return lowered;
  const parted = lowered.normalize("NFKD");
  if (accents === "ascii") return parted.replace(/\P{ASCII}/gu, "");
  return [...parted].filter((each) => !isIn(accents, each.codePointAt(0) ?? 0)).join("");
};

const isIn = (ranges: readonly (readonly [number, number])[], code: number): boolean =>
  ranges.some(([from, to]) => code >= from && code <= to);

const wordTerms = (
  text: string,
  { longEnough, stopWords, ngrams }: Analysis,
): readonly string[] => {
  const all = text.match(words[longEnough]) ?? [];
  const kept = stopWords.size === 0 ? all : all.filter((word) => !stopWords.has(word));
  return runsOf(kept, ngrams, " ");
};

/** All runs of so many items. */
const runsOf = (
  items: readonly string[],
  { least, most }: Analysis["ngrams"],
  between: string,
): readonly string[] => {
  const runs: string[] = [];
  for (let size = least; size <= Math.min(most, items.length); size += 1) {
    for (let i = 0; i + size <= items.length; i += 1) {
      runs.push(size === 1 ? (items[i] ?? "") : items.slice(i, i + size).join(between));
    }
  }
  return runs;
};

/** What Python takes for blank beside Unicode's White_Space. Source: Python, `str.isspace`. */
const separators = String.fromCharCode(0x1c, 0x1d, 0x1e, 0x1f);
const blank = `[\\p{White_Space}${separators}]`;
/** Become one blank. */
const blanks = new RegExp(`${blank}{2,}`, "gu");
const betweenWords = new RegExp(`${blank}+`, "u");

const charTerms = (text: string, { ngrams }: Analysis): readonly string[] =>
  runsOf([...text.replace(blanks, " ")], ngrams, "");

/** Characters within words, with a blank on each side. A word too short for a run is one itself. */
const wordBoundTerms = (text: string, { ngrams }: Analysis): readonly string[] => {
  const terms: string[] = [];
  for (const word of text.replace(blanks, " ").split(betweenWords)) {
    if (word === "") continue;
    const characters = [..." ".concat(word, " ")];
    for (let size = ngrams.least; size <= ngrams.most; size += 1) {
      terms.push(characters.slice(0, size).join(""));
      for (let i = 1; i + size <= characters.length; i += 1) {
        terms.push(characters.slice(i, i + size).join(""));
      }
      if (size >= characters.length) break; // counts a short word once
    }
  }
  return terms;
};
