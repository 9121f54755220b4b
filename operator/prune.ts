/** What is ours and no longer wanted. Source: design 5.2.5; operator contract, 8.4, 12.14, 12.21. */
import { routeKinds } from "./gates.ts";
import type { Desired } from "./render/desired.ts";
import { type KubernetesObject, keyOf, refOf } from "./render/object.ts";

const keysOf = (objects: readonly KubernetesObject[]): ReadonlySet<string> =>
  new Set(objects.map((object) => keyOf(refOf(object))));

const allOf = ({ services, scaling, deployments }: Desired): readonly KubernetesObject[] => [
  ...services,
  ...scaling,
  ...deployments.map(({ object }) => object),
];

/** Routes first: nothing may lead to what is about to go. */
export const staleOf = (
  live: readonly KubernetesObject[],
  desired: Desired,
  routes: readonly KubernetesObject[],
): readonly KubernetesObject[] => {
  const wanted = keysOf([...allOf(desired), ...routes]);
  const stale = live.filter((object) => !wanted.has(keyOf(refOf(object))));
  return [
    ...stale.filter(({ kind }) => routeKinds.has(kind)),
    ...stale.filter(({ kind }) => !routeKinds.has(kind)),
  ];
};

const scalers: ReadonlySet<string> = new Set([
  "HorizontalPodAutoscaler",
  "ScaledObject",
  "PodDisruptionBudget",
]);

/**
 * What scales or protects a Deployment that stays, and is wanted no more. It goes before the
 * Deployment is applied: else it would scale back what we scale.
 */
export const staleScaling = (
  live: readonly KubernetesObject[],
  desired: Desired,
): readonly KubernetesObject[] => {
  const names = new Set(desired.deployments.map(({ object }) => object.metadata.name));
  return staleOf(live, desired, []).filter(
    ({ kind, metadata }) => scalers.has(kind) && names.has(metadata.name),
  );
};
