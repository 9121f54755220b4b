import { describe, expect, it } from "@jest/globals";
import { casesIn, differenceOf, fixtures, loaded, predictions } from "../../../models/answers.ts";

const cases = casesIn(fixtures).filter(({ kind }) => kind !== "ONNX");

describe("a stored model", () => {
  it.each(cases)("answers what its library does: $name", async ({ file, X, P, parameters }) => {
    const answers = await predictions(await loaded(file, parameters), X);
    expect(differenceOf(answers, P)).toBeLessThan(2e-7);
  });

  it.each(cases)("answers each row by itself as in a batch: $name", async (one) => {
    const model = await loaded(one.file, one.parameters);
    const [first, ...others] = await predictions(model, one.X);
    expect(await predictions(model, one.X.slice(0, 1))).toEqual([first]);
    expect(await predictions(model, one.X.slice(1))).toEqual(others);
  });
});
