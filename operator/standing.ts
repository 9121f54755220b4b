/** Whose a live object is that has a name we want. Source: design 5.2.2. */
import { group, kind } from "../api/schema.ts";
import { isApplied } from "./cluster/marks.ts";
import type { KubernetesObject, OwnerReference } from "./render/object.ts";

export type Standing =
  /** We have applied it before. */
  | { readonly is: "ours" }
  /** Of v1, or of us before a backup was restored: to be made ours. */
  | { readonly is: "adoptable" }
  /** On its way out; wait. */
  | { readonly is: "leaving" }
  /** `why` goes on after "it is there and". */
  | { readonly is: "taken"; readonly why: string };

const controllerOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Source: operator contract, 4.2, 4.7, 4.9. */
const idLabel = "seldon-deployment-id";
const managedBy = "app.kubernetes.io/managed-by";

export const standingOf = (
  live: KubernetesObject,
  desired: KubernetesObject,
  uid: string,
): Standing => {
  if (live.metadata.deletionTimestamp !== undefined) return { is: "leaving" };
  const owner = controllerOf(live);
  if (owner?.uid === uid) return { is: isApplied(live) ? "ours" : "adoptable" };
  if (owner !== undefined) {
    if (!isEarlier(owner, desired)) {
      return { is: "taken", why: `belongs to ${owner.kind} ${owner.name}` };
    }
    // The garbage collector deletes it soon, unless it is ours before.
    return { is: isApplied(live) ? "ours" : "leaving" };
  }
  const labels = live.metadata.labels ?? {};
  const id = desired.metadata.labels?.[idLabel];
  const liveId = labels[idLabel];
  const isNamed = liveId === undefined ? labels[managedBy] === "seldon-core" : liveId === id;
  return isNamed ? { is: "adoptable" } : { is: "taken", why: "belongs to somebody else" };
};

/** Of the same deployment, before it was deleted and made again. */
const isEarlier = (owner: OwnerReference, desired: KubernetesObject): boolean =>
  owner.kind === kind &&
  owner.apiVersion.startsWith(`${group}/`) &&
  owner.name === controllerOf(desired)?.name;
