/** Annotations of a deployment that `parse` has read: an empty one says nothing, numbers are numbers. */
import { annotationOf } from "../../../api/deployment.ts";
import type { Deployment } from "../../../api/types.ts";

export const textOf = (deployment: Deployment, name: string): string | undefined =>
  annotationOf(deployment, name) || undefined;

/** What ingresses take at most. */
const most = 2 ** 31 - 1;

/** None below zero, which is no limit there, as a negative one is for engines. */
export const numberOf = (deployment: Deployment, name: string): number | undefined => {
  const text = textOf(deployment, name);
  return text === undefined ? undefined : Math.max(0, Math.min(Number(text), most));
};
