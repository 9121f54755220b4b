/** What goes from one step of a pipeline to the next. */
import type { Table } from "./table.ts";

/** Rows of which most numbers are 0: of row `i` the columns `at` and their `values` from `starts[i]` on. */
export type Sparse = {
  readonly rows: number;
  readonly columns: number;
  readonly starts: Int32Array;
  readonly at: Int32Array;
  readonly values: Float64Array;
};

export type Flow =
  | { readonly is: "numbers"; readonly table: Table }
  | { readonly is: "sparse"; readonly sparse: Sparse }
  /** Rows of numbers and texts. */
  | { readonly is: "cells"; readonly rows: readonly (readonly unknown[])[] }
  | { readonly is: "texts"; readonly texts: readonly string[] };

/** What a flow will be, known when the model is loaded. */
export type Form = {
  readonly is: Flow["is"];
  /** 1 for texts. */
  readonly columns: number;
  /** Names of the columns, for messages; empty where they have none. */
  readonly names: readonly string[];
  /** Whether a number may be missing. */
  readonly mayMiss: boolean;
};

/** A step of a pipeline. What it throws is a ComponentError that names row and column. */
export type Step = {
  readonly run: (flow: Flow) => Flow;
  readonly gives: Form;
};

/** The numbers of a flow, those of a sparse one written out. */
export const numbersIn = (flow: Flow): Table => {
  if (flow.is === "numbers") return flow.table;
  if (flow.is === "sparse") return writtenOut(flow.sparse);
  // forms were checked when the model was loaded
  throw new Error(`a step of a model got ${flow.is} where it takes numbers`);
};

const writtenOut = ({ rows, columns, starts, at, values }: Sparse): Table => {
  const all = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let i = starts[row] ?? 0; i < (starts[row + 1] ?? 0); i += 1) {
      all[row * columns + (at[i] ?? 0)] = values[i] ?? 0;
    }
  }
  return { rows, columns, values: all };
};

export const numbersFlow = (table: Table): Flow => ({ is: "numbers", table });
