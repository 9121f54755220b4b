import type { Means } from "../definition.ts";
import type { BuiltInNode, Look, Outcome } from "../node.ts";

/** Whether the unit works on answers, after its children, and not on requests before them. */
export const worksOnAnswers = ({ type }: Means): boolean => type === "OUTPUT_TRANSFORMER";

/** A node of one step, on requests or on answers by the type of its unit. */
export const makeTransformer = (
  means: Means,
  step: (look: Look) => Outcome | Promise<Outcome>,
): BuiltInNode => (worksOnAnswers(means) ? { output: step } : { input: step });
