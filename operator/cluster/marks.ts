/**
 * What managed fields tell of an object. From a watch cache they are cut down to what is asked for
 * here: our own entry, and of its fields the number of replicas.
 */
import type { KubernetesObject } from "../render/object.ts";
import type { Fields } from "./fields.ts";

/** Our field manager. Source: design 5.2.1. */
export const manager = "espalier";
/** Holds the number of replicas that we have let go of. Source: design 5.2.3. */
export const replicasManager = "espalier-replicas";

/** Source: Kubernetes API, ManagedFieldsEntry (meta/v1). */
export type ManagedFields = {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: Fields;
  readonly subresource?: string;
};

// The API server writes and checks these; nothing else can.
export const managedFieldsOf = ({ metadata }: KubernetesObject): readonly ManagedFields[] =>
  (metadata.managedFields ?? []) as readonly ManagedFields[];

export const isOurs = (entry: ManagedFields): boolean =>
  entry.manager === manager &&
  entry.operation === "Apply" &&
  (entry.subresource === undefined || entry.subresource === "");

/** Whether we have applied this object before: if not, it has to be adopted. */
export const isApplied = (live: KubernetesObject): boolean => managedFieldsOf(live).some(isOurs);

/** Whether what we last applied said how many replicas there are to be. */
export const ownsReplicas = (live: KubernetesObject): boolean =>
  managedFieldsOf(live).some(
    (entry) => isOurs(entry) && entry.fieldsV1?.["f:spec"]?.["f:replicas"] !== undefined,
  );

const replicasOnly: Fields = { "f:spec": { "f:replicas": {} } };

/** The object without managed fields, but for the marks. */
export const slim = (live: KubernetesObject): KubernetesObject => ({
  ...live,
  metadata: {
    ...live.metadata,
    managedFields: isApplied(live)
      ? [{ manager, operation: "Apply", fieldsV1: ownsReplicas(live) ? replicasOnly : {} }]
      : [],
  },
});
