/** What a deployment asks of its cluster, in the order in which it is brought about. */
import type { KubernetesObject } from "./object.ts";
import type { Words } from "./subject.ts";
import type { Role } from "./workload.ts";

export type Desired = {
  /** First: what others reach the pods by. */
  readonly services: readonly KubernetesObject[];
  /** HorizontalPodAutoscalers, ScaledObjects, PodDisruptionBudgets. */
  readonly scaling: readonly KubernetesObject[];
  /** Predictor by predictor: an engine of its own, its componentSpecs, its explainer. */
  readonly deployments: readonly DesiredDeployment[];
};

/** A Deployment with what a reconciler needs to know of it beside its fields. */
export type DesiredDeployment = {
  readonly object: KubernetesObject;
  /** The name of the predictor that it serves. */
  readonly predictor: string;
  /** An explainer's readiness keeps no predictor from its routes. */
  readonly role: Role;
  /** Of the componentSpec it was made from; undefined for any other role. */
  readonly componentIndex: number | undefined;
};

/**
 * What the cluster knows and a manifest does not say: the secrets of the service accounts that
 * fetch models. An account that is not there has no entry; a secret that is not there is left out.
 *
 * Source: operator contract, 7.5.
 */
export type Facts = {
  readonly accounts: { readonly [serviceAccount: string]: readonly AccountSecret[] };
};

export type AccountSecret = {
  readonly name: string;
  /** The keys of its data. Values are never read. */
  readonly keys: readonly string[];
  readonly annotations: Words;
};

export const noFacts: Facts = { accounts: {} };
