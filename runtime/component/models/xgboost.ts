/**
 * Models that XGBoost saved as JSON, with the answers of `Booster.predict`.
 *
 * Source: XGBoost, "Introduction to Model IO" and its JSON schema.
 */
import { makeEnsemble } from "./ensemble-builder.ts";
import { ModelFault } from "./fault.ts";
import {
  type Field,
  fieldAt,
  fieldOf,
  isThere,
  itemsOf,
  mostColumns,
  mostOutputs,
  numberOf,
  numbersOf,
  textOf,
  textsOf,
  wholeOf,
  wholesOf,
} from "./field.ts";
import type { Head } from "./head.ts";
import type { Link } from "./link.ts";
import type { ModelOptions, StoredModel } from "./stored-model.ts";
import { makeTreeModel } from "./tree-model.ts";
import { addXgboostTree } from "./xgboost-tree.ts";

type Objective = {
  readonly link: Link;
  /** How the base score, which is written as a prediction, becomes a sum. */
  readonly base: "as-is" | "logit" | "log";
  readonly method?: Head["method"];
};

const plain: Objective = { link: "identity", base: "as-is" };
const logistic: Objective = { link: "logistic", base: "logit" };
const log: Objective = { link: "exp", base: "log" };

/** Source: XGBoost, learning task parameters. */
export const objectives: ReadonlyMap<string, Objective> = new Map([
  ["binary:logistic", logistic],
  ["binary:logitraw", plain],
  ["binary:hinge", { link: "hinge", base: "as-is" }],
  ["multi:softprob", { link: "softmax", base: "as-is" }],
  ["multi:softmax", { link: "softmax", base: "as-is", method: "predict" }],
  ["reg:squarederror", plain],
  ["reg:linear", plain],
  ["reg:squaredlogerror", plain],
  ["reg:absoluteerror", plain],
  ["reg:pseudohubererror", plain],
  ["reg:quantileerror", plain],
  ["reg:logistic", logistic],
  ["reg:gamma", log],
  ["reg:tweedie", log],
  ["count:poisson", log],
  ["survival:cox", log],
  ["survival:aft", log],
  ["rank:pairwise", plain],
  ["rank:ndcg", plain],
  ["rank:map", plain],
]);

/** @throws {ModelFault} for what is no such model, or cannot be served exactly. */
export const readXgboost = (root: Field, options: ModelOptions): StoredModel => {
  requireVersion(fieldOf(root, "version"));
  const learner = fieldOf(root, "learner");
  const param = fieldOf(learner, "learner_model_param");
  const columns = wholeOf(fieldOf(param, "num_feature"), { least: 1, most: mostColumns });
  const outputs = outputsOf(param);
  const objective = objectiveOf(fieldAt(learner, "objective", "name"));
  const { model, weights } = boosterOf(fieldOf(learner, "gradient_booster"));
  const trees = itemsOf(fieldOf(model, "trees"));
  const { builder, finish } = makeEnsemble({
    columns,
    outputs,
    base: basesOf(fieldOf(param, "base_score"), outputs, objective),
    isSingle: true,
  });
  for (const tree of trees) addXgboostTree(builder, tree, columns);
  const groups = wholesOf(
    fieldOf(model, "tree_info"),
    { least: 0, most: outputs - 1 },
    trees.length,
  );
  const names = fieldOf(learner, "feature_names");
  return makeTreeModel(
    {
      platform: "xgboost",
      columns,
      featureNames: namesOf(names, columns),
      ensemble: finish({
        groups,
        weights: weights === undefined ? undefined : numbersOf(weights, trees.length),
      }),
      head: {
        link: objective.link,
        isSingle: true,
        columns: outputs,
        classes: [],
        method: objective.method ?? "linked",
      },
    },
    options,
  );
};

/** The first version whose JSON has this form. */
const firstVersion = 1;
const lastVersion = 3;

const requireVersion = (field: Field): void => {
  const [major] = itemsOf(field);
  if (major === undefined) throw new ModelFault(field.path, "is empty: it has no version");
  wholeOf(major, { least: firstVersion, most: lastVersion });
};

const outputsOf = (param: Field): number => {
  const bounds = { least: 0, most: mostOutputs };
  const classes = wholeOf(fieldOf(param, "num_class"), bounds);
  const targets = fieldOf(param, "num_target"); // since 1.6
  return Math.max(1, classes, isThere(targets) ? wholeOf(targets, bounds) : 1);
};

const objectiveOf = (name: Field): Objective => {
  const objective = objectives.get(textOf(name));
  if (objective !== undefined) return objective;
  const known = [...objectives.keys()].join(", ");
  throw new ModelFault(name.path, `is ${textOf(name)}: served are ${known}`);
};

const boosterOf = (
  booster: Field,
): { readonly model: Field; readonly weights: Field | undefined } => {
  const name = textOf(fieldOf(booster, "name"));
  switch (name) {
    case "gbtree":
      return { model: fieldOf(booster, "model"), weights: undefined };
    case "dart":
      return {
        model: fieldAt(booster, "gbtree", "model"),
        weights: fieldOf(booster, "weight_drop"),
      };
    default:
      throw new ModelFault(`${booster.path}.name`, `is ${name}: served are gbtree, dart`);
  }
};

/** One number for all outputs, or since version 3.1 a list of one for each. */
const basesOf = (field: Field, outputs: number, { base }: Objective): Float64Array => {
  const texts = textOf(field)
    .replace(/^\[(.*)\]$/, "$1")
    .split(",");
  const scores = texts.map((text, i) => {
    const path = texts.length === 1 ? field.path : `${field.path}[${i}]`;
    const score = Math.fround(numberOf({ value: text.trim() === "" ? text : Number(text), path }));
    return Math.fround(sumOf(score, base));
  });
  if (scores.length !== 1 && scores.length !== outputs) {
    throw new ModelFault(field.path, `has ${scores.length} numbers for ${outputs} outputs`);
  }
  return Float64Array.from({ length: outputs }, (_, i) => scores[i] ?? scores[0] ?? 0);
};

const sumOf = (score: number, base: Objective["base"]): number => {
  if (base === "logit") return -Math.log(1 / score - 1);
  return base === "log" ? Math.log(score) : score;
};

const namesOf = (field: Field, columns: number): readonly string[] => {
  const names = isThere(field) ? textsOf(field) : [];
  if (names.length !== 0 && names.length !== columns) {
    throw new ModelFault(field.path, `has ${names.length} names for ${columns} columns`);
  }
  return names;
};
