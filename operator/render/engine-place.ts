/** Which pod an engine is in. Source: operator contract, 4.4-4.6. */
import { containersOf, hasNoEngine, hasSeparateEngine } from "../../api/deployment.ts";
import { walk } from "../../api/graph.ts";
import type { Subject } from "./subject.ts";

export type EnginePlace =
  | { readonly is: "nowhere" }
  /** In the pod of this componentSpec. */
  | { readonly is: "component"; readonly index: number }
  | { readonly is: "own-pod" };

/**
 * Where the engine runs: beside the first node that it reaches at `localhost`. A graph without such
 * a node (built-in nodes alone, or every model in a later componentSpec) cannot run under v1; here
 * its engine has a pod of its own.
 */
export const enginePlace = ({ deployment, predictor }: Subject): EnginePlace => {
  if (hasNoEngine(predictor)) return { is: "nowhere" };
  if (hasSeparateEngine(deployment)) return { is: "own-pod" };
  const local = walk(predictor.graph).find(
    ({ endpoint }) => endpoint?.service_host === "localhost",
  );
  const index = predictor.componentSpecs.findIndex((component) =>
    containersOf(component).some(({ name }) => name === local?.name),
  );
  return local === undefined || index < 0 ? { is: "own-pod" } : { is: "component", index };
};
