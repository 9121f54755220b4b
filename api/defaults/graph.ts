import { isPrepackaged, unknownImplementation } from "../graph.ts";
import type { Endpoint, PredictiveUnit } from "../types.ts";

/**
 * Types and implementations of all nodes; an empty word counts as none.
 *
 * Source: operator contract, 2, step 3.
 */
export const defaultGraph = (unit: PredictiveUnit): PredictiveUnit => ({
  ...unit,
  ...(unit.children === undefined ? {} : { children: unit.children.map(defaultGraph) }),
  ...defaultType(unit),
  implementation: unit.implementation || unknownImplementation,
});

const defaultType = (unit: PredictiveUnit): Pick<PredictiveUnit, "type"> => {
  if (isPrepackaged(unit)) return { type: "MODEL" };
  const isBlank = !unit.type && unit.methods === undefined && !unit.implementation;
  return isBlank ? { type: "MODEL" } : {};
};

/** The graph with the endpoints of those of its nodes that have a container. */
export const withEndpoints = (
  unit: PredictiveUnit,
  endpoints: ReadonlyMap<PredictiveUnit, Endpoint>,
): PredictiveUnit => {
  const endpoint = endpoints.get(unit);
  return {
    ...unit,
    ...(unit.children === undefined
      ? {}
      : { children: unit.children.map((child) => withEndpoints(child, endpoints)) }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
};
