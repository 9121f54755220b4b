/** Annotations of a deployment that `parse` has read: an empty one says nothing, numbers are numbers. */
import { annotationOf } from "../../../api/deployment.ts";
import type { Deployment } from "../../../api/types.ts";

export const textOf = (deployment: Deployment, name: string): string | undefined =>
  annotationOf(deployment, name) || undefined;

export const numberOf = (deployment: Deployment, name: string): number | undefined => {
  const text = textOf(deployment, name);
  return text === undefined ? undefined : Number(text);
};
