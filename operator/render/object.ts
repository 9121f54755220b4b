/** Kubernetes objects as plain JSON, and the words by which they are told apart. */
import type { Words } from "./subject.ts";

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Words;
  readonly annotations?: Words;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
};

export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
};

/** A rendered object with the field of the manifest that gave it its name. */
export type Made = { readonly object: KubernetesObject; readonly path: string };

/** Where an object is; the version only says through which door to ask for it. */
export type Ref = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
};

export const refOf = ({ apiVersion, kind, metadata }: KubernetesObject): Ref => ({
  apiVersion,
  kind,
  namespace: metadata.namespace ?? "",
  name: metadata.name,
});

/** `Deployment ns1/mymodel-default-0-model`: how messages name an object. */
export const nameOf = ({ kind, namespace, name }: Ref): string => `${kind} ${namespace}/${name}`;

const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";

/** The same for the same object, whatever version of its API it was asked for in. */
export const keyOf = ({ apiVersion, kind, namespace, name }: Ref): string =>
  `${groupOf(apiVersion)}/${kind}/${namespace}/${name}`;

/** The fields that have a value. */
export const given = <T extends object>(
  fields: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>; // entries have lost their keys' types
  };
