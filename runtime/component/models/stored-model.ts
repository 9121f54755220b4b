/**
 * What is read of a model's file, whatever library wrote it: what `espalier serve PATH` serves.
 * `load.ts` makes it the model of a component.
 */
import type { Features } from "../user.ts";

/** A tensor as metadata describes it; -1 is any size. Source: Open Inference Protocol, metadata. */
export type TensorSpec = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
};

export type StoredModel = {
  /** What wrote it, as metadata tell it: `xgboost`. */
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Names of the columns that it takes; empty if the file has none. */
  readonly featureNames: readonly string[];
  /** Names of the columns that it answers; empty if the file has none. */
  readonly classNames: readonly string[];
  /** What of the file is passed over. */
  readonly warnings?: readonly string[];
  /**
   * Answers every row; `names` are those of the request's columns.
   *
   * @throws {ComponentError} 400, naming row and column, for what the model cannot work with.
   */
  predict(X: Features, names: readonly string[]): Features | Promise<Features>;
};

/** What a model is asked for. Source: scikit-learn, the methods of estimators. */
export type Method = "predict" | "predict_proba" | "decision_function";

/** What the parameters of a node say about a model. */
export type ModelOptions = {
  /** What the model's library would answer, if nothing is said. */
  readonly method: Method | undefined;
  /** Names of the columns of an answer, in place of those of the file. */
  readonly classNames: readonly string[] | undefined;
  /** The one output to answer, of a model that has several. */
  readonly output: string | undefined;
};
