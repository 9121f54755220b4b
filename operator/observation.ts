/** What a pass has found: all that a status, conditions and events are made from. */
import type { Issue } from "../api/result.ts";
import type { Settings } from "../api/settings.ts";
import type { Deployment } from "../api/types.ts";
import type { Fault } from "./faults.ts";
import type { RouteDecision } from "./gates.ts";
import type { DesiredDeployment } from "./render/desired.ts";
import { type KubernetesObject, keyOf, type Ref, refOf } from "./render/object.ts";

export type Observation = {
  readonly deployment: Deployment;
  readonly settings: Settings;
  readonly services: readonly KubernetesObject[];
  readonly scaling: readonly KubernetesObject[];
  readonly deployments: readonly DesiredDeployment[];
  /** The routes to the predictors that can take traffic. */
  readonly routes: readonly KubernetesObject[];
  readonly decision: RouteDecision;
  /** All live objects of the deployment, older ones too. */
  readonly live: readonly KubernetesObject[];
  readonly faults: readonly Fault[];
  /** Objects of our names that have to go before ours can come. */
  readonly leaving: readonly Ref[];
  /** What the manifest says in vain. */
  readonly warnings: readonly Issue[];
  /** Deployments that run an older engine than they would be given. */
  readonly olderEngines: readonly string[];
  /** What is wrong with the cluster's settings, where this deployment depends on them. */
  readonly settingsFault: string | undefined;
};

/** The live object of a desired one. */
export const finder = (
  live: readonly KubernetesObject[],
): ((desired: KubernetesObject) => KubernetesObject | undefined) => {
  const byKey = new Map(live.map((object) => [keyOf(refOf(object)), object]));
  return (desired) => byKey.get(keyOf(refOf(desired)));
};
