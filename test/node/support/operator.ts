/** `espalier operator` in a pod. */
import type { Api, Given } from "../../cluster/support/api.ts";
import type { Cluster } from "../../cluster/support/cluster.ts";
import { installCrd } from "../../cluster/support/crd.ts";
import { isRolledOut } from "../../cluster/support/kubelet.ts";

export const operatorNamespace = "seldon-system";
const name = "seldon-controller-manager";
const metadata = { name, namespace: operatorNamespace };
const labels = { "control-plane": name };

export const operatorTarget = { apiVersion: "apps/v1", kind: "Deployment", ...metadata };

export const imageOf = (tag: string): string => `espalier/espalier:${tag}`;

/** Engines ask for little: several share two cores with a whole cluster. */
const env = (tag: string): readonly object[] => [
  { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
  { name: "EXECUTOR_CONTAINER_IMAGE_AND_VERSION", value: imageOf(tag) },
  { name: "EXECUTOR_DEFAULT_CPU_REQUEST", value: "20m" },
  { name: "EXECUTOR_DEFAULT_CPU_LIMIT", value: "1" },
  { name: "EXECUTOR_DEFAULT_MEMORY_REQUEST", value: "64Mi" },
  { name: "EXECUTOR_DEFAULT_MEMORY_LIMIT", value: "256Mi" },
];

const deploymentOf = (tag: string): Given => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment", metadata },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            ...{ name: "manager", image: imageOf(tag), imagePullPolicy: "Never" },
            command: ["espalier", "operator"],
            args: ["--enable-leader-election"],
            env: env(tag),
            ports: [{ name: "metrics", containerPort: 8080 }],
            livenessProbe: { httpGet: { path: "/live", port: "metrics" } },
            readinessProbe: { httpGet: { path: "/ready", port: "metrics" }, periodSeconds: 1 },
            securityContext: {
              ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      },
    },
  },
});

const foundation: readonly Given[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: operatorNamespace } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  },
];

/** Installs that version, or makes the one that is there this version; resolves when it is ready. */
export const installOperator = async (cluster: Cluster, tag: string): Promise<void> => {
  await installCrd(cluster);
  for (const object of foundation) await cluster.api.apply(object);
  await cluster.api.apply(deploymentOf(tag));
  await operatorReady(cluster.api);
};

export const operatorReady = async (api: Api): Promise<void> => {
  await api.until(operatorTarget, isRolledOut, 180_000);
};
