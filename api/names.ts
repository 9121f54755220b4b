/**
 * The names of everything a deployment becomes in a cluster. They never depend on images or other
 * content, so an edit keeps the objects it edits.
 *
 * Source: operator contract, 4.1.
 */

import { createHash } from "node:crypto";

/** The longest label value, and the longest name of a Service. */
export const maxNameLength = 63;

/** Source: operator contract, 10. */
export const serviceNameAnnotation = "seldon.io/svc-name";

type Named = { readonly name: string };
type NamedPredictor = Named & {
  readonly annotations?: { readonly [key: string]: string };
};
type NamedComponent = {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly containers: readonly Named[] };
};

const digest = (text: string): string => createHash("md5").update(text).digest("hex");

const hashed = (name: string): string =>
  name.length > maxNameLength ? `seldon-${digest(name)}` : name;

/** Cuts a name to size where v1 does so instead of hashing; a name must not end with `-`. */
export const cutName = (name: string): string => name.slice(0, maxNameLength).replace(/-$/, "");

/** The label value `seldon-deployment-id`, and the VirtualService. */
export const deploymentId = (deployment: string): string => hashed(deployment);

/** The Service in front of a predictor; also its DestinationRule. */
export const predictorServiceName = (deployment: string, predictor: NamedPredictor): string =>
  predictor.annotations?.[serviceNameAnnotation] ?? hashed(`${deployment}-${predictor.name}`);

export const containerServiceName = (
  deployment: string,
  predictor: string,
  container: string,
): string => hashed(`${deployment}-${predictor}-${container}`);

/** The DNS name of a Service from anywhere in the cluster. */
export const serviceHost = (service: string, namespace: string): string =>
  `${service}.${namespace}.svc.cluster.local`;

/** The name of a Deployment: whose it is, and whether too long a one keeps the owner's name. */
export type ComponentPlace = {
  readonly deployment: string;
  readonly predictor: string;
  /** The index of the componentSpec in its predictor. */
  readonly index: number;
  /** `Settings.deploymentNameAsPrefix` */
  readonly deploymentNameAsPrefix?: boolean;
};

/**
 * The Deployment of a componentSpec, and its HorizontalPodAutoscaler, ScaledObject and
 * PodDisruptionBudget. The componentSpec is as `parse` made it: with the containers of prepackaged
 * servers, without the engine.
 */
export const componentDeploymentName = (
  place: ComponentPlace,
  component: NamedComponent,
): string => {
  const containers = component.spec?.containers ?? [];
  const own = component.metadata?.name || containers.map(({ name }) => name).join("-");
  const name = `${place.deployment}-${place.predictor}-${place.index}-${own}`;
  if (name.length <= maxNameLength || !place.deploymentNameAsPrefix) return hashed(name);
  const prefixed = `${place.deployment}-${digest(name)}`;
  return prefixed.length <= maxNameLength ? prefixed : hashed(name);
};

/** The Deployment of an engine in a pod of its own. */
export const engineDeploymentName = (deployment: string, predictor: string): string =>
  hashed(`${deployment}-${predictor}-svc-orch`);

/** An explainer's Deployment, Service and DestinationRule. */
export const explainerName = (deployment: string, predictor: string): string =>
  hashed(`${deployment}-${predictor}-explainer`);

export const explainerVirtualServiceName = (deployment: string, predictor: string): string =>
  cutName(`${explainerName(deployment, predictor)}-http`);

/** The longest name of an object that no label and no host name repeats. Source: Kubernetes, object names. */
const maxObjectName = 253;

const plainName = (name: string, maxLength: number): string =>
  name.length <= maxLength && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)
    ? name
    : `seldon-${digest(name)}`;

/** A predictor among the subsets of its DestinationRule. */
export const subsetName = (predictor: string): string => plainName(predictor, maxNameLength);

/** Mappings and TLSContexts, which are named by whom they serve and for what (`rest`, `grpc`, `tls`). */
export const ambassadorName = (parts: readonly string[], purpose: string): string =>
  `${plainName(["seldon", ...parts].join("-"), maxObjectName - 1 - purpose.length)}-${purpose}`;
