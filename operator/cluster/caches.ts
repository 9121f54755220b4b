/** What the operator keeps in mind of a cluster, and what has it look at a deployment again. */
import type { KubernetesObject } from "../render/object.ts";
import { type Cache, makeCache } from "./cache.ts";
import type { Changed } from "./cluster.ts";
import { configMaps, idOf, type Kind, namespaces, ownedKinds, seldonDeployments } from "./kinds.ts";
import { controllerOf } from "./owner.ts";

export type CachesOptions = {
  /** Empty: all namespaces. */
  readonly namespace: string;
  readonly changed: Changed;
  /** A ConfigMap to watch, and who is told what is in it: when it is found and after every change. */
  readonly config?: {
    readonly namespace: string;
    readonly name: string;
    readonly changed: (configMap: KubernetesObject | undefined) => void;
  };
};

export type Watched = {
  readonly kind: Kind;
  readonly cache: Cache;
  readonly isNeeded: boolean;
  readonly query: Readonly<Record<string, string>>;
  readonly namespace: string;
};

const isOwned = (object: KubernetesObject): boolean => controllerOf(object) !== undefined;

/** All caches with what fills them. */
export const makeCaches = ({ namespace, changed, config }: CachesOptions) => {
  const deployments = makeCache({
    wanted: () => true,
    changed: ({ metadata }) => changed(metadata.namespace ?? "", metadata.name),
  });
  const lookAgain = (inNamespace?: string): void => {
    for (const { metadata } of deployments.all())
      if (inNamespace === undefined || metadata.namespace === inNamespace)
        changed(metadata.namespace ?? "", metadata.name);
  };
  const ownerChanged = (object: KubernetesObject): void => {
    const owner = controllerOf(object);
    if (owner !== undefined) changed(object.metadata.namespace ?? "", owner.name);
  };
  const all = { isNeeded: true, query: {}, namespace };
  const owned = ownedKinds.map(
    (kind): Watched => ({
      ...all,
      kind,
      isNeeded: !kind.isAddOn,
      query: kind.label === undefined ? {} : { labelSelector: kind.label },
      cache: makeCache({ wanted: isOwned, changed: ownerChanged }),
    }),
  );
  const inNamespaces = makeCache({
    wanted: () => true,
    changed: ({ metadata }) => lookAgain(metadata.name),
  });
  const watched: Watched[] = [{ ...all, kind: seldonDeployments, cache: deployments }, ...owned];
  if (namespace === "") watched.push({ ...all, kind: namespaces, cache: inNamespaces });
  if (config !== undefined) watched.push(configWatch(config));
  return {
    watched,
    deployments,
    inNamespaces,
    lookAgain,
    byKind: new Map(watched.map(({ kind, cache }) => [idOf(kind), cache])),
    controlledBy: (uid: string): readonly KubernetesObject[] =>
      owned.flatMap(({ cache }) => cache.controlledBy(uid)),
  };
};

const configWatch = (config: NonNullable<CachesOptions["config"]>): Watched => {
  const { namespace, name } = config;
  const cache = makeCache({
    wanted: () => true,
    // Also told of what it was before: what it is now is asked for.
    changed: () => config.changed(cache.get(namespace, name)),
  });
  const query = { fieldSelector: `metadata.name=${name}` };
  return { kind: configMaps, cache, isNeeded: true, query, namespace };
};

export type Caches = ReturnType<typeof makeCaches>;
