import type { Ensemble } from "./ensemble.ts";
import { type ForestBuilder, makeForestBuilder } from "./forest-builder.ts";

export type EnsembleSpec = Pick<Ensemble, "base" | "isSingle"> & {
  /** Of a row. */
  readonly columns: number;
  /** Of the sums. */
  readonly outputs: number;
  /** Numbers that a leaf has; 1 if nothing is said. */
  readonly width?: number;
};

type Rest = Pick<Ensemble, "groups"> & Partial<Pick<Ensemble, "weights" | "divisor">>;

/** A builder to put trees into, and what makes an ensemble of them. */
export const makeEnsemble = (
  spec: EnsembleSpec,
): { readonly builder: ForestBuilder; readonly finish: (rest: Rest) => Ensemble } => {
  const { columns, outputs, base, isSingle, width = 1 } = spec;
  const builder = makeForestBuilder(columns, width);
  return {
    builder,
    finish: ({ groups, weights, divisor = 1 }) => ({
      forest: builder.build(),
      columns: outputs,
      groups,
      base,
      weights,
      isSingle,
      divisor,
    }),
  };
};
