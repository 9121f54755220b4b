/** What writes: every change of an object that a deployment owns. Only what differs is written. */
import type { Cluster } from "./cluster/cluster.ts";
import { differenceOf, losesReplicas, unchangeable } from "./difference.ts";
import { annotated, marked, markOf, replacesAnnotation } from "./marks.ts";
import { type KubernetesObject, keyOf, type Ref, refOf } from "./render/object.ts";
import { leavePodsBehind, removeLeftBehind, wasReplaced } from "./replace.ts";

export type Write = {
  readonly verb: "Create" | "Update" | "Delete";
  readonly ref: Ref;
  /** What made it necessary: "it is missing", or the field that differs. */
  readonly why: string;
};

export type Hand = {
  create(desired: KubernetesObject): Promise<void>;
  /** Makes an object ours that others made. */
  adopt(current: KubernetesObject, desired: KubernetesObject): Promise<void>;
  update(current: KubernetesObject, desired: KubernetesObject): Promise<void>;
  /** Lets the pods go that served until this Deployment was ready. Answers whether any are left. */
  release(desired: KubernetesObject): Promise<boolean>;
  prune(stale: KubernetesObject): Promise<void>;
};

/** What a pass knows; the hand keeps it up to date. */
export type Known = {
  readonly live: Map<string, KubernetesObject>;
  readonly leaving: Ref[];
  readonly isFirst: boolean;
  readonly wrote: (write: Write) => void;
};

export const makeHand = (cluster: Cluster, { live, leaving, isFirst, wrote }: Known): Hand => {
  const took = (verb: Write["verb"], object: KubernetesObject, why: string): void => {
    live.set(keyOf(refOf(object)), object);
    wrote({ verb, ref: refOf(object), why });
  };
  const lost = (object: KubernetesObject, why: string): void => {
    live.delete(keyOf(refOf(object)));
    wrote({ verb: "Delete", ref: refOf(object), why });
  };

  const replace = async (current: KubernetesObject, why: string): Promise<void> => {
    if (current.kind === "Deployment") await leavePodsBehind(cluster, current);
    else await cluster.remove(current);
    leaving.push(refOf(current));
    lost(current, why);
  };

  const write = async (current: KubernetesObject, applied: KubernetesObject): Promise<void> => {
    const why = differenceOf(current, applied);
    live.set(keyOf(refOf(current)), current); // it may have been read, and not yet be in a cache
    if (why === undefined) return;
    if (losesReplicas(current, applied)) await cluster.handOverReplicas(current);
    took("Update", await cluster.apply(applied), why);
  };

  return {
    create: async (desired) => {
      const isSuccessor =
        desired.kind === "Deployment" && !isFirst && (await wasReplaced(cluster, desired));
      const whole = isSuccessor ? annotated(desired, { [replacesAnnotation]: "true" }) : desired;
      took("Create", await cluster.apply(marked(whole)), "it is missing");
    },
    adopt: async (current, desired) => {
      const why = desired.kind === "Deployment" ? unchangeable(current, desired) : undefined;
      if (why !== undefined) return replace(current, why);
      took("Update", await cluster.adopt(current, marked(desired)), "others made it");
    },
    update: async (current, desired) => {
      const why = unchangeable(current, desired);
      return why === undefined
        ? write(current, marked(withReplaces(desired, current)))
        : replace(current, why);
    },
    release: async (desired) => {
      const current = live.get(keyOf(refOf(desired)));
      if (current === undefined || markOf(current, replacesAnnotation) === undefined) return false;
      const { removed, isOver } = await removeLeftBehind(cluster, current);
      for (const set of removed) {
        wrote({ verb: "Delete", ref: refOf(set), why: "its successor is ready" });
      }
      if (isOver) await write(current, marked(desired));
      return !isOver;
    },
    prune: async (stale) => {
      if (stale.metadata.deletionTimestamp !== undefined) return;
      await cluster.remove(stale);
      lost(stale, "it is no longer wanted");
    },
  };
};

/** Pods of the Deployment before this one are still to go. */
const withReplaces = (desired: KubernetesObject, current: KubernetesObject): KubernetesObject =>
  markOf(current, replacesAnnotation) === undefined
    ? desired
    : annotated(desired, { [replacesAnnotation]: "true" });
