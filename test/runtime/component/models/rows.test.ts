import { describe, expect, it } from "@jest/globals";
import { ComponentError } from "../../../../runtime/component/user.ts";
import { fixtures, loaded, predictions } from "../../../models/answers.ts";
import { linear, makeFolder } from "./files.ts";

const { write } = makeFolder();

/** The message with which a model refuses. */
const refusal = async (
  file: string,
  X: unknown,
  names: readonly string[] = [],
): Promise<string> => {
  const model = await loaded(file);
  try {
    await predictions(model, X, names);
  } catch (thrown) {
    if (thrown instanceof ComponentError && thrown.status === 400) return thrown.message;
    throw thrown;
  }
  throw new Error("it was not refused");
};

describe("rows of numbers", () => {
  it.each([
    { name: "no rows", X: [], said: "no rows" },
    { name: "a text", X: "1,2", said: "a string" },
    { name: "a short row", X: [[1, 2], [1]], said: "row 1 " },
    { name: "a long row", X: [[1, 2, 3]], said: "row 0 " },
    { name: "a row that is no list", X: [[1, 2], 3], said: "row 1 " },
    {
      name: "a text for a number",
      X: [
        [1, 2],
        [1, "2"],
      ],
      said: 'row 1, column 1 ("width")',
    },
    { name: "an object for a number", X: [[{}, 2]], said: 'row 0, column 0 ("height")' },
    { name: "NaN", X: [[1, Number.NaN]], said: 'row 0, column 1 ("width")' },
    { name: "null", X: [[null, 1]], said: 'row 0, column 0 ("height")' },
    { name: "names too few", X: [[1, 2, 3]], names: ["width", "height"], said: "row 0 " },
    { name: "names in part", X: [[1, 2]], names: ["width", "depth"], said: '"height"' },
  ])("are refused with the place: $name", async ({ X, names = [], said }) => {
    expect(await refusal(write("model.json", linear), X, names)).toContain(said);
  });

  it("are taken by their names where both know them, else in order", async () => {
    const model = await loaded(write("model.json", linear));
    const [want] = await predictions(model, [[1, 2]]);
    expect(await predictions(model, [[9, 2, 1]], ["other", "width", "height"])).toEqual([want]);
    expect(await predictions(model, [[1, 2]], ["a", "b"])).toEqual([want]);
  });

  it("may be a single one, and hold true and false", async () => {
    const model = await loaded(write("model.json", linear));
    expect(await predictions(model, [true, 2])).toEqual(await predictions(model, [[1, 2]]));
  });

  it("may be the values of a single column", async () => {
    const model = { kind: "linear", coefficients: [[2]], intercepts: [0] };
    const file = write("one.json", { espalier: 1, input: { columns: 1 }, model });
    expect(await predictions(await loaded(file), [1, 2, 3])).toEqual([2, 4, 6]);
  });

  it("may miss values where trees know what to do", async () => {
    const model = await loaded(`${fixtures}/small-xgboost.json`);
    const [nan] = await predictions(model, [[Number.NaN, 1, 2, 3]]);
    expect(await predictions(model, [[null, 1, 2, 3]])).toEqual([nan]);
  });
});

describe("rows of categories and texts", () => {
  it("are refused with the place", async () => {
    const file = `${fixtures}/small-columns.json`;
    expect(await refusal(file, [[1, 2, 3, 4, "red"]])).toContain("row 0 ");
    expect(await refusal(file, [["a", 2, 3, 4, "red", 1]])).toContain("row 0, column 0");
  });

  it("are texts in each form that a request has for them", async () => {
    const model = await loaded(`${fixtures}/small-texts.json`);
    const want = await predictions(model, ["hello cat"]);
    expect(await predictions(model, "hello cat")).toEqual(want);
    expect(await predictions(model, [["hello cat"]])).toEqual(want);
  });

  it.each([
    { X: [1], said: "row 0 " },
    { X: ["a", ["b", "c"]], said: "row 1 " },
    { X: [], said: "no rows" },
  ])("are refused if they are no texts: $X", async ({ X, said }) => {
    expect(await refusal(`${fixtures}/small-texts.json`, X)).toContain(said);
  });

  it("are refused with what is known, if a category is not", async () => {
    const file = write("model.json", {
      ...linear,
      input: { kind: "cells", columns: 1, names: ["colour"] },
      steps: [{ kind: "one_hot", categories: [["red", "green"]], unknown: "error" }],
    });
    const said = await refusal(file, [["red"], ["pink"]]);
    expect(said).toContain('row 1, column 0 ("colour")');
    expect(said).toContain('"red", "green"');
  });
});

describe("methods", () => {
  const X = [
    [3, 1],
    [0, -5],
  ];
  it("answer classes, probabilities or sums", async () => {
    const file = write("model.json", linear);
    const proba = await predictions(await loaded(file), X);
    expect(await predictions(await loaded(file, { method: "predict_proba" }), X)).toEqual(proba);
    expect(await predictions(await loaded(file, { method: "predict" }), X)).toEqual([
      "red",
      "green",
    ]);
    const sums = await loaded(file, { method: "decision_function" });
    expect(await predictions(sums, X)).toEqual([
      [5, 0, 0.5],
      [-10, 6, -1],
    ]);
  });

  it.each([
    { link: "logistic", want: [1, 0] },
    { link: "identity", want: [4, -11] },
    { link: "exp", want: [Math.exp(4), Math.exp(-11)] },
  ])("of one sum: predict of $link", async ({ link, want }) => {
    const model = { kind: "linear", coefficients: [[1, 2]], intercepts: [-1], link };
    const { classes: _classes, ...rest } = linear;
    const file = write("model.json", { ...rest, model });
    const got = await predictions(await loaded(file, { method: "predict" }), X);
    expect(got).toEqual(want);
  });

  it("name columns by classes, or as the parameter says", async () => {
    const file = write("model.json", linear);
    expect((await loaded(file)).classNames).toEqual(["red", "green", "blue"]);
    const named = await loaded(file, { class_names: "r, g, b" });
    expect(named.classNames).toEqual(["r", "g", "b"]);
  });

  it("are described in the metadata", async () => {
    const { metadata } = await loaded(write("model.json", linear));
    expect(await metadata?.()).toEqual({
      platform: "espalier",
      inputs: [{ name: "features", datatype: "FP64", shape: [-1, 2] }],
      outputs: [{ name: "predict", datatype: "FP64", shape: [-1, 3] }],
      custom: { features: '["height","width"]', classes: '["red","green","blue"]' },
    });
  });
});
