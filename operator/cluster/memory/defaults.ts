/** What an API server fills in. Source: Kubernetes API reference, defaults of apps/v1 and core/v1. */
import { isPlain } from "../../../api/shape/plain.ts";
import type { KubernetesObject } from "../../render/object.ts";

type Fields = { readonly [name: string]: unknown };

/** Everything here is JSON of a shape that its kind gives. */
const fields = (value: unknown): Fields => (isPlain(value) ? (value as Fields) : {});
const items = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.map(fields) : [];

const container = (value: Fields): Fields => ({
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  imagePullPolicy: /:latest$|^[^:]*$/.test(String(value["image"] ?? ""))
    ? "Always"
    : "IfNotPresent",
  resources: {},
  ...value,
  ...(value["ports"] === undefined
    ? {}
    : { ports: items(value["ports"]).map((port) => ({ protocol: "TCP", ...port })) }),
});

const podSpec = (value: Fields): Fields => ({
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  securityContext: {},
  schedulerName: "default-scheduler",
  ...value,
  containers: items(value["containers"]).map(container),
  ...(value["initContainers"] === undefined
    ? {}
    : { initContainers: items(value["initContainers"]).map(container) }),
});

const deploymentSpec = (value: Fields): Fields => {
  const template = fields(value["template"]);
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...value,
    strategy: strategy(fields(value["strategy"])),
    template: { ...template, spec: podSpec(fields(template["spec"])) },
  };
};

const strategy = (value: Fields): Fields => {
  const { type = "RollingUpdate", rollingUpdate, ...rest } = value;
  if (type !== "RollingUpdate") return value;
  const limits = { maxUnavailable: "25%", maxSurge: "25%", ...fields(rollingUpdate) };
  return { type, rollingUpdate: limits, ...rest };
};

const serviceSpec = (value: Fields, address: string): Fields => {
  const clusterIP = value["clusterIP"] ?? address;
  return {
    type: "ClusterIP",
    sessionAffinity: "None",
    clusterIPs: [clusterIP],
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    internalTrafficPolicy: "Cluster",
    ...value,
    clusterIP,
    ports: items(value["ports"]).map((port) => ({
      protocol: "TCP",
      targetPort: port["port"],
      ...port,
    })),
  };
};

/** The object with what it leaves open; `address` is what a Service gets that asks for none. */
export const withDefaults = (object: KubernetesObject, address: string): KubernetesObject => {
  const spec = fields(object["spec"]);
  if (object.kind === "Deployment") return { ...object, spec: deploymentSpec(spec) };
  if (object.kind === "Service") return { ...object, spec: serviceSpec(spec, address) };
  return object;
};
