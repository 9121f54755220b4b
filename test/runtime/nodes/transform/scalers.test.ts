import { describe, expect, it } from "@jest/globals";
import type { NumericView } from "../../../../runtime/nodes/view.ts";
import { codeOf } from "../../protocol/outcome.ts";
import { entered, lookAt, nodeOf, reference, rows } from "../node.ts";

const { mean, scale, data_min, data_max, ...wanted } = reference.scalers;
const queries: NumericView = { ...rows(...reference.queries), names: ["a", "b", "c", "d", "e"] };

const scaled = (
  implementation: string,
  parameters: Readonly<Record<string, unknown>>,
  view = queries,
) => entered(nodeOf(implementation, parameters), lookAt(view));

describe("scalers", () => {
  it.each([
    { name: "STANDARD_SCALER", parameters: { mean, scale }, want: wanted.standard },
    { name: "MIN_MAX_SCALER", parameters: { data_min, data_max }, want: wanted.min_max },
    {
      name: "MIN_MAX_SCALER",
      parameters: { data_min, data_max, feature_range: "[-1, 2]" },
      want: wanted.min_max_ranged,
    },
    {
      name: "MIN_MAX_SCALER",
      parameters: { data_min, data_max, clip: true },
      want: wanted.min_max_clipped,
    },
  ])("answer to the last bit what scikit-learn does: $name", ({ name, parameters, want }) => {
    expect(scaled(name, parameters)).toEqual({ numbers: { ...queries, values: want.flat() } });
  });

  it("leave out what is not given", () => {
    expect(scaled("STANDARD_SCALER", { mean: [1, 2] }, rows([5, 5])).numbers?.values).toEqual([
      4, 3,
    ]);
    expect(scaled("STANDARD_SCALER", { scale: [1, 2] }, rows([5, 5])).numbers?.values).toEqual([
      5, 2.5,
    ]);
  });

  it("only shift columns that were constant", () => {
    const parameters = { data_min: [3], data_max: [3] };
    expect(scaled("MIN_MAX_SCALER", parameters, rows([3], [5])).numbers?.values).toEqual([0, 2]);
  });

  it("keep a vector a vector", () => {
    const view = { shape: [2], values: [1, 2], names: [] };
    expect(scaled("STANDARD_SCALER", { mean: [1, 1] }, view).numbers).toEqual({
      ...view,
      values: [0, 1],
    });
  });

  it("work on answers as output transformers", () => {
    const node = nodeOf("STANDARD_SCALER", { mean: [1] }, { type: "OUTPUT_TRANSFORMER" });
    expect(node.input).toBeUndefined();
    expect(node.output?.(lookAt(rows([1])))).toEqual({ numbers: rows([0]) });
  });

  it.each([
    { name: "STANDARD_SCALER", parameters: {} },
    { name: "STANDARD_SCALER", parameters: { mean: [] } },
    { name: "STANDARD_SCALER", parameters: { mean: [1], scale: [1, 2] } },
    { name: "STANDARD_SCALER", parameters: { scale: [0] } },
    { name: "STANDARD_SCALER", parameters: { scale: "a" } },
    { name: "MIN_MAX_SCALER", parameters: { data_min: [1] } },
    { name: "MIN_MAX_SCALER", parameters: { data_min: [1], data_max: [2, 3] } },
    { name: "MIN_MAX_SCALER", parameters: { data_min: [2], data_max: [1] } },
    { name: "MIN_MAX_SCALER", parameters: { data_min: [1], data_max: [2], feature_range: [1, 0] } },
    { name: "MIN_MAX_SCALER", parameters: { data_min: [1], data_max: [2], feature_range: [1] } },
    {
      name: "MIN_MAX_SCALER",
      parameters: { data_min: [1], data_max: [2], feature_range: [1, 2, 3] },
    },
  ])("refuse parameters: $name $parameters", ({ name, parameters }) => {
    expect(codeOf(() => scaled(name, parameters, rows([1])))).toBe("PARAMETER_INVALID");
  });

  it.each([
    { name: "another width", view: rows([1, 2]) },
    { name: "NaN", view: rows([Number.NaN]) },
    { name: "no rows", view: { shape: [0, 1], values: [], names: [] } },
  ])("refuse $name", ({ view }) => {
    expect(codeOf(() => scaled("STANDARD_SCALER", { mean: [1] }, view))).toBe("PAYLOAD_UNFIT");
  });
});
