import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { loadStoredModel } from "../../../../runtime/component/models/load.ts";
import { faultsOf, jsonOf, linear, makeFolder, textOf } from "./files.ts";

const { write } = makeFolder();

/** A copy of a value with another at the end of a path. */
const withAt = (value: unknown, path: readonly (string | number)[], other: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return other;
  const copy = structuredClone(value) as Record<string | number, unknown>; // objects and lists alone are walked
  copy[key] = withAt(copy[key], rest, other);
  return copy;
};

describe("a file that is no model", () => {
  it.each([
    { name: "nothing", content: "" },
    { name: "blanks", content: " \n" },
    { name: "a pickle", content: Buffer.from("\x80\x04\x95abc", "latin1") },
    { name: "a zip archive", content: "PK\x03\x04abc" },
    { name: "gzip", content: Buffer.from("1f8b08", "hex") },
    { name: "HDF5", content: Buffer.from("\x89HDF\r\n", "latin1") },
    { name: "PMML", content: '<?xml version="1.0"?><PMML/>' },
    { name: "binary XGBoost", content: "binf\0\0" },
    { name: "UBJSON", content: "{L\0\0\0\0" },
    { name: "text", content: "hello" },
    { name: "cut JSON", content: '{"learner": {"a": [1, 2' },
    { name: "JSON of another kind", content: { a: 1 } },
    { name: "a list", content: [1, 2] },
    { name: "a dump of XGBoost", content: [{ nodeid: 0 }] },
    { name: "a dump of LightGBM", content: { name: "tree", tree_info: [] } },
    { name: "deep JSON", content: `${"[".repeat(100_000)}${"]".repeat(100_000)}` },
  ])("is told by the file: $name", async ({ content }) => {
    expect(await faultsOf(write("bad.json", content))).toEqual([""]);
  });

  it("is told if it cannot be read", async () => {
    expect(await faultsOf("/no/such/model.json")).toEqual([""]);
  });
});

describe("a faulty XGBoost model", () => {
  const tree = ["learner", "gradient_booster", "model", "trees", 0];
  const treePath = "learner.gradient_booster.model.trees[0]";
  const param = ["learner", "learner_model_param"];
  it.each([
    { at: ["version"], other: [9, 0, 0], path: "version[0]" },
    { at: ["version"], other: [], path: "version" },
    { at: ["learner", "objective", "name"], other: "my:own", path: "learner.objective.name" },
    { at: ["learner", "objective"], other: 1, path: "learner.objective" },
    {
      at: [...param, "num_feature"],
      other: "1e12",
      path: "learner.learner_model_param.num_feature",
    },
    { at: [...param, "num_feature"], other: "0", path: "learner.learner_model_param.num_feature" },
    {
      at: [...param, "num_class"],
      other: "99999999",
      path: "learner.learner_model_param.num_class",
    },
    { at: [...param, "base_score"], other: "x", path: "learner.learner_model_param.base_score" },
    {
      at: [...param, "base_score"],
      other: "[1,2]",
      path: "learner.learner_model_param.base_score",
    },
    { at: ["learner", "feature_names"], other: ["a"], path: "learner.feature_names" },
    {
      at: ["learner", "gradient_booster", "name"],
      other: "gblinear",
      path: "learner.gradient_booster.name",
    },
    {
      at: ["learner", "gradient_booster", "model", "tree_info"],
      other: [0],
      path: "learner.gradient_booster.model.tree_info",
    },
    {
      at: ["learner", "gradient_booster", "model", "tree_info", 1],
      other: 7,
      path: "learner.gradient_booster.model.tree_info[1]",
    },
    {
      at: [...tree, "tree_param", "size_leaf_vector"],
      other: "3",
      path: `${treePath}.tree_param.size_leaf_vector`,
    },
    { at: [...tree, "tree_param", "num_nodes"], other: "2", path: `${treePath}.left_children` },
    { at: [...tree, "left_children"], other: undefined, path: `${treePath}.left_children` },
    { at: [...tree, "left_children", 0], other: 99, path: treePath },
    { at: [...tree, "left_children", 0], other: 0, path: treePath },
    { at: [...tree, "split_indices", 0], other: 4, path: `${treePath}, node 0` },
    { at: [...tree, "split_conditions", 0], other: "a", path: `${treePath}.split_conditions[0]` },
    { at: [...tree, "split_type", 0], other: 1, path: `${treePath}.categories_nodes` },
  ])("is told by the field: $path", async ({ at, other, path }) => {
    const file = write("bad.json", withAt(jsonOf("small-xgboost.json"), at, other));
    expect(await faultsOf(file)).toEqual([path]);
  });

  it("is told by a condition that is no number, unless the node asks for a category", async () => {
    const text = textOf("small-xgboost.json");
    const bare = text.replace(/"split_conditions":\[[^,]+/, '"split_conditions":[NaN');
    expect(await faultsOf(write("bad.json", bare))).toEqual([`${treePath}.split_conditions[0]`]);
    const sets = jsonOf("small-xgboost-category.json");
    const { trees } = sets.learner.gradient_booster.model;
    for (const { split_type, split_conditions } of trees) {
      split_type.forEach((type: number, i: number) => {
        if (type === 1) split_conditions[i] = "@";
      });
    }
    const old = JSON.stringify(sets).replaceAll('"@"', "NaN"); // as versions 1 and 2 write it
    expect(await faultsOf(write("old.json", old))).toEqual([]);
  });

  it("is told by a set of categories that is not whole", async () => {
    const model = jsonOf("small-xgboost-category.json");
    const { trees } = model.learner.gradient_booster.model;
    const at = trees.findIndex(({ categories }: { categories: number[] }) => categories.length > 0);
    trees[at].categories = [];
    expect(await faultsOf(write("bad.json", model))).toEqual([
      `learner.gradient_booster.model.trees[${at}].categories_sizes[0]`,
    ]);
  });
});

describe("a faulty LightGBM model", () => {
  it.each([
    { from: "version=v4", to: "version=v9", path: "version" },
    { from: "objective=multiclass", to: "objective=mine", path: "objective" },
    { from: "max_feature_idx=3", to: "max_feature_idx=-1", path: "max_feature_idx" },
    { from: "max_feature_idx=3", to: "max_feature_idx=1", path: "Tree=0, node 0" },
    {
      from: "num_tree_per_iteration=3",
      to: "num_tree_per_iteration=5",
      path: "num_tree_per_iteration",
    },
    { from: "feature_names=sl sw", to: "feature_names=sl", path: "feature_names" },
    { from: /tree_sizes=\d+ /, to: "tree_sizes=", path: "tree_sizes" },
    { from: "end of trees", to: "", path: "end of trees" },
    { from: "num_leaves=", to: "num_leaves=9", path: "Tree=0, leaf_value" },
    { from: /num_leaves=\d+/, to: "num_leaves=0", path: "Tree=0, num_leaves" },
    { from: "is_linear=0", to: "is_linear=1", path: "Tree=0, is_linear" },
    { from: /threshold=\S+/, to: "threshold=x", path: "Tree=0, threshold" },
    { from: /split_feature=\d/, to: "split_feature=1", path: "" },
    { from: /left_child=\S+/, to: "left_child=70", path: "Tree=0" },
    { from: /left_child=\S+/, to: "left_child=0", path: "Tree=0" },
    { from: /decision_type=\d+/, to: "decision_type=12", path: "Tree=0, decision_type" },
    { from: /decision_type=\d+/, to: "decision_type=1", path: "Tree=0, num_cat" },
    { from: "leaf_value=", to: "leaf_valu=", path: "Tree=0, leaf_value" },
  ])("is told by the field: $from", async ({ from, to, path }) => {
    const file = write("bad.txt", textOf("small-lightgbm.txt").replace(from, to));
    expect(await faultsOf(file)).toEqual(path === "" ? [] : [path]);
  });

  it("is told by sets that are not whole", async () => {
    const text = textOf("small-lightgbm-category.txt").replace(
      /cat_boundaries=0 \d+/,
      "cat_boundaries=0 99",
    );
    const [path] = await faultsOf(write("bad.txt", text));
    expect(path).toMatch(/^Tree=\d+, cat_boundaries$/);
  });
});

describe("a faulty model of our own form", () => {
  const { coefficients } = linear.model;
  it.each([
    { change: { espalier: 2 }, path: "espalier" },
    { change: { input: { kind: "pictures" } }, path: "input.kind" },
    { change: { input: {} }, path: "input.columns" },
    { change: { input: { columns: 3, names: ["a"] } }, path: "input.names" },
    { change: { input: { columns: 3 } }, path: "model.coefficients[0]" },
    { change: { input: { kind: "texts" } }, path: "model" },
    { change: { model: { ...linear.model, intercepts: [1] } }, path: "model.intercepts" },
    { change: { model: { ...linear.model, link: "mine" } }, path: "model.link" },
    { change: { model: { ...linear.model, kind: "net" } }, path: "model.kind" },
    { change: { model: { ...linear.model, link: "pair" } }, path: "model.link" },
    {
      change: { model: { ...linear.model, coefficients: [...coefficients.slice(1), [1, "2"]] } },
      path: "model.coefficients[2][1]",
    },
    { change: { classes: ["a"] }, path: "classes" },
    { change: { classes: [null, "a", "b"] }, path: "classes[0]" },
    { change: { steps: [{ kind: "fly" }] }, path: "steps[0].kind" },
    { change: { steps: [{}] }, path: "steps[0].kind" },
    { change: { steps: [{ kind: "standardize", scale: [1, 0] }] }, path: "steps[0].scale[1]" },
    { change: { steps: [{ kind: "impute", fill: [1] }] }, path: "steps[0].fill" },
    { change: { steps: [{ kind: "select", columns: [5] }] }, path: "steps[0].columns[0]" },
    { change: { steps: [{ kind: "tfidf" }] }, path: "steps[0]" },
    { change: { steps: [{ kind: "count" }] }, path: "steps[0]" },
    { change: { steps: [{ kind: "one_hot", categories: [[1]] }] }, path: "steps[0].categories" },
    { change: { steps: [{ kind: "columns", parts: 3 }] }, path: "steps[0].parts" },
    {
      change: { steps: [{ kind: "columns", parts: [{ columns: [0], as: "texts", steps: [] }] }] },
      path: "steps[0].parts[0].as",
    },
  ])("is told by the field: $path", async ({ change, path }) => {
    expect(await faultsOf(write("bad.json", { ...linear, ...change }))).toEqual([path]);
  });

  it.each([
    { change: { width: 2 }, path: "model.width" },
    { change: { trees: [{}] }, path: "model.trees[0].left" },
    { change: { single: "yes" }, path: "model.single" },
  ])("is told by the field of its trees: $path", async ({ change, path }) => {
    const model = jsonOf("small-forest.json");
    const file = write("bad.json", { ...model, model: { ...model.model, ...change } });
    expect(await faultsOf(file)).toEqual([path]);
  });
});

describe("parameters", () => {
  it.each([
    { parameters: { method: "guess" }, path: "parameter method" },
    { parameters: { method: "predict_proba" }, path: "" },
  ])("are told apart: $parameters", async ({ parameters, path }) => {
    const faults = await faultsOf(write("model.json", linear), parameters);
    expect(faults).toEqual(path === "" ? [] : [path]);
  });

  it("that a regression does not have are refused", async () => {
    const { classes: _classes, ...rest } = linear;
    const file = write("model.json", { ...rest, model: { ...linear.model, link: "identity" } });
    expect(await faultsOf(file, { method: "predict_proba" })).toEqual(["parameter method"]);
  });

  it("that mean nothing are warned of, those of a cluster are not", async () => {
    const parameters = { depth: 3, model_uri: "/mnt/models" };
    const result = await loadStoredModel(write("model.json", linear), parameters);
    expect(result.warnings.map(({ path }) => path)).toEqual(["parameter depth"]);
  });
});

describe("a mutated model", () => {
  const files = [
    "small-xgboost-category.json",
    "small-lightgbm-category.txt",
    "small-columns.json",
  ];
  it.each(files)(
    "is read or refused, and never throws: %s",
    async (name) => {
      const text = textOf(name);
      const mutation = fc.record({
        at: fc.nat({ max: text.length }),
        length: fc.nat({ max: 30 }),
        put: fc.oneof(
          fc.string({ maxLength: 5 }),
          fc.constantFrom("-1", "99999999999", "null", "[]", "{}", '"x"', "1e400", "NaN", "0.5"),
        ),
      });
      await fc.assert(
        fc.asyncProperty(mutation, async ({ at, length, put }) => {
          const mutated = text.slice(0, at) + put + text.slice(at + length);
          const result = await loadStoredModel(write(`mutated-${name}`, mutated), {});
          if (result.ok) await Promise.resolve(result.value.metadata?.());
          else expect(result.issues.length).toBeGreaterThan(0);
        }),
        { numRuns: 300, seed: 5 },
      );
    },
    30_000,
  );
});
