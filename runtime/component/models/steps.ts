/** The steps of a pipeline, by the word that a file has for each. */
import { ModelFault } from "./fault.ts";
import { type Field, fieldOf, isThere, itemsOf, textOf } from "./field.ts";
import type { Flow, Form, Step } from "./flow.ts";
import { readOneHot, readOrdinal } from "./steps-category.ts";
import { readColumns } from "./steps-columns.ts";
import {
  readBinarize,
  readImpute,
  readMinMax,
  readNormalize,
  readProject,
  readSelect,
  readStandardize,
} from "./steps-number.ts";
import { readCount, readTfidf } from "./steps-text.ts";

/** Reads one step, for what comes out of the step before it. */
export type StepReader = (field: Field, takes: Form) => Step;

export const readers: ReadonlyMap<string, StepReader> = new Map<string, StepReader>([
  ["standardize", readStandardize],
  ["min_max", readMinMax],
  ["normalize", readNormalize],
  ["binarize", readBinarize],
  ["impute", readImpute],
  ["select", readSelect],
  ["project", readProject],
  ["one_hot", readOneHot],
  ["ordinal", readOrdinal],
  ["count", readCount],
  ["tfidf", readTfidf],
  ["columns", (field, takes) => readColumns(field, takes, readSteps)],
]);

export type Steps = { readonly run: (flow: Flow) => Flow; readonly gives: Form };

/** A list of steps, if there is one. @throws {ModelFault} where one cannot follow on another. */
export const readSteps = (field: Field, takes: Form): Steps => {
  let gives = takes;
  const steps = (isThere(field) ? itemsOf(field) : []).map((each) => {
    const kind = fieldOf(each, "kind");
    const reader = readers.get(textOf(kind));
    if (reader === undefined) {
      const known = [...readers.keys()].join(", ");
      throw new ModelFault(kind.path, `is ${textOf(kind)}: known are ${known}`);
    }
    const step = reader(each, gives);
    gives = step.gives;
    return step;
  });
  return { gives, run: (flow) => steps.reduce((now, step) => step.run(now), flow) };
};
