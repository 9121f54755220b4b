/**
 * The objects of one kind as last seen: by a watch, and in the answers to our own writes, which
 * the watch tells of later. Nothing older ever takes the place of something newer.
 */
import type { KubernetesObject } from "../render/object.ts";
import { slim } from "./marks.ts";
import { controllerOf } from "./owner.ts";

/** Where a watch puts what it learns. */
export type Sink = {
  /** Everything there is, at this version. */
  replace(objects: readonly KubernetesObject[], version: string): void;
  put(object: KubernetesObject): void;
  drop(object: KubernetesObject): void;
  /** All changes up to this version have been told. */
  reach(version: string): void;
  /** The kind is no more. */
  clear(): void;
};

export type Cache = Sink & {
  get(namespace: string, name: string): KubernetesObject | undefined;
  all(): readonly KubernetesObject[];
  controlledBy(uid: string): readonly KubernetesObject[];
  /** Takes the answer to a write of ours. */
  note(object: KubernetesObject): void;
  /** Takes note that a deletion of ours has left nothing. */
  bury(object: KubernetesObject): void;
};

export type CacheOptions = {
  /** Which objects are worth keeping. */
  readonly wanted: (object: KubernetesObject) => boolean;
  /** Told of every object before and after a change that is not of our own making. */
  readonly changed: (object: KubernetesObject) => void;
};

/**
 * Whether a version is newer: they are decimal numbers of any length.
 * Source: Kubernetes API concepts, "Resource versions" (comparable as of 1.35; with etcd, always).
 */
export const isNewer = (a: string, b: string): boolean =>
  a.length === b.length ? a > b : a.length > b.length;

const versionOf = ({ metadata }: KubernetesObject): string => metadata.resourceVersion ?? "";

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

const keyIn = ({ metadata }: KubernetesObject): string =>
  keyOf(metadata.namespace ?? "", metadata.name);

/** Objects by key, and by the uid of their controller. */
const makeShelf = () => {
  const objects = new Map<string, KubernetesObject>();
  const byController = new Map<string, Set<string>>();
  const take = (key: string): KubernetesObject | undefined => {
    const object = objects.get(key);
    const uid = object === undefined ? undefined : controllerOf(object)?.uid;
    objects.delete(key);
    if (uid === undefined) return object;
    const keys = byController.get(uid);
    keys?.delete(key);
    if (keys?.size === 0) byController.delete(uid);
    return object;
  };
  const lay = (key: string, object: KubernetesObject): void => {
    take(key);
    objects.set(key, object);
    const uid = controllerOf(object)?.uid;
    if (uid === undefined) return;
    const keys = byController.get(uid) ?? new Set();
    byController.set(uid, keys.add(key));
  };
  const controlledBy = (uid: string): readonly KubernetesObject[] =>
    [...(byController.get(uid) ?? [])].flatMap((key) => objects.get(key) ?? []);
  return { objects, take, lay, controlledBy };
};

export const makeCache = ({ wanted, changed }: CacheOptions): Cache => {
  const shelf = makeShelf();
  const buried = new Set<string>();
  /** What the watch has told of; an object older than this that is not here has been deleted. */
  let reached = "";

  const reach = (version: string): void => {
    if (isNewer(version, reached)) reached = version;
  };
  const takeAway = (key: string): void => {
    const gone = shelf.take(key);
    if (gone !== undefined) changed(gone);
  };
  /** Keeps an object if it is newer than what is there; answers whether it did. */
  const keep = (object: KubernetesObject): boolean => {
    const before = shelf.objects.get(keyIn(object));
    if (before !== undefined && !isNewer(versionOf(object), versionOf(before))) return false;
    if (buried.has(object.metadata.uid ?? "")) return false;
    shelf.lay(keyIn(object), slim(object));
    return true;
  };
  const put = (object: KubernetesObject): void => {
    reach(versionOf(object));
    const before = shelf.objects.get(keyIn(object));
    if (!wanted(object)) {
      if (before !== undefined && isNewer(versionOf(object), versionOf(before)))
        takeAway(keyIn(object));
      return;
    }
    if (!keep(object)) return;
    if (before !== undefined) changed(before);
    changed(object);
  };

  return {
    get: (namespace, name) => shelf.objects.get(keyOf(namespace, name)),
    all: () => [...shelf.objects.values()],
    controlledBy: shelf.controlledBy,
    replace: (objects, version) => {
      const listed = new Set(objects.map(keyIn));
      for (const [key, object] of shelf.objects)
        if (!listed.has(key) && !isNewer(versionOf(object), version)) takeAway(key);
      buried.clear();
      for (const object of objects) put(object);
      reach(version);
    },
    put,
    drop: (object) => {
      reach(versionOf(object));
      buried.delete(object.metadata.uid ?? "");
      const before = shelf.objects.get(keyIn(object));
      if (before !== undefined && !isNewer(versionOf(before), versionOf(object)))
        takeAway(keyIn(object));
    },
    reach,
    clear: () => {
      for (const key of [...shelf.objects.keys()]) takeAway(key);
    },
    note: (object) => {
      const isThere = shelf.objects.has(keyIn(object));
      if (wanted(object) && (isThere || isNewer(versionOf(object), reached))) keep(object);
    },
    bury: (object) => {
      const { uid } = object.metadata;
      if (uid === undefined) return;
      const before = shelf.objects.get(keyIn(object));
      if (before?.metadata.uid !== uid) return;
      shelf.take(keyIn(object));
      buried.add(uid);
    },
  };
};
