/**
 * What Kubernetes knows of an embedded object. A field that it does not know makes a server-side
 * apply fail as a whole; `parse` has warned of it. Source: deviation O1.
 */
import {
  type Kubernetes,
  type KubernetesKind,
  kubernetesFields,
} from "../../api/kubernetes/fields.ts";

export const knownFields = <K extends KubernetesKind>(
  kind: K,
  value: Kubernetes<K>,
): Kubernetes<K> => known(kind, value) as Kubernetes<K>; // the same, but for what has no type

const known = (kind: KubernetesKind, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => known(kind, item));
  if (typeof value !== "object" || value === null) return value;
  const fields = tables[kind];
  const entries: (readonly [string, unknown])[] = [];
  for (const [field, held] of Object.entries(value)) {
    const below = fields.get(field);
    if (below !== undefined) entries.push([field, below === "" ? held : known(below, held)]);
  }
  return Object.fromEntries(entries);
};

const isKind = (word: string): word is KubernetesKind => Object.hasOwn(kubernetesFields, word);

/** The kind of the object or of the objects that a word stands for; none in a scalar or a map. */
const kindIn = (word: string): KubernetesKind | "" => {
  const kind = word.replace(/(\[\])?!?$/, "");
  return isKind(kind) ? kind : "";
};

const tableOf = (fields: {
  readonly [field: string]: string;
}): ReadonlyMap<string, KubernetesKind | ""> =>
  new Map(Object.entries(fields).map(([field, word]) => [field, kindIn(word)]));

const tables = Object.fromEntries(
  Object.entries(kubernetesFields).map(([kind, fields]) => [kind, tableOf(fields)]),
) as { readonly [K in KubernetesKind]: ReadonlyMap<string, KubernetesKind | ""> }; // each has one
