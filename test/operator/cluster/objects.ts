/** Objects for tests of the port: small, and complete enough for a real API server. */
import { deploymentKind } from "../../../operator/cluster/owner.ts";
import type { KubernetesObject, Metadata } from "../../../operator/render/object.ts";

export const seldonDeployment = (
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): KubernetesObject => ({
  ...deploymentKind,
  metadata: { name, namespace },
  spec: { annotations, predictors: [{ name: "default", graph: { name: "model" } }] },
});

/** The metadata of an object that a SeldonDeployment controls. */
export const ownedBy = (owner: KubernetesObject, name: string): Metadata => ({
  name,
  namespace: owner.metadata.namespace ?? "",
  labels: { "seldon-deployment-id": owner.metadata.name },
  ownerReferences: [
    {
      ...deploymentKind,
      name: owner.metadata.name,
      uid: owner.metadata.uid ?? "",
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
});

export type Env = readonly { readonly name: string; readonly value: string }[];

export type WorkloadOptions = {
  readonly env?: Env;
  readonly image?: string;
  readonly replicas?: number;
  readonly ports?: readonly object[];
};

/** A Deployment of one container. */
export const workload = (
  metadata: Metadata,
  { env = [], image = "model:1", replicas, ports = [] }: WorkloadOptions = {},
): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: metadata.name } },
    template: {
      metadata: { labels: { app: metadata.name } },
      spec: { containers: [{ name: "model", image, env, ports }] },
    },
  },
});

export const service = (
  metadata: Metadata,
  ports: readonly object[] = [{ name: "http", port: 8000, targetPort: 8000, protocol: "TCP" }],
): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata,
  spec: { type: "ClusterIP", selector: { app: metadata.name }, ports },
});

type Spec = {
  readonly replicas?: number;
  readonly clusterIP?: string;
  readonly template?: { readonly spec: { readonly containers: readonly ContainerOf[] } };
};
type ContainerOf = {
  readonly image: string;
  readonly env?: Env;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
};

/** What a test asks of a live object is what a server answers of its kind. */
export const specOf = (object: KubernetesObject | undefined): Spec =>
  (object?.["spec"] ?? {}) as Spec;

export const containerOf = (object: KubernetesObject | undefined): ContainerOf | undefined =>
  specOf(object).template?.spec.containers[0];

export const envOf = (object: KubernetesObject | undefined): readonly string[] =>
  (containerOf(object)?.env ?? []).map(({ name, value }) => `${name}=${value}`);
