/** What becomes of one live object when Espalier takes a deployment over. */
import { adopted } from "../cluster/adopt.ts";
import { withDefaults } from "../cluster/memory/defaults.ts";
import { differencesOf } from "../compare.ts";
import { unchangeable } from "../difference.ts";
import { listAt, textAt } from "../live.ts";
import type { KubernetesObject } from "../render/object.ts";
import type { Standing } from "../standing.ts";

export type Action =
  /** It is as it is wanted. */
  | "keep"
  /** It is changed in place, and is Espalier's from then on. */
  | "adopt"
  /** It is Espalier's already, and changed in place. */
  | "update"
  /** It goes without its pods, which serve until those of its successor are ready. */
  | "replace"
  | "create"
  /** It is wanted no more, and goes when all else is ready. */
  | "remove"
  /** Somebody else's: Espalier leaves it alone, and the deployment waits. */
  | "taken"
  /** It is being deleted; what takes its place waits. */
  | "leaving";

export type Change = {
  readonly kind: string;
  readonly name: string;
  readonly action: Action;
  /** Paths of fields that change or come. */
  readonly changed: readonly string[];
  /** Paths of fields that go. */
  readonly gone: readonly string[];
  /** Its pods are replaced, one rolling update. */
  readonly rolls: boolean;
  readonly images: readonly ImageChange[];
  /** Why it cannot be had, or why it is replaced. */
  readonly why?: string;
};

export type ImageChange = {
  readonly container: string;
  readonly from: string;
  readonly to: string;
};

const named = ({ kind, metadata }: KubernetesObject) => ({ kind, name: metadata.name });
const untouched = { changed: [], gone: [], rolls: false, images: [] };

export const creation = (desired: KubernetesObject): Change => ({
  ...named(desired),
  action: "create",
  ...untouched,
});

export const removal = (live: KubernetesObject): Change => ({
  ...named(live),
  action: "remove",
  ...untouched,
});

export const changeOf = (
  live: KubernetesObject,
  desired: KubernetesObject,
  standing: Standing,
): Change => {
  const name = named(desired);
  if (standing.is === "taken") {
    return { ...name, action: "taken", ...untouched, why: standing.why };
  }
  if (standing.is === "leaving") return { ...name, action: "leaving", ...untouched };
  const why = unchangeable(live, desired);
  const changed = changedIn(live, desired);
  const gone = standing.is === "adoptable" ? goneFrom(live, desired, changed) : [];
  const isSame = changed.length === 0 && gone.length === 0;
  const inPlace = standing.is === "adoptable" ? "adopt" : isSame ? "keep" : "update";
  const rolls = desired.kind === "Deployment" && [...changed, ...gone].some(isOfPods);
  return {
    ...name,
    ...{ action: why === undefined ? inPlace : "replace", changed, gone, rolls },
    images: desired.kind === "Deployment" ? imagesOf(live, desired) : [],
    ...(why === undefined ? {} : { why }),
  };
};

const isOfPods = (path: string): boolean => path.startsWith("spec.template.");

const changedIn = (live: KubernetesObject, desired: KubernetesObject): readonly string[] => {
  // Dumps name the version of an API that kubectl prefers.
  const { metadata, apiVersion: _, kind: _kind, ...content } = desired;
  const { labels, annotations } = metadata;
  return [
    ...differencesOf(content, live),
    ...differencesOf({ metadata: { labels, annotations } }, live).filter(
      (path) => !path.includes("espalier.io/"),
    ),
  ];
};

/** What is live and neither wanted, nor filled in by the API server, nor kept. */
const goneFrom = (
  live: KubernetesObject,
  desired: KubernetesObject,
  changed: readonly string[],
): readonly string[] => {
  const after = withDefaults(adopted(live, desired), textAt(live, "spec", "clusterIP"));
  const known = new Set(changed);
  return differencesOf({ spec: live["spec"] }, after).filter((path) => !known.has(path));
};

const imagesOf = (live: KubernetesObject, desired: KubernetesObject): readonly ImageChange[] => {
  const before = imagesByContainer(live);
  return [...imagesByContainer(desired)].flatMap(([container, to]) => {
    const from = before.get(container) ?? "";
    return from === to ? [] : [{ container, from, to }];
  });
};

const imagesByContainer = (deployment: KubernetesObject): ReadonlyMap<string, string> =>
  new Map(
    ["initContainers", "containers"]
      .flatMap((field) => listAt(deployment, "spec", "template", "spec", field))
      .map((one) => [textAt(one, "name"), textAt(one, "image")]),
  );
