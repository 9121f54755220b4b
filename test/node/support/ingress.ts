/** Traefik, as an implementation of the Gateway API. Source: Traefik 3.6, "Kubernetes Gateway API". */
import type { Given } from "../../cluster/support/api.ts";
import type { Cluster } from "../../cluster/support/cluster.ts";
import { isTrue } from "../../cluster/support/conditions.ts";
import { isRolledOut } from "../../cluster/support/kubelet.ts";
import { ingressImage } from "./images.ts";

const namespace = "ingress";
const name = "traefik";
const metadata = { name, namespace };
const labels = { app: name };
const port = 8000;

/** As `gatewayApi.gateway` of the chart names it. */
export const gateway = `${namespace}/${name}`;

const rule = (
  apiGroup: string,
  resources: readonly string[],
  verbs: readonly string[],
): object => ({
  ...{ apiGroups: [apiGroup], resources, verbs },
});

const read = ["get", "list", "watch"];

const routes = [
  ...["gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants"],
  "backendtlspolicies",
];

const container = {
  ...{ name, image: ingressImage, imagePullPolicy: "Never" },
  args: [
    "--providers.kubernetesgateway=true",
    `--entrypoints.web.address=:${port}`,
    ...["--ping=true", "--log.level=INFO", "--global.checknewversion=false"],
  ],
  ports: [{ name: "web", containerPort: port }],
  readinessProbe: { httpGet: { path: "/ping", port: 8080 }, periodSeconds: 1 },
};

const objects: readonly Given[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: [
      rule("", ["namespaces", "services", "secrets", "configmaps", "nodes"], read),
      rule("discovery.k8s.io", ["endpointslices"], read),
      rule("gateway.networking.k8s.io", routes, read),
      rule(
        "gateway.networking.k8s.io",
        routes.map((one) => `${one}/status`),
        ["update"],
      ),
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: name, containers: [container] },
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: labels, ports: [{ name: "web", port, targetPort: "web" }] },
  },
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name },
    spec: { controllerName: "traefik.io/gateway-controller" },
  },
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata,
    spec: {
      gatewayClassName: name,
      listeners: [
        {
          ...{ name: "web", protocol: "HTTP", port },
          allowedRoutes: { namespaces: { from: "All" } },
        },
      ],
    },
  },
];

/** Where it listens. */
export type Ingress = { readonly host: string; readonly port: number };

export const installIngress = async ({ api, installAddon }: Cluster): Promise<Ingress> => {
  await installAddon("gateway-api");
  for (const object of objects) await api.apply(object);
  const limitMs = 120_000;
  await api.until({ apiVersion: "apps/v1", kind: "Deployment", ...metadata }, isRolledOut, limitMs);
  const target = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", ...metadata };
  await api.until(target, (one) => isTrue(one, "Programmed"), limitMs);
  const { spec } = await api.get({ apiVersion: "v1", kind: "Service", ...metadata });
  return { host: (spec as { clusterIP: string }).clusterIP, port }; // as: of a Service
};
