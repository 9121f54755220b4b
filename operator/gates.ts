/**
 * When traffic may move: routes lead to predictors that serve, and change only while none that they
 * lead to is in the middle of a rollout. Decisions alone; see docs/decisions/0006-routes.md.
 *
 * Source: operator contract, 8.1.10, 12.20; design 3.4.
 */
import { predictorServiceName } from "../api/names.ts";
import type { Deployment, Predictor } from "../api/types.ts";
import { isAvailable, isReady, isRolledOut, isStuck, podLabelsOf, replicasOf } from "./live.ts";
import { markOf, routedAnnotation } from "./marks.ts";
import type { DesiredDeployment } from "./render/desired.ts";
import { type KubernetesObject, keyOf, refOf } from "./render/object.ts";

export type PredictorState = {
  readonly name: string;
  /** Some pods behind its Service are available: new ones or those before them. */
  readonly isServing: boolean;
  /** It has no pods because it is to have none. */
  readonly isParked: boolean;
  /** Its changes are through. */
  readonly isRolledOut: boolean;
  /** The cluster has given up on its changes: nobody waits for them. */
  readonly isStuck: boolean;
};

export type Workloads = {
  readonly deployments: readonly DesiredDeployment[];
  /** All live objects of the deployment, older Deployments too. */
  readonly live: readonly KubernetesObject[];
};

export const predictorStates = (
  deployment: Deployment,
  workloads: Workloads,
): readonly PredictorState[] =>
  deployment.spec.predictors.map((predictor) => stateOf(predictor, deployment, workloads));

const stateOf = (
  predictor: Predictor,
  { metadata }: Deployment,
  { deployments, live }: Workloads,
): PredictorState => {
  const byKey = new Map(live.map((object) => [keyOf(refOf(object)), object]));
  const own = deployments
    .filter((one) => one.predictor === predictor.name && one.role !== "explainer")
    .map(({ object }) => ({ wanted: object, found: byKey.get(keyOf(refOf(object))) }));
  const service = predictorServiceName(metadata.name, predictor);
  return {
    name: predictor.name,
    isServing: live.some(
      (object) =>
        object.kind === "Deployment" &&
        podLabelsOf(object)["seldon-app"] === service &&
        isAvailable(object),
    ),
    isParked: own.every(({ wanted, found }) => replicasOf(found ?? wanted) === 0),
    isRolledOut: own.every(({ found }) => found !== undefined && isRolledOut(found)),
    isStuck: own.some(({ found }) => found !== undefined && isStuck(found)),
  };
};

export type RouteDecision =
  /** Live routes stay as they are until these predictors have rolled out. */
  | { readonly is: "wait"; readonly for: readonly string[] }
  /** Routes lead to these predictors. */
  | { readonly is: "lead"; readonly to: ReadonlySet<string> };

/**
 * Who is led to stays led to when its pods fail: traffic does not pour over others because a pod
 * restarts. `routed`: whom the live routes lead to; undefined when there are none.
 */
export const decideRoutes = (
  states: readonly PredictorState[],
  routed: ReadonlySet<string> | undefined,
): RouteDecision => {
  const routable = states.filter(
    ({ name, isServing, isParked }) => isServing || isParked || (routed?.has(name) ?? false),
  );
  const rolling = routable.filter((state) => !state.isRolledOut && !state.isStuck);
  return routed !== undefined && rolling.length > 0
    ? { is: "wait", for: rolling.map(({ name }) => name).sort() }
    : { is: "lead", to: new Set(routable.map(({ name }) => name)) };
};

/** Kinds of objects by which traffic finds predictors. */
export const routeKinds: ReadonlySet<string> = new Set([
  "VirtualService",
  "DestinationRule",
  "Mapping",
  "TLSContext",
  "HTTPRoute",
  "GRPCRoute",
]);

/** Whom the live routes lead to; those of v1 lead to all. Undefined: there are no routes. */
export const routedTo = (
  live: readonly KubernetesObject[],
  { spec }: Deployment,
): ReadonlySet<string> | undefined => {
  const routes = live.filter(({ kind }) => routeKinds.has(kind));
  if (routes.length === 0) return undefined;
  const marks = routes.map((route) => markOf(route, routedAnnotation));
  const all = spec.predictors.map(({ name }) => name);
  return new Set(marks.flatMap((mark) => mark?.split(",") ?? all));
};

/** Whether all that is wanted is there and ready: then what is not wanted may go. */
export const isAllReady = (workloads: Workloads): boolean => {
  const byKey = new Map(workloads.live.map((object) => [keyOf(refOf(object)), object]));
  return workloads.deployments.every(({ object }) => {
    const found = byKey.get(keyOf(refOf(object)));
    return found !== undefined && isReady(found);
  });
};
