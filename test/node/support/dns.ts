/** The names of Services, for pods: CoreDNS. Source: Kubernetes DNS-Based Service Discovery, 1.1. */
import type { Api, Given } from "../../cluster/support/api.ts";
import { isRolledOut } from "../../cluster/support/kubelet.ts";
import { dnsImage } from "./images.ts";
import { dnsAddress } from "./network.ts";

const namespace = "kube-system";
const name = "coredns";
const labels = { "k8s-app": "kube-dns" };
const metadata = { name, namespace };
const port = 5353;

const corefile = `.:${port} {
  errors
  ready
  kubernetes cluster.local in-addr.arpa {
    pods disabled
    ttl 5
  }
}
`;

const container = {
  ...{ name, image: dnsImage, imagePullPolicy: "Never", args: ["-conf", "/config/Corefile"] },
  ports: [
    { name: "dns", containerPort: port, protocol: "UDP" },
    { name: "dns-tcp", containerPort: port, protocol: "TCP" },
  ],
  volumeMounts: [{ name: "config", mountPath: "/config" }],
  readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
};

const objects: readonly Given[] = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: [
      {
        ...{ apiGroups: [""], resources: ["services", "namespaces"] },
        verbs: ["list", "watch"],
      },
      {
        ...{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] },
        verbs: ["list", "watch"],
      },
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  },
  { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile } },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...{ serviceAccountName: name, containers: [container] },
          volumes: [{ name: "config", configMap: { name } }],
        },
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace },
    spec: {
      ...{ selector: labels, clusterIP: dnsAddress },
      ports: [
        { name: "dns", port: 53, targetPort: "dns", protocol: "UDP" },
        { name: "dns-tcp", port: 53, targetPort: "dns-tcp", protocol: "TCP" },
      ],
    },
  },
];

export const installDns = async (api: Api): Promise<void> => {
  for (const object of objects) await api.apply(object);
  await api.until({ apiVersion: "apps/v1", kind: "Deployment", ...metadata }, isRolledOut, 120_000);
};
