import { describe, expect, it } from "@jest/globals";
import { parameterFault } from "../../../../runtime/nodes/rows.ts";
import { codeOf } from "../../protocol/outcome.ts";
import { distance, entered, lookAt, nodeOf, reference, rows } from "../node.ts";

const [plain, sampled] = reference.forests;
if (plain === undefined || sampled === undefined) throw new Error("no forests in the reference");

describe("ISOLATION_FOREST_DETECTOR", () => {
  it.each([
    { name: "as it comes", forest: plain },
    { name: "of sampled rows and columns, with a threshold of its own", forest: sampled },
  ])("scores like scikit-learn: a forest $name", ({ forest }) => {
    const node = nodeOf("ISOLATION_FOREST_DETECTOR", { model: forest.model });
    const { tags = {} } = entered(node, lookAt(rows(...forest.rows)));
    const scores = tags["outlier-score"] as number[]; // one for each row
    expect(
      distance(
        scores,
        forest.score_samples.map((one) => -one),
      ),
    ).toBeLessThan(1e-12);
    const threshold = forest.model["threshold"] as number; // as it was exported
    expect(
      distance(
        scores.map((one) => threshold - one),
        forest.decision_function,
      ),
    ).toBeLessThan(1e-12);
    expect(tags["outlier-predictions"]).toEqual(forest.predict.map((one) => Number(one < 0)));
  });

  it("takes a threshold in place of the model's", () => {
    const node = nodeOf("ISOLATION_FOREST_DETECTOR", { model: plain.model, threshold: 1 });
    expect(entered(node, lookAt(rows(...plain.rows))).tags?.["is_outlier"]).toBe(false);
  });

  it("reads its model from a file", () => {
    const files: Readonly<Record<string, string>> = {
      "forest.json": JSON.stringify(plain.model),
      "text.json": "no JSON",
    };
    const readFile = (place: string): string => {
      const text = files[place];
      if (text === undefined) throw parameterFault("files", "not there");
      return text;
    };
    const at = (place: string) =>
      nodeOf("ISOLATION_FOREST_DETECTOR", { model_uri: place }, { readFile });
    const look = lookAt(rows(...plain.rows));
    expect(entered(at("forest.json"), look).tags?.["is_outlier"]).toBe(true);
    for (const place of ["text.json", "missing.json"]) {
      expect(codeOf(() => entered(at(place), look))).toBe("PARAMETER_INVALID");
    }
  });

  it.each([
    { name: "width", view: rows([1, 2, 3]) },
    { name: "number", view: rows(plain.rows[0]?.map(() => Number.NaN) ?? []) },
  ])("refuses a row of another $name", ({ view }) => {
    const node = nodeOf("ISOLATION_FOREST_DETECTOR", { model: plain.model });
    expect(codeOf(() => entered(node, lookAt(view)))).toBe("PAYLOAD_UNFIT");
  });

  const leaf = { feature: [-1], threshold: [0], left: [-1], right: [-1], samples: [3] };
  const stump = {
    ...{ feature: [0, -1, -1], threshold: [1, 0, 0], left: [1, -1, -1], right: [2, -1, -1] },
    samples: [3, 2, 1],
  };
  const stored = (tree: unknown = stump, more: object = {}) => ({
    ...{ format: "espalier/isolation-forest/1", n_features: 1, max_samples: 3, threshold: 0.5 },
    trees: [tree],
    ...more,
  });

  it("takes trees of one leaf", () => {
    const node = nodeOf("ISOLATION_FOREST_DETECTOR", { model: stored(leaf) });
    expect(entered(node, lookAt(rows([1]))).tags?.["is_outlier"]).toBe(false);
  });

  it.each([
    { name: "nothing", parameters: {} },
    { name: "two models", parameters: { model: stored(), model_uri: "x" } },
    { name: "no JSON", parameters: { model: "{" } },
    { name: "a list", parameters: { model: [1, 2] } },
    { name: "another format", parameters: { model: stored(stump, { format: "x/2" }) } },
    { name: "no columns", parameters: { model: stored(stump, { n_features: 0 }) } },
    { name: "one sample", parameters: { model: stored(stump, { max_samples: 1 }) } },
    { name: "a wild threshold", parameters: { model: stored(stump, { threshold: 2 }) } },
    { name: "no trees", parameters: { model: stored(stump, { trees: [] }) } },
    { name: "a tree that is none", parameters: { model: stored(7) } },
    { name: "an empty tree", parameters: { model: stored({ ...leaf, feature: [] }) } },
    { name: "a list too short", parameters: { model: stored({ ...stump, left: [1] }) } },
    { name: "a text", parameters: { model: stored({ ...stump, threshold: ["1", 0, 0] }) } },
    {
      name: "a column too many",
      parameters: { model: stored({ ...stump, feature: [1, -1, -1] }) },
    },
    { name: "a child too many", parameters: { model: stored({ ...stump, right: [3, -1, -1] }) } },
    { name: "a circle", parameters: { model: stored({ ...stump, left: [0, -1, -1] }) } },
    { name: "no rows in a leaf", parameters: { model: stored({ ...stump, samples: [3, 0, 1] }) } },
  ])("refuses $name for a model", ({ parameters }) => {
    const node = nodeOf("ISOLATION_FOREST_DETECTOR", parameters);
    expect(codeOf(() => entered(node, lookAt(rows([1]))))).toBe("PARAMETER_INVALID");
  });
});
