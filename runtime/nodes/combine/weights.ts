import { EngineError } from "../../errors.ts";
import type { Means } from "../definition.ts";

/**
 * Weights for the children: those given, or 1 for each.
 *
 * @throws {EngineError} PARAMETER_INVALID for another number of them, or if all are 0.
 */
export const weightsOf = (
  weights: readonly number[] | undefined,
  { name, branches }: Pick<Means, "name" | "branches">,
): readonly number[] => {
  if (weights === undefined) return branches.map(() => 1);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length === branches.length && sum > 0) return weights;
  throw new EngineError(
    "PARAMETER_INVALID",
    `node ${name}: parameter weights has ${weights.length} numbers with the sum ${sum}; write one for each of the ${branches.length} children, not all 0`,
  );
};
