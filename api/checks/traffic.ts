/** Which predictors there are, and how much of the requests each gets. */

import { maxPredictors } from "../crd/rules.ts";
import { at, item } from "../path.ts";
import type { PredictorSpec } from "../types.ts";
import { type Check, fault, warning } from "./check.ts";

type Placed = { readonly predictor: PredictorSpec; readonly path: string };

const placed = (predictors: readonly PredictorSpec[]): readonly Placed[] =>
  predictors.map((predictor, i) => ({ predictor, path: item("spec.predictors", i) }));

const isShadow = ({ predictor }: Placed): boolean => predictor.shadow === true;
const trafficOf = ({ predictor }: Placed): number => predictor.traffic ?? 0;
const isOutside = (percent: number): boolean => percent < 0 || percent > 100;

/** Rule 7: there is a predictor; and no more of them than the CRD takes. */
export const somePredictor: Check = ({ deployment: { spec } }) => {
  const { length } = spec.predictors;
  if (length === 0) {
    return [fault("spec.predictors", "is empty; a deployment needs at least one predictor")];
  }
  if (length <= maxPredictors) return [];
  const message = `holds ${length} predictors, and there may be ${maxPredictors}; make several deployments of it`;
  return [fault("spec.predictors", message)];
};

/** Rule 5: the only predictor is not a shadow. */
export const someLivePredictor: Check = ({ deployment: { spec } }) => {
  const [only, ...others] = placed(spec.predictors);
  if (only === undefined || others.length > 0 || !isShadow(only)) return [];
  const message = "the only predictor is a shadow, so nothing would answer; remove shadow";
  return [fault(at(only.path, "shadow"), message)];
};

/** Rule 18: at most one predictor is a shadow. */
export const oneShadow: Check = ({ deployment: { spec } }) => {
  const [first, second] = placed(spec.predictors).filter(isShadow);
  if (first === undefined || second === undefined) return [];
  const message = `is a second shadow beside "${first.predictor.name}"; keep one shadow`;
  return [fault(at(second.path, "shadow"), message)];
};

/** Rule 19: a shadow gets a copy of 0 to 100 percent of the requests. */
export const shadowTrafficInRange: Check = ({ deployment: { spec } }) =>
  placed(spec.predictors)
    .filter((each) => isShadow(each) && isOutside(trafficOf(each)))
    .map((each) =>
      fault(at(each.path, "traffic"), `is ${trafficOf(each)}; write a percentage from 0 to 100`),
    );

/** Rule 20: the traffic of several live predictors sums to 100, and none lies outside 0 to 100. */
export const trafficSumsToAll: Check = ({ deployment: { spec } }) => {
  const live = placed(spec.predictors).filter((each) => !isShadow(each));
  if (live.length < 2) return [];
  const outside = live.filter((each) => isOutside(trafficOf(each)));
  if (outside.length > 0) {
    return outside.map((each) =>
      fault(at(each.path, "traffic"), `is ${trafficOf(each)}; write a percentage from 0 to 100`),
    );
  }
  const sum = live.reduce((total, each) => total + trafficOf(each), 0);
  if (sum === 100) return [];
  const shares = live.map((each) => `${each.predictor.name}: ${trafficOf(each)}`).join(", ");
  const message = `the traffic of the predictors sums to ${sum} (${shares}); make it sum to 100`;
  return [fault("spec.predictors", message)];
};

/** Rule 21: a lone predictor gets all traffic, whatever way that is written (nothing, 0 or 100). */
export const loneTrafficIsAll: Check = ({ deployment: { spec } }) => {
  const [only, ...others] = placed(spec.predictors);
  if (only === undefined || others.length > 0) return [];
  const traffic = trafficOf(only);
  const path = at(only.path, "traffic");
  if (traffic > 0 && traffic < 100) {
    const message = `is ${traffic}, but the only predictor gets everything; write 100 or remove it`;
    return [fault(path, message)];
  }
  return isOutside(traffic) && !isShadow(only)
    ? [warning(path, `is ${traffic} and counts as 100; write 100 or remove it`)]
    : [];
};
