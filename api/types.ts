/**
 * The types of a SeldonDeployment, derived from its schema. Everything is read-only: a value is
 * made once, by `parse`, and then trusted.
 */

import type { Static } from "typebox";
import type { Kubernetes } from "./kubernetes/fields.ts";
import type { SeldonDeploymentSchema } from "./schema.ts";

type ReadonlyDeep<T> = unknown extends T
  ? T
  : T extends readonly (infer Item)[]
    ? readonly ReadonlyDeep<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
      : T;

/** A SeldonDeployment as a user may write it: well-shaped, nothing defaulted. */
export type SeldonDeployment = ReadonlyDeep<Static<typeof SeldonDeploymentSchema>>;
export type SeldonDeploymentSpec = SeldonDeployment["spec"];
export type SeldonDeploymentStatus = NonNullable<SeldonDeployment["status"]>;

export type PredictorSpec = SeldonDeploymentSpec["predictors"][number];
export type PredictiveUnit = PredictorSpec["graph"];
export type Endpoint = NonNullable<PredictiveUnit["endpoint"]>;
export type Parameter = NonNullable<PredictiveUnit["parameters"]>[number];
export type UnitLogger = NonNullable<PredictiveUnit["logger"]>;
export type Explainer = NonNullable<PredictorSpec["explainer"]>;
export type SvcOrchSpec = NonNullable<PredictorSpec["svcOrchSpec"]>;
export type SeldonPodSpec = NonNullable<PredictorSpec["componentSpecs"]>[number];
export type HpaSpec = NonNullable<SeldonPodSpec["hpaSpec"]>;
export type KedaSpec = NonNullable<SeldonPodSpec["kedaSpec"]>;
export type PdbSpec = NonNullable<SeldonPodSpec["pdbSpec"]>;

export type ObjectMeta = Kubernetes<"ObjectMeta">;
export type PodSpec = Kubernetes<"PodSpec">;
export type Container = Kubernetes<"Container">;
export type ContainerPort = Kubernetes<"ContainerPort">;
export type EnvVar = Kubernetes<"EnvVar">;
export type EnvFromSource = Kubernetes<"EnvFromSource">;
export type Lifecycle = Kubernetes<"Lifecycle">;
export type Probe = Kubernetes<"Probe">;
export type ResourceRequirements = Kubernetes<"ResourceRequirements">;
export type SecurityContext = Kubernetes<"SecurityContext">;
export type Volume = Kubernetes<"Volume">;
export type VolumeMount = Kubernetes<"VolumeMount">;

export type Protocol = Exclude<NonNullable<SeldonDeploymentSpec["protocol"]>, "">;
export type Transport = Exclude<NonNullable<SeldonDeploymentSpec["transport"]>, "">;
export type ServerType = Exclude<NonNullable<SeldonDeploymentSpec["serverType"]>, "">;

/**
 * What `parse` answers: checked, defaulted and deep-frozen.
 *
 * The namespace is known, every predictor has its labels (with `version`) and a list of
 * componentSpecs (empty for a graph of built-in nodes alone), every node of a graph has an
 * `implementation`, and every node with a container has its `endpoint`.
 */
export type Deployment = Omit<SeldonDeployment, "metadata" | "spec"> & {
  readonly metadata: ObjectMeta & { readonly name: string; readonly namespace: string };
  readonly spec: Omit<SeldonDeploymentSpec, "predictors"> & {
    readonly predictors: readonly Predictor[];
  };
};

/** A predictor after defaulting. */
export type Predictor = PredictorSpec & {
  readonly labels: { readonly [key: string]: string };
  readonly componentSpecs: readonly SeldonPodSpec[];
};
