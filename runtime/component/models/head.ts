/** The last step of a model: from its sums to what is answered, by the method that is asked for. */
import type { Features } from "../user.ts";
import { ModelFault } from "./fault.ts";
import { applyLink, columnsOf, isOfClasses, type Link, largestOf } from "./link.ts";
import type { Method, TensorSpec } from "./stored-model.ts";
import { answerOf, roundToSingle, type Table } from "./table.ts";

export type Label = string | number;

export type Head = {
  readonly link: Link;
  /** What sums are multiplied by before the link; 1 if nothing is said. */
  readonly scale?: number;
  /** Answers are 32-bit floats, as the library's are. */
  readonly isSingle?: boolean;
  /** Columns of the sums. */
  readonly columns: number;
  /** What the classes are called; empty if the file does not say, or there are none. */
  readonly classes: readonly Label[];
  /** What the model's library answers if nothing is said. */
  readonly method: "linked" | Method;
};

export type Finish = {
  readonly finish: (sums: Table) => Features;
  readonly output: TensorSpec;
  readonly classNames: readonly string[];
};

/** @throws {ModelFault} when the model has no such method. */
export const makeFinish = (head: Head, wanted: Method | undefined): Finish => {
  const method = wanted ?? head.method;
  const { link, classes, columns } = head;
  if (method === "predict" && (classes.length > 0 || isOfClasses(link) || link === "logistic")) {
    return labelling(head);
  }
  if (method === "decision_function" && link !== "shares")
    return numbers({ ...head, link: "identity", scale: 1 });
  if (method === "linked" || method === "predict") return numbers(head);
  const proba = link === "logistic" && columns === 1 ? "pair" : link;
  if (method === "predict_proba" && isOfClasses(proba)) return numbers({ ...head, link: proba });
  throw new ModelFault("parameter method", `is ${method}, which this model does not have`);
};

const numbers = ({ link, columns, classes, scale = 1, isSingle = false }: Head): Finish => {
  const width = columnsOf(link, columns);
  return {
    finish: (sums) => {
      const linked = applyLink(link, scaled(sums, scale));
      if (isSingle) roundToSingle(linked.values);
      return answerOf(linked, width === 1);
    },
    output: {
      name: "predict",
      datatype: isSingle ? "FP32" : "FP64",
      shape: width === 1 ? [-1] : [-1, width],
    },
    classNames: classes.length === width ? classes.map(String) : [],
  };
};

const scaled = (sums: Table, scale: number): Table =>
  scale === 1 ? sums : { ...sums, values: sums.values.map((sum) => sum * scale) };

/** A class by its name, or by its index if it has none. Of two it is the second if the sum is above 0. */
const labelling = ({ link, columns, classes }: Head): Finish => {
  const labels = classes.length > 0 ? classes : undefined;
  const isText = labels?.some((label) => typeof label === "string") ?? false;
  return {
    finish: (sums) => {
      const found =
        columns === 1
          ? Int32Array.from(sums.values, (sum) => (sum > 0 ? 1 : 0))
          : largestOf(isOfClasses(link) ? applyLink(link, sums) : sums);
      return Array.from(found, (index) => labels?.[index] ?? index);
    },
    output: { name: "predict", datatype: isText ? "BYTES" : "FP64", shape: [-1] },
    classNames: [],
  };
};
