/** The objects of a cluster in memory, with what a server keeps of each beside its content. */
import { isDeepStrictEqual } from "node:util";
import { freeze } from "../../../api/freeze.ts";
import { type KubernetesObject, keyOf, type Ref, refOf } from "../../render/object.ts";
import { ClusterError } from "../cluster.ts";
import { type Fields, fieldsWhere, minus, type Place, stepsOf, union } from "../fields.ts";
import { type ManagedFields, managedFieldsOf } from "../marks.ts";
import { withDefaults } from "./defaults.ts";

export type Store = {
  get(ref: Ref): KubernetesObject | undefined;
  all(): readonly KubernetesObject[];
  /** Writes content with the managed fields that are in it; answers what is live then. */
  write(object: KubernetesObject): KubernetesObject;
  /** Takes an object and, unless they are orphaned, those it owns. */
  take(object: KubernetesObject, orphan: boolean): void;
};

export const placeOf = ({ kind }: KubernetesObject): Place => ({ kind, path: [] });

const ownedMetadata: ReadonlySet<string> = new Set([
  ...["f:labels", "f:annotations", "f:ownerReferences", "f:finalizers"],
]);

/** What a manager can own by writing the object itself: neither its identity nor its status. */
const isContent = ([first, second]: readonly string[]): boolean => {
  if (first === "f:metadata") return ownedMetadata.has(second ?? "");
  return first !== "f:apiVersion" && first !== "f:kind" && first !== "f:status";
};

export const contentOf = (object: KubernetesObject): Fields =>
  fieldsWhere(object, placeOf(object), isContent);

const valueAt = (object: KubernetesObject, at: readonly string[]): unknown => {
  let step: { readonly value: unknown; readonly place: Place } | undefined = {
    value: object,
    place: placeOf(object),
  };
  for (const element of at)
    step = step && stepsOf(step.value, step.place)?.find(({ element: found }) => found === element);
  return step?.value;
};

/** The fields of `after` that are not the same in `before`. */
export const changedFields = (before: KubernetesObject, after: KubernetesObject): Fields =>
  fieldsWhere(
    after,
    placeOf(after),
    (at) => isContent(at) && !isDeepStrictEqual(valueAt(before, at), valueAt(after, at)),
  );

/** The managed fields when this manager has updated an object: what it changed is its own alone. */
export const updatedBy = (
  by: Pick<ManagedFields, "manager" | "operation" | "subresource">,
  before: KubernetesObject | undefined,
  after: KubernetesObject,
): readonly ManagedFields[] => {
  const changed = before === undefined ? contentOf(after) : changedFields(before, after);
  const removed = before === undefined ? {} : minus(contentOf(before), contentOf(after));
  const lost = union(changed, removed);
  return withEntry(managedFieldsOf(after), by, {
    own: (fields) => union(minus(fields, removed), changed),
    others: (fields) => minus(fields, lost),
  });
};

type Rewrite = {
  readonly own: (fields: Fields) => Fields;
  readonly others: (fields: Fields) => Fields;
};

export const isBy = (
  entry: ManagedFields,
  by: Pick<ManagedFields, "manager" | "operation" | "subresource">,
): boolean =>
  entry.manager === by.manager &&
  entry.operation === by.operation &&
  entry.subresource === by.subresource;

/** The entries with one manager's fields rewritten, and what they cost the others. */
export const withEntry = (
  entries: readonly ManagedFields[],
  by: Pick<ManagedFields, "manager" | "operation" | "subresource">,
  { own, others }: Rewrite,
): readonly ManagedFields[] => {
  const mine = entries.find((entry) => isBy(entry, by));
  const rest = entries
    .filter((entry) => entry !== mine)
    .map((entry) => ({ ...entry, fieldsV1: others(entry.fieldsV1 ?? {}) }));
  return [...rest, { ...by, fieldsType: "FieldsV1", fieldsV1: own(mine?.fieldsV1 ?? {}) }].filter(
    ({ fieldsV1 }) => Object.keys(fieldsV1).length > 0,
  );
};

const withoutStatus = ({ status: _, metadata, ...content }: KubernetesObject): object => content;

const isSame = (a: KubernetesObject, b: KubernetesObject): boolean =>
  isDeepStrictEqual(
    { ...a, metadata: { ...a.metadata, resourceVersion: "" } },
    { ...b, metadata: { ...b.metadata, resourceVersion: "" } },
  );

const immutable: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["f:spec", "f:selector"],
  Service: ["f:spec", "f:clusterIP"],
};

const refuseImmutable = (before: KubernetesObject, after: KubernetesObject): void => {
  const at = immutable[after.kind];
  if (at !== undefined && !isDeepStrictEqual(valueAt(before, at), valueAt(after, at)))
    throw new ClusterError("INVALID", `update ${after.kind}`, `${at.join(".")} is immutable`);
};

/** `changed` is told of every object before and after a write or a deletion. */
export const makeStore = (changed: (object: KubernetesObject) => void): Store => {
  const objects = new Map<string, KubernetesObject>();
  let revision = 0;
  let born = 0;

  const keep = (key: string, object: KubernetesObject): KubernetesObject => {
    const before = objects.get(key);
    revision += 1;
    const kept = freeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: `${revision}` },
    });
    objects.set(key, kept);
    if (before !== undefined) changed(before);
    changed(kept);
    return kept;
  };

  const store: Store = {
    get: (ref) => objects.get(keyOf(ref)),
    all: () => [...objects.values()],
    write: (given) => {
      // A server keeps what it reads: no value of a caller, and nothing that is undefined.
      const plain: KubernetesObject = JSON.parse(JSON.stringify(given));
      const key = keyOf(refOf(plain));
      const before = objects.get(key);
      born += before === undefined ? 1 : 0;
      const after = withDefaults(plain, before ? addressOf(before) : `10.96.0.${born}`);
      if (before === undefined) {
        const identity = { uid: `uid-${born}`, generation: 1 };
        return keep(key, { ...after, metadata: { ...after.metadata, ...identity } });
      }
      refuseImmutable(before, after);
      const isNew = !isDeepStrictEqual(withoutStatus(before), withoutStatus(after));
      const generation = (before.metadata.generation ?? 1) + (isNew ? 1 : 0);
      const { uid } = before.metadata;
      const next = { ...after, metadata: { ...after.metadata, uid: uid ?? "", generation } };
      return isSame(before, next) ? before : keep(key, next);
    },
    take: (object, orphan) => {
      objects.delete(keyOf(refOf(object)));
      changed(object);
      for (const [key, held] of objects) {
        const owners = held.metadata.ownerReferences ?? [];
        if (!owners.some(({ uid }) => uid === object.metadata.uid)) continue;
        const left = owners.filter(({ uid }) => uid !== object.metadata.uid);
        if (!orphan && left.length === 0) store.take(held, false);
        else keep(key, { ...held, metadata: { ...held.metadata, ownerReferences: left } });
      }
    },
  };
  return store;
};

const addressOf = (service: KubernetesObject): string =>
  String(valueAt(service, ["f:spec", "f:clusterIP"]) ?? "");

/** What others than this manager own. */
export const ownedByOthers = (
  entries: readonly ManagedFields[],
  by: Pick<ManagedFields, "manager" | "operation">,
): Fields =>
  entries
    .filter((entry) => !isBy(entry, by))
    .reduce<Fields>((all, { fieldsV1 }) => union(all, fieldsV1 ?? {}), {});
