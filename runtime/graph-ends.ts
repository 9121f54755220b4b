import type { PlanUnit } from "../api/plan.ts";

type Tree = { readonly plan: PlanUnit; readonly children: readonly Tree[] };

/**
 * The units whose inputs are the graph's inputs, and whose outputs are its outputs.
 *
 * A node that passes its message on unseen (a router, or one that does nothing) is looked
 * through to its first child. Source: engine contract, 6.9; deviation E15.
 */
export const graphEnds = (
  root: Tree,
): { readonly inputsOf: string; readonly outputsOf: string } => ({
  inputsOf: descend(root, ["MODEL", "TRANSFORMER"]),
  outputsOf: descend(root, ["OUTPUT_TRANSFORMER", "COMBINER"]),
});

const descend = ({ plan, children }: Tree, until: readonly string[]): string => {
  const [child] = children;
  return child === undefined || until.includes(plan.type ?? "") ? plan.name : descend(child, until);
};
