import { detectors } from "../../../api/built-ins/detectors.ts";
import { type Definition, define } from "../definition.ts";
import { makeIqr, makeRobustZscore } from "./columns.ts";
import { makeIsolationForest } from "./forest.ts";
import { makeMahalanobis } from "./mahalanobis.ts";

export const outlierDetectors: Readonly<Record<keyof typeof detectors, Definition>> = {
  MAHALANOBIS_DETECTOR: define(detectors.MAHALANOBIS_DETECTOR, makeMahalanobis),
  ISOLATION_FOREST_DETECTOR: define(detectors.ISOLATION_FOREST_DETECTOR, makeIsolationForest),
  ROBUST_ZSCORE_DETECTOR: define(detectors.ROBUST_ZSCORE_DETECTOR, makeRobustZscore),
  IQR_DETECTOR: define(detectors.IQR_DETECTOR, makeIqr),
};
