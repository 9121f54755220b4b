/**
 * One pass over the objects of one deployment: what is live, what it writes, what it cannot.
 *
 * A fault of one object keeps no other from being brought about. What another try mends by itself
 * (a conflict, a server that does not answer) is thrown.
 */
import type { Cluster } from "./cluster/cluster.ts";
import { type Fault, faultOf, kindMissing, nameTaken } from "./faults.ts";
import { makeHand, type Write } from "./hand.ts";
import { type KubernetesObject, keyOf, type Ref, refOf } from "./render/object.ts";
import { standingOf } from "./standing.ts";

export type Pass = {
  /** Makes a live object of a desired one, if it can. */
  bring(desired: KubernetesObject): Promise<void>;
  /** Deletes an object of ours. */
  prune(stale: KubernetesObject): Promise<void>;
  /** Lets the pods go that served until this Deployment was ready. Answers whether any are left. */
  release(desired: KubernetesObject): Promise<boolean>;
  /** The live object as this pass knows it by now. */
  live(desired: KubernetesObject): KubernetesObject | undefined;
  /** All live objects of the deployment. */
  all(): readonly KubernetesObject[];
  readonly faults: readonly Fault[];
  /** Objects of our names that are on their way out: what is to take their place has to wait. */
  readonly leaving: readonly Ref[];
};

export type PassOptions = {
  /** Of the SeldonDeployment. */
  readonly uid: string;
  /** It has never been reported on, so there is nothing to take the place of. */
  readonly isFirst: boolean;
  /** Called after each write. */
  readonly wrote: (write: Write) => void;
};

export const makePass = (cluster: Cluster, { uid, isFirst, wrote }: PassOptions): Pass => {
  const live = new Map(cluster.owned(uid).map((object) => [keyOf(refOf(object)), object]));
  const faults: Fault[] = [];
  const leaving: Ref[] = [];
  const hand = makeHand(cluster, { live, leaving, isFirst, wrote });

  const bring = async (desired: KubernetesObject): Promise<void> => {
    const ref = refOf(desired);
    if (!cluster.serves(desired)) {
      faults.push(kindMissing(desired));
      return;
    }
    const current = live.get(keyOf(ref)) ?? (await cluster.read(ref));
    if (current === undefined) return hand.create(desired);
    const standing = standingOf(current, desired, uid);
    switch (standing.is) {
      case "taken":
        faults.push(nameTaken(ref, standing.why));
        return;
      case "leaving":
        live.delete(keyOf(ref));
        leaving.push(ref);
        return;
      case "adoptable":
        return hand.adopt(current, desired);
      case "ours":
        return hand.update(current, desired);
    }
  };

  const guarded = async <T>(
    { kind }: KubernetesObject,
    work: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      const fault = faultOf(error, kind);
      if (fault === undefined || fault.reason === "Unavailable") throw error;
      faults.push(fault);
      return undefined;
    }
  };

  return {
    bring: (desired) => guarded(desired, () => bring(desired)),
    prune: (stale) => guarded(stale, () => hand.prune(stale)),
    release: async (desired) => (await guarded(desired, () => hand.release(desired))) ?? true,
    live: (desired) => live.get(keyOf(refOf(desired))),
    all: () => [...live.values()],
    faults,
    leaving,
  };
};
