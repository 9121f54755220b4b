/**
 * What people are told of a deployment: one event for each change, under v1's reasons, and one for
 * each new fault. Source: operator contract, 8.3; deviation O3.
 */
import type { ClusterEvent } from "./cluster/cluster.ts";
import type { Write } from "./hand.ts";
import { conditionOf, textAt } from "./live.ts";
import { type KubernetesObject, nameOf } from "./render/object.ts";
import type { Status } from "./status.ts";

/** v1's words for kinds; every other kind is called by its name. */
const words: { readonly [kind: string]: string } = {
  HorizontalPodAutoscaler: "HPA",
  PodDisruptionBudget: "PDB",
  Mapping: "AmbassadorMapping",
};

const past = { Create: "created", Update: "updated", Delete: "deleted" } as const;

export const writeEvent = (about: KubernetesObject, { verb, ref, why }: Write): ClusterEvent => ({
  about,
  type: "Normal",
  reason: `${verb}${words[ref.kind] ?? ref.kind}`,
  message: `${past[verb]} ${nameOf(ref)}: ${why}`,
});

/** The events of a new status: v1's `Updated` when the state changes, a warning for a new fault. */
export const statusEvents = (about: KubernetesObject, status: Status): readonly ClusterEvent[] => {
  const before = conditionOf(about, "Ready");
  const ready = conditionOf({ status }, "Ready");
  const isNews =
    textAt(ready, "reason") !== textAt(before, "reason") ||
    textAt(ready, "message") !== textAt(before, "message");
  const isChanged = textAt(about, "status", "state") !== status.state;
  return [
    ...(isChanged
      ? [{ about, type: "Normal", reason: "Updated", message: `state is ${status.state}` } as const]
      : []),
    ...(isNews && status.state === "Failed" ? [failure(about, ready, status)] : []),
  ];
};

const failure = (
  about: KubernetesObject,
  ready: unknown,
  { description }: Status,
): ClusterEvent => ({
  about,
  type: "Warning",
  reason: "InternalError",
  message: `${textAt(ready, "reason")}: ${description}`,
});
