/** How a live object and what we would apply differ. Source: design 5.2.3, 5.2.4, 5.2.6. */
import { at } from "../api/path.ts";
import { ownsReplicas } from "./cluster/marks.ts";
import { differsAt } from "./compare.ts";
import { textAt, valueAt } from "./live.ts";
import { appliedAnnotation } from "./marks.ts";
import type { KubernetesObject } from "./render/object.ts";

/**
 * The first field that differs, in words; undefined: all is there as it was applied, and nothing
 * of what was applied before is too much.
 */
export const differenceOf = (
  live: KubernetesObject,
  applied: KubernetesObject,
): string | undefined => {
  const { metadata, ...content } = applied;
  const field = differsAt(content, live) ?? differsAt({ metadata }, live);
  if (field === undefined) return undefined;
  return field === at("metadata.annotations", appliedAnnotation)
    ? "a field is no longer wanted"
    : `${field} differs`;
};

/** What cannot be changed in place: the object has to go first. */
export const unchangeable = (
  live: KubernetesObject,
  desired: KubernetesObject,
): string | undefined => {
  if (desired.kind === "Deployment" && changesSelector(live, desired)) {
    return "spec.selector differs, which nothing can change in place";
  }
  return desired.kind === "Service" && isHeadless(live) !== isHeadless(desired)
    ? "spec.clusterIP differs, which nothing can change in place"
    : undefined;
};

const changesSelector = (live: KubernetesObject, desired: KubernetesObject): boolean => {
  const held = valueAt(live, "spec", "selector");
  const wanted = valueAt(desired, "spec", "selector");
  return differsAt(wanted, held) !== undefined || differsAt(held, wanted) !== undefined;
};

const isHeadless = (service: KubernetesObject): boolean =>
  textAt(service, "spec", "clusterIP") === "None";

/** We applied a number of replicas, and shall not any more. */
export const losesReplicas = (live: KubernetesObject, desired: KubernetesObject): boolean =>
  desired.kind === "Deployment" &&
  valueAt(desired, "spec", "replicas") === undefined &&
  ownsReplicas(live);
