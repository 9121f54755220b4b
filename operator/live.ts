/** Reading live objects, which anybody may have written: nothing in them is sure to be there. */
import { isPlain } from "../api/shape/plain.ts";
import type { KubernetesObject } from "./render/object.ts";
import type { Words } from "./render/subject.ts";

/** What is at a path of plain data; undefined when there is nothing. */
export const valueAt = (value: unknown, ...path: readonly string[]): unknown => {
  let held = value;
  for (const key of path) {
    if (!isPlain(held)) return undefined;
    held = Object.getOwnPropertyDescriptor(held, key)?.value;
  }
  return held;
};

export const numberAt = (value: unknown, ...path: readonly string[]): number => {
  const found = valueAt(value, ...path);
  return typeof found === "number" ? found : 0;
};

export const textAt = (value: unknown, ...path: readonly string[]): string => {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : "";
};

export const listAt = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
};

/** Labels or annotations. */
export const wordsAt = (value: unknown, ...path: readonly string[]): Words => {
  const found = valueAt(value, ...path);
  const entries = isPlain(found) ? Object.entries(found) : [];
  return Object.fromEntries(entries.filter(([, word]) => typeof word === "string"));
};

/** The condition of a type in an object's status. */
export const conditionOf = (object: unknown, type: string): unknown =>
  listAt(object, "status", "conditions").find((one) => textAt(one, "type") === type);

/** The number of pods that a Deployment asks for. Source: Kubernetes API, apps/v1. */
export const replicasOf = (deployment: KubernetesObject): number => {
  const replicas = valueAt(deployment, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
};

/** The Deployment's controller has seen what it asks for. */
const isObserved = (deployment: KubernetesObject): boolean =>
  numberAt(deployment, "status", "observedGeneration") >= (deployment.metadata.generation ?? 0);

/** All of a Deployment's pods are the new ones, and available. Source: operator contract, 12.15. */
export const isReady = (deployment: KubernetesObject): boolean => {
  const count = (field: string): number => numberAt(deployment, "status", field);
  const replicas = replicasOf(deployment);
  return (
    isObserved(deployment) &&
    count("updatedReplicas") === replicas &&
    count("replicas") === replicas &&
    count("availableReplicas") === replicas &&
    count("unavailableReplicas") === 0
  );
};

/**
 * The newest pods have been available once, and no older ones are left. A Deployment whose pods
 * failed later has rolled out all the same: its changes are through.
 */
export const isRolledOut = (deployment: KubernetesObject): boolean => {
  const progressing = conditionOf(deployment, "Progressing");
  const count = (field: string): number => numberAt(deployment, "status", field);
  return (
    isReady(deployment) ||
    (isObserved(deployment) &&
      textAt(progressing, "reason") === "NewReplicaSetAvailable" &&
      count("updatedReplicas") === count("replicas"))
  );
};

/** The cluster has given up on the newest pods. Source: Kubernetes, progressDeadlineSeconds. */
export const isStuck = (deployment: KubernetesObject): boolean => {
  const progressing = conditionOf(deployment, "Progressing");
  return (
    isObserved(deployment) &&
    textAt(progressing, "status") === "False" &&
    textAt(progressing, "reason") === "ProgressDeadlineExceeded"
  );
};

/** It neither serves nor comes nearer to it. Source: operator contract, 8.3. */
export const hasFailed = (deployment: KubernetesObject): boolean =>
  textAt(conditionOf(deployment, "Progressing"), "status") === "False" &&
  textAt(conditionOf(deployment, "Available"), "status") === "False";

export const isAvailable = (deployment: KubernetesObject): boolean =>
  numberAt(deployment, "status", "availableReplicas") > 0;

/** The labels of a Deployment's pods. */
export const podLabelsOf = (deployment: KubernetesObject): Words =>
  wordsAt(deployment, "spec", "template", "metadata", "labels");
