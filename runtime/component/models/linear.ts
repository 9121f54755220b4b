/** Linear models: a weight for each column and an intercept, for each output. */
import { type Field, fieldOf, itemsOf, matrixOf, numbersOf } from "./field.ts";
import { type Flow, numbersIn, type Sparse } from "./flow.ts";
import type { Table } from "./table.ts";

export type Linear = {
  readonly columns: number;
  readonly outputs: number;
  /** Output by output. */
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
};

/** `{"coefficients": [[...]], "intercepts": [...]}`: a list of coefficients for each output. */
export const readLinear = (field: Field, columns: number): Linear => {
  const coefficients = fieldOf(field, "coefficients");
  const outputs = itemsOf(coefficients).length;
  const { values } = matrixOf(coefficients, columns);
  const intercepts = numbersOf(fieldOf(field, "intercepts"), outputs);
  return { columns, outputs, weights: values, intercepts };
};

export const linearSums = (linear: Linear, flow: Flow): Table =>
  flow.is === "sparse" ? sparseSums(linear, flow.sparse) : denseSums(linear, numbersIn(flow));

const denseSums = (
  { columns, outputs, weights, intercepts }: Linear,
  { rows, values }: Table,
): Table => {
  const sums = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row += 1) {
    for (let output = 0; output < outputs; output += 1) {
      let sum = 0;
      for (let i = 0; i < columns; i += 1) {
        sum += (values[row * columns + i] ?? 0) * (weights[output * columns + i] ?? 0);
      }
      sums[row * outputs + output] = sum + (intercepts[output] ?? 0);
    }
  }
  return { rows, columns: outputs, values: sums };
};

const sparseSums = (
  { columns, outputs, weights, intercepts }: Linear,
  { rows, starts, at, values }: Sparse,
): Table => {
  const sums = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row += 1) {
    for (let output = 0; output < outputs; output += 1) {
      let sum = 0;
      for (let i = starts[row] ?? 0; i < (starts[row + 1] ?? 0); i += 1) {
        sum += (values[i] ?? 0) * (weights[output * columns + (at[i] ?? 0)] ?? 0);
      }
      sums[row * outputs + output] = sum + (intercepts[output] ?? 0);
    }
  }
  return { rows, columns: outputs, values: sums };
};
