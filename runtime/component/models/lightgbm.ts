/**
 * Models that LightGBM saved as text, with the answers of `Booster.predict`.
 *
 * Source: LightGBM, `Booster.save_model`, parameters of objectives.
 */
import { makeEnsemble } from "./ensemble-builder.ts";
import { ModelFault } from "./fault.ts";
import { mostColumns, mostOutputs } from "./field.ts";
import { parseLightgbm, type Section, textIn, wholeIn } from "./lightgbm-text.ts";
import { addLightgbmTree } from "./lightgbm-tree.ts";
import type { Link } from "./link.ts";
import type { ModelOptions, StoredModel } from "./stored-model.ts";
import { makeTreeModel } from "./tree-model.ts";

/** Source: LightGBM, objectives, and how each converts its output. */
export const objectives: ReadonlyMap<string, Link> = new Map<string, Link>([
  ["binary", "logistic"],
  ["multiclass", "softmax"],
  ["multiclassova", "logistic"],
  ["cross_entropy", "logistic"],
  ["cross_entropy_lambda", "log1p-exp"],
  ["regression", "identity"],
  ["regression_l1", "identity"],
  ["huber", "identity"],
  ["fair", "identity"],
  ["quantile", "identity"],
  ["mape", "identity"],
  ["poisson", "exp"],
  ["gamma", "exp"],
  ["tweedie", "exp"],
  ["lambdarank", "identity"],
  ["rank_xendcg", "identity"],
  ["custom", "identity"],
]);

/** @throws {ModelFault} for what is no such model, or cannot be served exactly. */
export const readLightgbm = (text: string, options: ModelOptions): StoredModel => {
  const { head, trees } = parseLightgbm(text);
  const version = textIn(head, "version");
  if (!/^v[34]$/.test(version)) {
    throw new ModelFault("version", `is ${version}: served are v3, v4`);
  }
  const columns = wholeIn(head, "max_feature_idx", mostColumns) + 1;
  const outputs = wholeIn(head, "num_tree_per_iteration", mostOutputs);
  if (outputs === 0 || trees.length % outputs !== 0) {
    const message = `is ${outputs}, which does not divide the ${trees.length} trees: the file is not whole`;
    throw new ModelFault("num_tree_per_iteration", message);
  }
  requireAllTrees(head, trees.length);
  const { link, scale } = objectiveOf(head);
  const isAverage = head.values.has("average_output");
  const { builder, finish } = makeEnsemble({
    columns,
    outputs,
    base: new Float64Array(outputs),
    isSingle: false,
  });
  for (const tree of trees) addLightgbmTree(builder, tree);
  return makeTreeModel(
    {
      platform: "lightgbm",
      columns,
      featureNames: namesOf(head, columns),
      ensemble: finish({
        groups: Int32Array.from(trees, (_, i) => i % outputs),
        divisor: isAverage ? Math.max(1, trees.length / outputs) : 1,
      }),
      head: { link, scale, columns: outputs, classes: [], method: "linked" },
    },
    options,
  );
};

/** The head tells the size of each tree. */
const requireAllTrees = (head: Section, trees: number): void => {
  const sizes = head.values.get("tree_sizes")?.split(" ");
  if (sizes === undefined || sizes.length === trees) return;
  throw new ModelFault("tree_sizes", `names ${sizes.length} trees, and ${trees} are there`);
};

/** `binary sigmoid:1`, `regression sqrt`. Without one, as with an objective of one's own, sums are answered. */
const objectiveOf = (head: Section): { readonly link: Link; readonly scale: number } => {
  const [name = "", ...words] = (head.values.get("objective") ?? "custom").split(" ");
  const link = objectives.get(name);
  if (link === undefined) {
    const known = [...objectives.keys()].join(", ");
    throw new ModelFault("objective", `is ${name}: served are ${known}`);
  }
  const sigmoid = words.find((word) => word.startsWith("sigmoid:"))?.slice("sigmoid:".length);
  const scale = Number(sigmoid ?? 1);
  if (!(scale > 0)) throw new ModelFault("objective", `has a sigmoid of ${sigmoid}`);
  return { link: link === "identity" && words.includes("sqrt") ? "squared" : link, scale };
};

const namesOf = (head: Section, columns: number): readonly string[] => {
  const names = textIn(head, "feature_names").split(" ");
  if (names.length !== columns) {
    throw new ModelFault("feature_names", `has ${names.length} names for ${columns} columns`);
  }
  // what LightGBM calls columns that have no names
  return names.every((name, i) => name === `Column_${i}`) ? [] : names;
};
