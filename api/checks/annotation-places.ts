/**
 * Each annotation of ours is read in some places, and has no effect in the others.
 *
 * Source: operator contract, 10.
 */

import { type Place, perAnnotation } from "./annotations.ts";
import { type Check, either, warning } from "./check.ts";

/** What the operator and ingresses are told about a deployment. */
const ofDeployment: readonly Place[] = ["spec", "metadata"];
/** What an engine reads of its pod, which has no annotations of `metadata`. */
const ofPods: readonly Place[] = ["spec", "predictor", "component"];

const readIn: Readonly<Record<string, readonly Place[]>> = {
  "seldon.io/engine-separate-pod": ["spec"],
  "seldon.io/no-storage-initializer": ["spec"],
  "seldon.io/no-engine": ["predictor"],
  "seldon.io/svc-name": ["predictor"],
  "seldon.io/headless-svc": ofDeployment,
  "seldon.io/rest-timeout": [...ofPods, "metadata"], // there for ingresses
  "seldon.io/grpc-timeout": [...ofPods, "metadata"],
  "seldon.io/grpc-max-message-size": ofPods,
  "espalier.io/graph-timeout": ofPods,
};

/** Whole families, by the beginning of their names. */
const families: readonly (readonly [prefix: string, places: readonly Place[]])[] = [
  ["seldon.io/engine-", ["spec"]],
  ["seldon.io/executor-logger-", ofDeployment],
  ["seldon.io/istio-", ofDeployment],
  ["seldon.io/ambassador-", ofDeployment],
  ["espalier.io/gateway", ofDeployment],
  ["espalier.io/host", ofDeployment],
  ["espalier.io/grpc-", ofDeployment],
];

const placesOf = (key: string): readonly Place[] | undefined =>
  Object.hasOwn(readIn, key)
    ? readIn[key]
    : families.find(([prefix]) => key.startsWith(prefix))?.[1];

const words: { readonly [P in Place]: string } = {
  metadata: "metadata.annotations",
  spec: "spec.annotations",
  predictor: "annotations of the predictor",
  component: "metadata.annotations of its componentSpec",
};

/** An annotation is where it is read. */
export const annotationsAreInPlace: Check = perAnnotation((key, _value, path, place) => {
  const wanted = placesOf(key);
  if (wanted === undefined || wanted.includes(place)) return [];
  return [
    warning(path, `has no effect here; write it to ${either(wanted.map((one) => words[one]))}`),
  ];
});
