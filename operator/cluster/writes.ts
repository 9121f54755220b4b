/**
 * How the operator changes objects behind an API server: adoption, replicas, deletion, status.
 *
 * Source: Kubernetes, "Server-Side Apply"; design 5.2.1-3.
 */
import { isPlain } from "../../api/shape/plain.ts";
import { type KubernetesObject, refOf } from "../render/object.ts";
import { adopted, takenOver } from "./adopt.ts";
import type { Clock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";
import { manager, replicasManager } from "./marks.ts";
import { isStatus, refusalOf, type Target, targetOf, type Verbs } from "./verbs.ts";

const statusManager = "espalier-status";

/** Controllers report on an object the moment it changes; more than this is more than that. */
const tries = 5;

const isConflict = (error: unknown): boolean =>
  error instanceof ClusterError && error.code === "CONFLICT";

/** Does again from the start what others have come in between of. */
const persistently = async (run: () => Promise<void>): Promise<void> => {
  for (let left = tries; ; left--) {
    try {
      await run();
      return;
    } catch (error) {
      if (!isConflict(error) || left === 1) throw error;
    }
  }
};

/** Content first, then whose it is: between the two it is not yet seen as ours, and begun again. */
const adoptOnce = async (
  verbs: Verbs,
  clock: Clock,
  { seen, object, target }: Adoption,
): Promise<void> => {
  const before = await verbs.readSame("adopt", seen);
  const { managedFields: _, ...metadata } = adopted(before, object).metadata;
  const put = await verbs.replace(target, manager, { ...adopted(before, object), metadata });
  const fields = takenOver(put, object, new Date(clock.now()));
  await verbs.patch(target, put, [
    { op: "replace", path: "/metadata/managedFields", value: fields },
  ]);
};

type Adoption = {
  readonly seen: KubernetesObject;
  readonly object: KubernetesObject;
  readonly target: Target;
};

export const adopt = async (
  verbs: Verbs,
  clock: Clock,
  seen: KubernetesObject,
  object: KubernetesObject,
): Promise<KubernetesObject> => {
  const target = targetOf("adopt", refOf(object));
  await persistently(() => adoptOnce(verbs, clock, { seen, object, target }));
  return verbs.apply("apply", manager, object);
};

const handOverOnce = async (verbs: Verbs, seen: KubernetesObject): Promise<void> => {
  const attempt = "hand over replicas of";
  const now = await verbs.readSame(attempt, seen);
  const spec = now["spec"];
  if (!isPlain(spec) || !("replicas" in spec)) return;
  const { apiVersion, kind } = now;
  const { name, namespace = "", resourceVersion = "" } = now.metadata;
  await verbs.apply(attempt, replicasManager, {
    ...{ apiVersion, kind, metadata: { name, namespace, resourceVersion } },
    spec: { replicas: spec.replicas },
  });
};

export const handOverReplicas = (verbs: Verbs, seen: KubernetesObject): Promise<void> =>
  persistently(() => handOverOnce(verbs, seen));

/** What others have made dependents of. Anything else would only wait for the garbage collector. */
const hasDependents: ReadonlySet<string> = new Set(["Deployment", "ReplicaSet"]);

const propagationOf = ({ kind }: KubernetesObject, dependents: "foreground" | "orphan"): string => {
  if (dependents === "orphan") return "Orphan";
  return hasDependents.has(kind) ? "Foreground" : "Background";
};

/** Answers what is left of it for now: an object that waits for its dependents, or nothing. */
export const remove = async (
  verbs: Verbs,
  object: KubernetesObject,
  dependents: "foreground" | "orphan",
): Promise<KubernetesObject | undefined> => {
  const target = targetOf("remove", refOf(object));
  const answer = await verbs.remove(target, {
    preconditions: { uid: object.metadata.uid },
    propagationPolicy: propagationOf(object, dependents),
  });
  // A conflict is about the uid: this very object is gone.
  if (answer.status === 409 || (answer.status === 404 && isStatus(answer.body))) return undefined;
  if (answer.status >= 300) throw refusalOf(target, answer);
  if (isStatus(answer.body)) return undefined;
  const left = answer.body as KubernetesObject; // what is not a Status is the object
  return isWaiting(left) ? left : undefined;
};

const isWaiting = ({ metadata }: KubernetesObject): boolean =>
  "finalizers" in metadata && Array.isArray(metadata.finalizers) && metadata.finalizers.length > 0;

export const report = async (
  verbs: Verbs,
  seen: KubernetesObject,
  status: object,
): Promise<KubernetesObject> => {
  const target = targetOf("report on", refOf(seen));
  const send = (at: KubernetesObject): Promise<KubernetesObject> =>
    verbs.patch(target, at, [{ op: "add", path: "/status", value: status }], {
      subresource: "status",
      fieldManager: statusManager,
    });
  try {
    return await send(seen);
  } catch (error) {
    if (!isConflict(error)) throw error;
    const now = await verbs.readSame("report on", seen);
    if (now.metadata.generation !== seen.metadata.generation) throw error;
    return await send(now); // labels and the like are no matter of ours
  }
};
