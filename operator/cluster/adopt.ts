/**
 * First contact with an object that our manager has never written: v1 made it, or somebody by
 * hand. One PUT puts our fields in the place of those that are there, one patch makes them ours in
 * the managed fields; from then on what we stop applying goes.
 *
 * A PUT, because server-side apply stumbles over the duplicate ports and variables that v1 wrote.
 *
 * Source: design 5.2.1-2; operator contract, 8.2, 15.
 */
import { isPlain } from "../../api/shape/plain.ts";
import type { KubernetesObject, OwnerReference } from "../render/object.ts";
import { below, type Fields, minus, union } from "./fields.ts";
import { type ManagedFields, managedFieldsOf, manager } from "./marks.ts";

/** v1's memory of what it has applied. Source: operator contract, 8.2. */
const lastApplied = "seldon.io/last-applied";

/** What the cluster or an autoscaler has chosen stays as it is, unless we ask for something else. */
const keptByKind: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["replicas"],
  Service: ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"],
};

const fieldOf = (value: unknown, name: string): unknown =>
  isPlain(value) ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

/** The fields of the live object that are kept, as we say nothing of them. */
const keptNames = (object: KubernetesObject): readonly string[] =>
  (keptByKind[object.kind] ?? []).filter((name) => fieldOf(object["spec"], name) === undefined);

const keptFields = (live: KubernetesObject, object: KubernetesObject): object =>
  Object.fromEntries(
    keptNames(object)
      .map((name) => [name, fieldOf(live["spec"], name)] as const)
      .filter(([, value]) => value !== undefined),
  );

/** The live object with our content: what to PUT. Labels and annotations of others stay. */
export const adopted = (live: KubernetesObject, object: KubernetesObject): KubernetesObject => {
  const { [lastApplied]: _, ...annotations } = live.metadata.annotations ?? {};
  const spec = object["spec"];
  return {
    ...live,
    ...object,
    metadata: {
      ...live.metadata,
      labels: { ...live.metadata.labels, ...object.metadata.labels },
      annotations: { ...annotations, ...object.metadata.annotations },
      ownerReferences: owners(live, object),
    },
    ...(isPlain(spec) ? { spec: { ...spec, ...keptFields(live, object) } } : {}),
  };
};

const owners = (live: KubernetesObject, object: KubernetesObject): readonly OwnerReference[] => {
  const ours = object.metadata.ownerReferences ?? [];
  const others = (live.metadata.ownerReferences ?? []).filter(
    ({ uid }) => !ours.some((our) => our.uid === uid),
  );
  return [...others, ...ours];
};

/** The managed fields after the PUT: what those who wrote the object owned is ours to take away. */
export const takenOver = (
  live: KubernetesObject,
  object: KubernetesObject,
  now: Date,
): readonly ManagedFields[] => {
  const kept = keptNames(object).map((name) => [`f:${name}`, {}] as const);
  const letBe: Fields = kept.length === 0 ? {} : { "f:spec": Object.fromEntries(kept) };
  let ours: Fields = {};
  const others: ManagedFields[] = [];
  for (const entry of managedFieldsOf(live)) {
    const taken = minus(takenFrom(entry), letBe);
    ours = union(ours, taken);
    const rest = minus(entry.fieldsV1 ?? {}, taken);
    if (Object.keys(rest).length > 0) others.push({ ...entry, fieldsV1: rest });
  }
  return [...others, ownEntry(object, ours, now)];
};

const ownEntry = (object: KubernetesObject, fieldsV1: Fields, now: Date): ManagedFields => ({
  manager,
  operation: "Apply",
  apiVersion: object.apiVersion,
  time: now.toISOString().replace(/\.\d+Z$/, "Z"),
  fieldsType: "FieldsV1",
  fieldsV1,
});

/**
 * All content but the status; of the metadata what the object's maker wrote, whom we know by the
 * owner reference. What others labelled or annotated stays theirs.
 */
const takenFrom = (entry: ManagedFields): Fields => {
  if (!isTaken(entry)) return {};
  const { "f:metadata": metadata, "f:status": _, ...content } = entry.fieldsV1 ?? {};
  const isMaker =
    entry.manager === manager || below(metadata ?? {}, ["f:ownerReferences"]) !== undefined;
  return metadata !== undefined && isMaker ? { ...content, "f:metadata": metadata } : content;
};

/** What scales and what reports writes through subresources; an apply of somebody else is a claim. */
const isTaken = ({ manager: by, operation, subresource }: ManagedFields): boolean =>
  (subresource === undefined || subresource === "") &&
  (operation === "Update" ? by !== "kube-controller-manager" : by === manager);
