import { isPrepackaged, walk } from "../api/graph.ts";
import type { Deployment } from "../api/types.ts";

/** Whether what a deployment becomes is also said by `seldon-config`. Source: operator contract, 9.3. */
export const dependsOnSettings = ({ spec }: Deployment): boolean =>
  spec.predictors.some(
    ({ graph, explainer }) =>
      Boolean(explainer?.type) ||
      walk(graph).some((unit) => Boolean(unit.modelUri) || isPrepackaged(unit)),
  );
