import type { PlanParameter } from "../../api/plan.ts";
import { EngineError } from "../errors.ts";

/** Draws from [0, 1), like Math.random. */
export type Random = () => number;

/**
 * Sends a request to the first child with probability `ratioA`, otherwise to the second.
 *
 * `ratioA` is a fraction, 0-1, read at the precision of a 32-bit float; it counts only as the
 * single parameter of the node, and is 0.5 otherwise. The payload passes through untouched.
 *
 * @throws {EngineError} PARAMETER_INVALID when `ratioA` is no number.
 * Source: engine contract, 6.8.
 */
export const makeAbTest = (
  node: string,
  parameters: readonly PlanParameter[],
  random: Random,
): (() => number) => {
  const [only] = parameters;
  const given = parameters.length === 1 && only?.name === "ratioA" ? only.value : undefined;
  const ratio = given === undefined ? 0.5 : Math.fround(Number(given));
  if (given?.trim() === "" || Number.isNaN(ratio)) {
    return () => {
      throw new EngineError(
        "PARAMETER_INVALID",
        `node ${node}: parameter ratioA is "${given}"; write a number from 0 to 1`,
      );
    };
  }
  return () => (random() < ratio ? 0 : 1);
};
