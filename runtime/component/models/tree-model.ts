/** A model of trees alone: rows of numbers in, what the trees say together out. */
import { type Ensemble, sumsOf } from "./ensemble.ts";
import { type Head, makeFinish } from "./head.ts";
import type { ModelOptions, StoredModel } from "./stored-model.ts";
import { roundToSingle, tableOf } from "./table.ts";

export type TreeModel = {
  readonly platform: string;
  readonly columns: number;
  readonly featureNames: readonly string[];
  readonly ensemble: Ensemble;
  readonly head: Head;
};

export const makeTreeModel = (
  { platform, columns, featureNames, ensemble, head }: TreeModel,
  { method }: ModelOptions,
): StoredModel => {
  const { finish, output, classNames } = makeFinish(head, method);
  const wanted = { count: columns, names: featureNames, mayMiss: true };
  const { isSingle } = ensemble;
  return {
    platform,
    inputs: [{ name: "features", datatype: isSingle ? "FP32" : "FP64", shape: [-1, columns] }],
    outputs: [output],
    featureNames,
    classNames,
    predict: (X, names) => {
      const table = tableOf(X, names, wanted);
      if (isSingle) roundToSingle(table.values);
      return finish(sumsOf(ensemble, table));
    },
  };
};
