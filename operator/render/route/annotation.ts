/** Annotations of a deployment that `parse` has read: an empty one says nothing, numbers are numbers. */
import { annotationOf } from "../../../api/deployment.ts";
import type { Deployment } from "../../../api/types.ts";
import { wholeNumber } from "../../../api/whole-number.ts";

export const textOf = (deployment: Deployment, name: string): string | undefined =>
  annotationOf(deployment, name) || undefined;

/** 0 is no limit for ingresses, as what is below zero is for engines. */
export const numberOf = (deployment: Deployment, name: string): number | undefined => {
  const text = textOf(deployment, name);
  return text === undefined ? undefined : wholeNumber(name, text);
};
