/** From texts to counts of their terms. Source: scikit-learn, CountVectorizer and TfidfTransformer. */
import { ModelFault } from "./fault.ts";
import {
  type Field,
  fieldOf,
  isThere,
  itemsOf,
  mostColumns,
  numbersOf,
  textsOf,
  wholesOf,
  wordOf,
} from "./field.ts";
import type { Flow, Form, Sparse, Step } from "./flow.ts";
import { divideByNorm, flagIn } from "./steps-number.ts";
import { type Analysis, termsOf } from "./terms.ts";

const analyzers = ["word", "char", "char_wb"] as const;
const tokens = ["words", "words_of_two"] as const;

/** How often each term of the vocabulary is in each text. */
export const readCount = (field: Field, takes: Form): Step => {
  if (takes.is !== "texts") throw new ModelFault(field.path, `takes texts, and gets ${takes.is}`);
  const terms = textsOf(fieldOf(field, "vocabulary"));
  const vocabulary = new Map(terms.map((term, i) => [term, i]));
  const [least, most] = wholesOf(fieldOf(field, "ngrams"), { least: 1, most: 100 }, 2);
  const accents = fieldOf(field, "accents");
  const stopWords = fieldOf(field, "stop_words");
  const token = fieldOf(field, "token");
  const analysis: Analysis = {
    analyzer: wordOf(fieldOf(field, "analyzer"), analyzers),
    isLowered: flagIn(field, "lowercase"),
    accents: isThere(accents) ? accentsOf(accents) : undefined,
    longEnough: isThere(token) && wordOf(token, tokens) === "words" ? 1 : 2,
    stopWords: new Set(isThere(stopWords) ? textsOf(stopWords) : []),
    ngrams: { least: least ?? 1, most: most ?? 1 },
  };
  const isBinary = flagIn(field, "binary");
  const columns = terms.length;
  return {
    gives: { is: "sparse", columns, names: [], mayMiss: false },
    run: (flow) => {
      const texts = flow.is === "texts" ? flow.texts : [];
      const rows = texts.map((text) => countsOf(termsOf(text, analysis), vocabulary));
      return { is: "sparse", sparse: sparseOf(rows, columns, isBinary) };
    },
  };
};

/** `ascii`, or the ranges of the characters that are taken off a letter. */
const accentsOf = (field: Field): Analysis["accents"] =>
  field.value === "ascii"
    ? "ascii"
    : itemsOf(field).map((range): readonly [number, number] => {
        const [from, to] = wholesOf(range, { least: 0, most: 0x10ffff }, 2);
        return [from ?? 0, to ?? 0];
      });

type Counts = ReadonlyMap<number, number>;

const countsOf = (terms: Iterable<string>, vocabulary: ReadonlyMap<string, number>): Counts => {
  const counts = new Map<number, number>();
  for (const term of terms) {
    const at = vocabulary.get(term);
    if (at !== undefined) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return counts;
};

const sparseOf = (rows: readonly Counts[], columns: number, isBinary: boolean): Sparse => {
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  const starts = new Int32Array(rows.length + 1);
  const at = new Int32Array(size);
  const values = new Float64Array(size);
  let next = 0;
  rows.forEach((row, i) => {
    // sums are made in the order of the columns, whatever the order of the words
    for (const [column, count] of [...row].sort(([a], [b]) => a - b)) {
      at[next] = column;
      values[next] = isBinary ? 1 : count;
      next += 1;
    }
    starts[i + 1] = next;
  });
  return { rows: rows.length, columns, starts, at, values };
};

/** Counts by how much a term tells: `idf` for each, `sublinear`, `norm` of a row. */
export const readTfidf = (field: Field, takes: Form): Step => {
  if (takes.is !== "sparse") {
    throw new ModelFault(field.path, `takes counts of terms, and gets ${takes.is}`);
  }
  const idfField = fieldOf(field, "idf");
  const idf = isThere(idfField) ? numbersOf(idfField, takes.columns) : undefined;
  const normField = fieldOf(field, "norm");
  const norm = isThere(normField) ? wordOf(normField, ["l1", "l2"]) : undefined;
  const isSublinear = flagIn(field, "sublinear");
  return {
    gives: takes,
    run: (flow: Flow) => {
      if (flow.is !== "sparse" || takes.columns > mostColumns) return flow;
      const { rows, starts, at } = flow.sparse;
      const values = flow.sparse.values.map((count, i) => {
        const weight = isSublinear ? Math.log(count) + 1 : count;
        return weight * (idf?.[at[i] ?? 0] ?? 1);
      });
      for (let row = 0; norm !== undefined && row < rows; row += 1) {
        divideByNorm(values.subarray(starts[row], starts[row + 1]), norm);
      }
      return { is: "sparse", sparse: { ...flow.sparse, values } };
    },
  };
};
