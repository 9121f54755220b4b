/** What a server does when it is asked to write. Source: Kubernetes, "Server-Side Apply". */
import { type KubernetesObject, nameOf, type Ref, refOf } from "../../render/object.ts";
import { adopted, takenOver } from "../adopt.ts";
import { ClusterError, type ClusterErrorCode } from "../cluster.ts";
import { minus, union } from "../fields.ts";
import { managedFieldsOf, manager, replicasManager } from "../marks.ts";
import { merge, prune } from "./merge.ts";
import {
  changedFields,
  contentOf,
  ownedByOthers,
  placeOf,
  type Store,
  updatedBy,
  withEntry,
} from "./store.ts";

export const refused = (
  code: ClusterErrorCode,
  verb: string,
  ref: Ref,
  reason: string,
): ClusterError => new ClusterError(code, `${verb} ${nameOf(ref)}`, reason);

/** Merges, takes over what differs, and takes away what this manager no longer applies. */
export const applyTo = (store: Store, object: KubernetesObject, by: string): KubernetesObject => {
  const entry = { manager: by, operation: "Apply" };
  const live = store.get(refOf(object));
  const wanted = contentOf(object);
  const own = { own: () => wanted, others: (fields: typeof wanted) => fields };
  if (live === undefined) {
    const managedFields = withEntry([], entry, own);
    return store.write({ ...object, metadata: { ...object.metadata, managedFields } });
  }
  const entries = managedFieldsOf(live);
  const mine = entries.find((one) => one.manager === by && one.operation === "Apply");
  const others = ownedByOthers(entries, entry);
  const gone = minus(minus(mine?.fieldsV1 ?? {}, wanted), others);
  const place = placeOf(live);
  // Both sides are objects of one kind, and so is what they make.
  const merged = prune(merge(live, object, place), gone, others, place) as KubernetesObject;
  const taken = changedFields(live, merged);
  const managedFields = withEntry(entries, entry, {
    own: () => wanted,
    others: (fields) => minus(fields, union(taken, gone)),
  });
  const { resourceVersion: _, ...metadata } = { ...live.metadata, ...merged.metadata };
  return store.write({ ...merged, metadata: { ...metadata, managedFields } });
};

/** What is live is passed as the watch saw it; the server goes by what it has. */
export const same = (store: Store, verb: string, seen: KubernetesObject): KubernetesObject => {
  const ref = refOf(seen);
  const live = store.get(ref);
  if (live === undefined) throw refused("NOT_FOUND", verb, ref, "it is not there");
  if (live.metadata.uid !== seen.metadata.uid)
    throw refused("CONFLICT", verb, ref, "it has been made anew");
  return live;
};

export const putBy = (store: Store, object: KubernetesObject, by: string): KubernetesObject => {
  const before = store.get(refOf(object));
  const { managedFields, ...metadata } = object.metadata;
  const given = managedFields ?? (before && managedFieldsOf(before)) ?? [];
  const after = { ...object, metadata: { ...metadata, managedFields: given } };
  const entry = { manager: by, operation: "Update" };
  const entries = managedFields === undefined ? updatedBy(entry, before, after) : given;
  return store.write({ ...after, metadata: { ...metadata, managedFields: entries } });
};

export const adoptIn = (
  store: Store,
  seen: KubernetesObject,
  object: KubernetesObject,
): KubernetesObject => {
  const live = same(store, "adopt", seen);
  const { managedFields: _, ...metadata } = adopted(live, object).metadata;
  const put = putBy(store, { ...adopted(live, object), metadata }, manager);
  const managedFields = takenOver(put, object, new Date(0));
  store.write({ ...put, metadata: { ...put.metadata, managedFields } });
  return applyTo(store, object, manager);
};

export const handOverIn = (store: Store, seen: KubernetesObject): void => {
  const { apiVersion, kind, metadata, ...content } = same(store, "hand over replicas of", seen);
  // A Deployment has a spec.
  const { replicas } = content["spec"] as { readonly replicas?: number };
  const identity = { name: metadata.name, namespace: metadata.namespace ?? "" };
  applyTo(store, { apiVersion, kind, metadata: identity, spec: { replicas } }, replicasManager);
};
