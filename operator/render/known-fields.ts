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

/** `word` is one of `kubernetesFields`. */
const known = (word: string, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => known(word.replace("[]", ""), item));
  if (!isKind(word) || typeof value !== "object" || value === null) return value;
  const words: { readonly [field: string]: string } = kubernetesFields[word];
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, held]) => {
      const of = Object.hasOwn(words, field) ? words[field] : undefined;
      return of === undefined ? [] : [[field, known(of.replace("!", ""), held)]];
    }),
  );
};

const isKind = (word: string): word is KubernetesKind => Object.hasOwn(kubernetesFields, word);
