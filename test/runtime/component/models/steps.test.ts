import { describe, expect, it } from "@jest/globals";
import { loaded, predictions } from "../../../models/answers.ts";
import { faultsOf, makeFolder } from "./files.ts";

const { write } = makeFolder();

/** What steps make of rows: behind them is a model that answers what it gets. */
const madeOf = async (
  input: object,
  steps: readonly object[],
  width: number,
  X: unknown,
): Promise<unknown> => {
  const identity = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_other, j) => (i === j ? 1 : 0)),
  );
  const model = {
    kind: "linear",
    coefficients: identity,
    intercepts: new Array(width).fill(0),
  };
  const file = write("steps.json", { espalier: 1, input, steps, model });
  return predictions(await loaded(file), X);
};

const two = { columns: 2 };

describe("steps on numbers", () => {
  it.each([
    { step: { kind: "standardize", center: [1, 2], scale: [2, 4] }, X: [[3, 4]], want: [[1, 0.5]] },
    { step: { kind: "standardize", scale: [2, 4] }, X: [[3, 4]], want: [[1.5, 1]] },
    { step: { kind: "standardize", center: [1, 2] }, X: [[3, 4]], want: [[2, 2]] },
    { step: { kind: "min_max", scale: [2, 1], offset: [1, 0] }, X: [[3, 4]], want: [[7, 4]] },
    {
      step: { kind: "min_max", scale: [1, 1], offset: [0, 0], range: [0, 1] },
      X: [[3, -4]],
      want: [[1, 0]],
    },
    {
      step: { kind: "normalize", norm: "l1" },
      X: [
        [3, -1],
        [0, 0],
      ],
      want: [
        [0.75, -0.25],
        [0, 0],
      ],
    },
    { step: { kind: "normalize", norm: "l2" }, X: [[3, 4]], want: [[0.6, 0.8]] },
    { step: { kind: "normalize", norm: "max" }, X: [[2, -4]], want: [[0.5, -1]] },
    { step: { kind: "binarize", threshold: 1 }, X: [[1, 2]], want: [[0, 1]] },
    { step: { kind: "impute", fill: [7, 8] }, X: [[null, 2]], want: [[7, 2]] },
    { step: { kind: "impute", fill: [7, 8], missing: -1 }, X: [[-1, 2]], want: [[7, 2]] },
    { step: { kind: "select", columns: [1, 0] }, X: [[1, 2]], want: [[2, 1]] },
    {
      step: {
        kind: "project",
        components: [
          [1, 1],
          [1, -1],
        ],
        mean: [1, 1],
        scale: [1, 2],
      },
      X: [[3, 4]],
      want: [[5, -0.5]],
    },
    {
      step: {
        kind: "ordinal",
        categories: [
          [1, 5],
          [2, null],
        ],
      },
      X: [[5, 2]],
      want: [[1, 0]],
    },
    {
      step: { kind: "ordinal", categories: [[1], [2]], unknown_value: -1 },
      X: [[9, 2]],
      want: [[-1, 0]],
    },
    {
      step: { kind: "ordinal", categories: [[1], [2, null]], missing_value: -2 },
      X: [[1, null]],
      want: [[0, -2]],
    },
  ])("$step", async ({ step, X, want }) => {
    expect(await madeOf(two, [step], 2, X)).toEqual(want);
  });

  it("that leave gaps are told by the row and column", async () => {
    const steps = [{ kind: "impute", fill: [7, 8], missing: -1 }];
    await expect(madeOf(two, steps, 2, [[1, null]])).rejects.toThrow("row 0, column 1");
  });
});

describe("steps on categories", () => {
  const cells = { kind: "cells", columns: 2 };
  const categories = [
    ["red", "green", null],
    [1, 2],
  ];
  it.each([
    { name: "each its column", over: {}, width: 5, X: [["green", 1]], want: [[0, 1, 0, 1, 0]] },
    { name: "a missing one", over: {}, width: 5, X: [[null, 2]], want: [[0, 0, 1, 0, 1]] },
    { name: "an unknown one", over: {}, width: 5, X: [["pink", 3]], want: [[0, 0, 0, 0, 0]] },
    {
      name: "one is left out",
      over: { drop: [0, null] },
      width: 4,
      X: [
        ["red", 1],
        ["green", 2],
      ],
      want: [
        [0, 0, 1, 0],
        [1, 0, 0, 1],
      ],
    },
  ])("one_hot: $name", async ({ over, width, X, want }) => {
    const step = { kind: "one_hot", categories, unknown: "ignore", ...over };
    expect(await madeOf(cells, [step], width, X)).toEqual(want);
  });

  it("ordinal: refuses what it does not know", async () => {
    const step = { kind: "ordinal", categories };
    await expect(madeOf(cells, [step], 2, [["pink", 1]])).rejects.toThrow(
      'known are "red", "green"',
    );
  });

  it("cannot follow on counts of terms", async () => {
    const count = { kind: "count", analyzer: "word", ngrams: [1, 1], vocabulary: ["a"] };
    const steps = [count, { kind: "ordinal", categories: [[1]] }];
    const model = { kind: "linear", coefficients: [[1]], intercepts: [0] };
    const file = write("bad.json", { espalier: 1, input: { kind: "texts" }, steps, model });
    expect(await faultsOf(file)).toEqual(["steps[1].categories"]);
  });
});

describe("steps on texts", () => {
  const count = {
    kind: "count",
    analyzer: "word",
    ngrams: [1, 1],
    lowercase: true,
    vocabulary: ["a", "cat", "the cat", "cafe"],
  };
  it.each([
    { name: "words of two letters", over: {}, text: "A cat, the CAT", want: [0, 2, 0, 0] },
    { name: "words of one", over: { token: "words" }, text: "A cat", want: [1, 1, 0, 0] },
    { name: "pairs", over: { ngrams: [1, 2] }, text: "the cat", want: [0, 1, 1, 0] },
    {
      name: "letters as they are",
      over: { lowercase: false },
      text: "CAT cat",
      want: [0, 1, 0, 0],
    },
    { name: "whether, not how often", over: { binary: true }, text: "cat cat", want: [0, 1, 0, 0] },
    { name: "no stop words", over: { stop_words: ["cat"] }, text: "cat", want: [0, 0, 0, 0] },
    { name: "no accents, as ASCII", over: { accents: "ascii" }, text: "Café", want: [0, 0, 0, 1] },
    {
      name: "no accents of some ranges",
      over: { accents: [[768, 879]] },
      text: "Café",
      want: [0, 0, 0, 1],
    },
    { name: "accents", over: {}, text: "Café", want: [0, 0, 0, 0] },
    {
      name: "characters",
      over: { analyzer: "char", ngrams: [1, 3] },
      text: "cat  a",
      want: [2, 1, 0, 0],
    },
    { name: "nothing", over: {}, text: "", want: [0, 0, 0, 0] },
  ])("count $name", async ({ over, text, want }) => {
    expect(await madeOf({ kind: "texts" }, [{ ...count, ...over }], 4, [text])).toEqual([want]);
  });

  it.each([
    { text: "ab  a", ngrams: [1, 2], want: [2, 2] },
    { text: "a", ngrams: [4, 5], want: [0, 0] },
  ])("count characters within words: $text", async ({ text, ngrams, want }) => {
    const step = { ...count, analyzer: "char_wb", ngrams, vocabulary: ["a", " a"] };
    expect(await madeOf({ kind: "texts" }, [step], 2, [text])).toEqual([want]);
  });

  it.each([
    { over: { idf: [1, 2, 1, 1] }, want: [0, 4, 0, 0] },
    { over: { sublinear: true }, want: [0, Math.log(2) + 1, 0, 0] },
    { over: { norm: "l2" }, want: [0, 1, 0, 0] },
    { over: {}, want: [0, 2, 0, 0] },
  ])("tfidf: $over", async ({ over, want }) => {
    const steps = [count, { kind: "tfidf", ...over }];
    expect(await madeOf({ kind: "texts" }, steps, 4, ["cat cat"])).toEqual([want]);
  });
});

describe("columns", () => {
  const count = { kind: "count", analyzer: "word", ngrams: [1, 1], vocabulary: ["cat"] };
  const step = {
    kind: "columns",
    parts: [
      { columns: [2, 0], as: "numbers", steps: [{ kind: "standardize", scale: [2, 1] }] },
      { columns: [1], as: "texts", steps: [count] },
      {
        columns: [1],
        as: "cells",
        steps: [{ kind: "one_hot", categories: [["cat"]], unknown: "ignore" }],
      },
    ],
  };
  const cells = { kind: "cells", names: ["a", "b", "c"] };

  it("go side by side, each part on its own", async () => {
    const X = [
      [1, "cat", 4],
      [2, "dog", 6],
    ];
    expect(await madeOf(cells, [step], 4, X)).toEqual([
      [2, 1, 1, 1],
      [3, 2, 0, 0],
    ]);
  });

  it("name the column of what they cannot take", async () => {
    await expect(madeOf(cells, [step], 4, [["x", "cat", 4]])).rejects.toThrow('("a")');
    await expect(madeOf(cells, [step], 4, [[1, 2, 4]])).rejects.toThrow('("b")');
  });

  it("take the same texts twice, or numbers", async () => {
    const texts = { columns: [0], as: "texts", steps: [count] };
    const both = { kind: "columns", parts: [texts, texts] };
    expect(await madeOf({ kind: "texts" }, [both], 2, ["a cat"])).toEqual([[1, 1]]);
    const numbers = { kind: "columns", parts: [{ columns: [1], as: "numbers", steps: [] }] };
    expect(await madeOf(two, [numbers], 1, [[1, 2]])).toEqual([2]);
  });

  it("end in numbers", async () => {
    const parts = [{ columns: [1], as: "texts", steps: [] }];
    const model = { kind: "linear", coefficients: [[1]], intercepts: [0] };
    const steps = [{ kind: "columns", parts }];
    const file = write("bad.json", { espalier: 1, input: cells, steps, model });
    expect(await faultsOf(file)).toEqual(["steps[0].parts[0].steps"]);
  });
});

describe("links", () => {
  const third = 1 / 3;
  it.each([
    { link: "exp", sums: [0], want: [1] },
    { link: "logistic", sums: [0], want: [0.5] },
    { link: "pair", sums: [0], want: [[0.5, 0.5]] },
    { link: "softmax", sums: [1000, 1000, 1000], want: [[third, third, third]] },
    { link: "one-against-rest", sums: [0, 0], want: [[0.5, 0.5]] },
    { link: "one-against-rest", sums: [-1e5, -1e5], want: [[0.5, 0.5]] },
    { link: "shares", sums: [0.25, 0.75], want: [[0.25, 0.75]] },
    { link: "squared", sums: [-3], want: [-9] },
    { link: "hinge", sums: [0.1], want: [1] },
    { link: "log1p-exp", sums: [0], want: [Math.log(2)] },
  ])("$link of $sums", async ({ link, sums, want }) => {
    const coefficients = sums.map(() => [0]);
    const model = { kind: "linear", coefficients, intercepts: sums, link };
    const file = write("link.json", { espalier: 1, input: { columns: 1 }, model });
    expect(await predictions(await loaded(file), [[1]])).toEqual(want);
  });
});

describe("trees of the JSON form", () => {
  it("may ask for categories", async () => {
    const tree = {
      left: [1, -1, -1],
      right: [2, -1, -1],
      feature: [0, -1, -1],
      threshold: [0, 0, 0],
      value: [0, 1, 2],
      categories: [[5], null, null],
    };
    const model = { kind: "trees", single: false, base: [10], width: 1, trees: [tree] };
    const file = write("sets.json", { espalier: 1, input: { columns: 1 }, model });
    const X = [[0], [1], [2], [40], [null], [-1]];
    expect(await predictions(await loaded(file), X)).toEqual([11, 12, 11, 12, 12, 12]);
  });
});
