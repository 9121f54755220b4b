import { isPrepackaged, walk } from "../api/graph.ts";
import type { Issue } from "../api/result.ts";
import type { Deployment } from "../api/types.ts";

/** Whether what a deployment becomes is also said by `seldon-config`. Source: operator contract, 9.3. */
export const dependsOnSettings = ({ spec }: Deployment): boolean =>
  spec.predictors.some(
    ({ graph, explainer }) =>
      Boolean(explainer?.type) ||
      walk(graph).some((unit) => Boolean(unit.modelUri) || isPrepackaged(unit)),
  );

/** Whether a fault may be one only because the servers that `seldon-config` names are not known. */
export const isOfServers = ({ path }: Issue): boolean =>
  /\.(?:implementation|modelUri)$/.test(path);
