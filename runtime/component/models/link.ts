/** From the sums of a model to what it answers. */
import type { Table } from "./table.ts";

/**
 * `logistic` makes a probability of each number; `pair` of one number the probabilities of two
 * classes; `shares` are probabilities already; `one-against-rest` probabilities that add up to 1 of one for each class.
 */
export const links = [
  "identity",
  "exp",
  "logistic",
  "pair",
  "softmax",
  "shares",
  "one-against-rest",
  "squared",
  "log1p-exp",
  "hinge",
] as const;
export type Link = (typeof links)[number];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const each: Readonly<Partial<Record<Link, (x: number) => number>>> = {
  exp: Math.exp,
  logistic: sigmoid,
  // of LightGBM's regression on square roots, which keeps the sign
  squared: (x) => Math.sign(x) * x * x,
  "log1p-exp": (x) => Math.log1p(Math.exp(x)),
  hinge: (x) => (x > 0 ? 1 : 0),
};

/** Columns that an answer has, of so many sums. */
export const columnsOf = (link: Link, columns: number): number => (link === "pair" ? 2 : columns);

/** Whether a link makes probabilities of classes. */
export const isOfClasses = (link: Link): boolean =>
  link === "pair" || link === "softmax" || link === "shares" || link === "one-against-rest";

export const applyLink = (link: Link, sums: Table): Table => {
  switch (link) {
    case "identity":
    case "shares":
      return sums;
    case "pair": {
      const values = new Float64Array(sums.values.length * 2);
      sums.values.forEach((sum, i) => {
        const probability = sigmoid(sum);
        values[2 * i] = 1 - probability;
        values[2 * i + 1] = probability;
      });
      return { rows: sums.rows, columns: 2, values };
    }
    case "softmax":
      return byRow(sums, softmax);
    case "one-against-rest":
      return byRow(sums, partsOfOne);
    default:
      return { ...sums, values: sums.values.map(each[link] ?? ((x) => x)) };
  }
};

const byRow = (sums: Table, change: (row: Float64Array) => void): Table => {
  const values = Float64Array.from(sums.values);
  for (let row = 0; row < sums.rows; row += 1) {
    change(values.subarray(row * sums.columns, (row + 1) * sums.columns));
  }
  return { ...sums, values };
};

const softmax = (row: Float64Array): void => {
  const most = row.reduce((largest, each) => Math.max(largest, each), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let i = 0; i < row.length; i += 1) {
    const part = Math.exp((row[i] ?? 0) - most);
    row[i] = part;
    total += part;
  }
  for (let i = 0; i < row.length; i += 1) row[i] = (row[i] ?? 0) / total;
};

/** Source: scikit-learn, `OneVsRestClassifier` and `LogisticRegression(multi_class="ovr")`. */
const partsOfOne = (row: Float64Array): void => {
  let total = 0;
  for (let i = 0; i < row.length; i += 1) {
    const part = sigmoid(row[i] ?? 0);
    row[i] = part;
    total += part;
  }
  for (let i = 0; i < row.length; i += 1)
    row[i] = total === 0 ? 1 / row.length : (row[i] ?? 0) / total;
};

/** The column with the largest number of each row; of equal ones the first. */
export const largestOf = ({ rows, columns, values }: Table): Int32Array => {
  const found = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let best = 0;
    for (let column = 1; column < columns; column += 1) {
      const at = row * columns;
      if ((values[at + column] ?? 0) > (values[at + best] ?? 0)) best = column;
    }
    found[row] = best;
  }
  return found;
};
