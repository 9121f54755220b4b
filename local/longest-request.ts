import { wholeNumber } from "../api/whole-number.ts";
import type { Site } from "./site.ts";

/** Source, also of the number: design 5.3.1. */
const annotation = "espalier.io/graph-timeout";
const defaultMs = 600_000;

/** As long as a request may take at most; a version that is replaced waits so long for its last. */
export const longestRequestMs = ({ deployment, index }: Site): number => {
  const { annotations } = deployment.spec.predictors[index] ?? {};
  const text = annotations?.[annotation] ?? deployment.spec.annotations?.[annotation];
  return wholeNumber(annotation, text ?? "") || defaultMs;
};
