/** What a condition says, and the words for it. Source: operator contract, 8.3; design 5.2.8. */
import { finder, type Observation } from "./observation.ts";
import { type KubernetesObject, nameOf, refOf } from "./render/object.ts";

/** What a condition says; when it began to say so is added by `dated`. */
export type Claim = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

export type Condition = Claim & {
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
};

/** Every reason of ours, beside the faults': what it means. */
export const conditionReasons = {
  Ready: "workloads, services and routes are as the manifest says",
  NameNotFree: "an object that was there before is being deleted; its finalizers may keep it",
  ServicesNotReady: "a Service is not there yet",
  WorkloadsNotReady: "pods are starting, or fail: look at the Deployments that the message names",
  RolloutStuck:
    "new pods did not become available in time: look at the events of the Deployments that the message names",
  RoutesNotReady: "routes wait for predictors, or no gateway has taken them on",
  RollingOut: "changes are on their way",
  Settled: "nothing is left to do",
  NewestEngine: "every engine is of the operator's version",
  NewerEngineAvailable:
    "an engine is older than the operator; it is renewed with the next change, or by ESPALIER_ROLL_ENGINES",
  FieldsIgnored: "the manifest says something in vain: mend the fields that the message names",
  MalformedSettings:
    "the ConfigMap seldon-config cannot be read: what it said before still holds; mend it",
  RoutesAccepted: "gateways have taken the routes on",
  NoRoutes: "the Gateway API is switched off, or no predictor can take traffic yet",
} as const;

type Reason = keyof typeof conditionReasons;

export const claim = (
  type: string,
  status: Claim["status"],
  reason: Reason,
  message = "",
): Claim => ({
  type,
  status,
  reason,
  message,
});

/** Source: Kubernetes API, meta/v1 Condition takes 32768; a person reads far less. */
const longestMessage = 4000;

export const sentences = (messages: readonly string[]): string => {
  const all = [...new Set(messages)].sort().join("; ");
  return all.length > longestMessage ? `${all.slice(0, longestMessage)}...` : all;
};

/** The names of those that are not there, sorted. */
export const unfound = (
  objects: readonly KubernetesObject[],
  { live }: Observation,
): readonly string[] => {
  const find = finder(live);
  return objects
    .filter((object) => find(object) === undefined)
    .map((object) => nameOf(refOf(object)))
    .sort();
};
