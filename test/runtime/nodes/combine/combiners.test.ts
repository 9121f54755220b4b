import { describe, expect, it } from "@jest/globals";
import type { NumericView } from "../../../../runtime/nodes/view.ts";
import { codeOf } from "../../protocol/outcome.ts";
import { lookAt, nodeOf, reference, rows } from "../node.ts";

const branches = ["a", "b", "c"].map((name, index) => ({ index, name }));

const combined = (
  implementation: string,
  views: readonly NumericView[],
  parameters: Readonly<Record<string, unknown>> = {},
) =>
  nodeOf(implementation, parameters, { branches: branches.slice(0, views.length) }).aggregate?.(
    views.map((view) => lookAt(view)),
  );

const vector = (...values: readonly number[]) => ({ shape: [values.length], values, names: [] });

describe("MAJORITY_VOTE_COMBINER", () => {
  const { scores, weights, plain, weighted } = reference.votes;

  it("counts like numpy, with weights and without", () => {
    const views = scores.map((one) => rows(...one));
    const numbers = (values: readonly number[]) => ({ shape: [12, 1], values, names: ["class"] });
    const vote = "MAJORITY_VOTE_COMBINER";
    expect(combined(vote, views)).toEqual({ numbers: numbers(plain) });
    expect(combined(vote, views, { weights })).toEqual({ numbers: numbers(weighted) });
  });

  it.each([
    {
      name: "classes, as vectors",
      views: [vector(2, 0), vector(2, 1), vector(0, 1)],
      want: [2, 1],
    },
    { name: "classes, as columns", views: [rows([5]), rows([5]), rows([1])], want: [5] },
    { name: "scores beside classes", views: [rows([0.1, 0.9]), vector(1)], want: [1] },
    { name: "a tie: the lowest class", views: [vector(3), vector(1), vector(2)], want: [1] },
    { name: "a tie of scores: the first column", views: [rows([0.5, 0.5])], want: [0] },
  ])("takes $name", ({ views, want }) => {
    expect(combined("MAJORITY_VOTE_COMBINER", views)).toMatchObject({ numbers: { values: want } });
  });

  it.each([
    { name: "half a class", views: [vector(0.5)] },
    { name: "a negative class", views: [vector(-1)] },
    { name: "NaN among scores", views: [rows([Number.NaN, 1])] },
    { name: "other rows", views: [vector(1), vector(1, 2)] },
    { name: "no rows", views: [{ shape: [0, 2], values: [], names: [] }] },
    { name: "three dimensions", views: [{ shape: [1, 1, 1], values: [1], names: [] }] },
    { name: "nobody", views: [] },
  ])("refuses $name", ({ views }) => {
    expect(codeOf(() => combined("MAJORITY_VOTE_COMBINER", views))).toBe("PAYLOAD_UNFIT");
  });

  it.each([[[1]], [[0, 0]], [[1, -1]]])("refuses the weights %j", (weights) => {
    const views = [vector(1), vector(1)];
    expect(codeOf(() => combined("MAJORITY_VOTE_COMBINER", views, { weights }))).toBe(
      "PARAMETER_INVALID",
    );
  });
});

describe("MAX_SCORE_COMBINER", () => {
  it("answers each row of the child that is surest, under the first one's names", () => {
    const views = [
      { ...rows([0.6, 0.4], [0.2, 0.8]), names: ["no", "yes"] },
      rows([0.3, 0.7], [0.5, 0.5]),
      rows([0.7, 0.3], [0.5, 0.5]),
    ];
    expect(combined("MAX_SCORE_COMBINER", views)).toEqual({
      numbers: { shape: [2, 2], values: [0.3, 0.7, 0.2, 0.8], names: ["no", "yes"] },
    });
  });

  it("names the child whose columns differ", () => {
    const views = [rows([1, 2]), rows([1])];
    expect(codeOf(() => combined("MAX_SCORE_COMBINER", views))).toBe("PAYLOAD_UNFIT");
    expect(() => combined("MAX_SCORE_COMBINER", views)).toThrow(/child b 1/);
  });
});

describe("CONCATENATE_COMBINER", () => {
  it("puts columns side by side, and says where they are from", () => {
    const views = [
      { ...rows([1, 2], [3, 4]), names: ["age", "pay"] },
      vector(5, 6),
      rows([7], [8]),
    ];
    expect(combined("CONCATENATE_COMBINER", views)).toEqual({
      numbers: {
        shape: [2, 4],
        values: [1, 2, 5, 7, 3, 4, 6, 8],
        names: ["a__age", "a__pay", "b__0", "c__0"],
      },
    });
  });

  it("refuses other numbers of rows", () => {
    const views = [rows([1], [2]), rows([1])];
    expect(codeOf(() => combined("CONCATENATE_COMBINER", views))).toBe("PAYLOAD_UNFIT");
  });
});
