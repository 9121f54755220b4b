/**
 * The rights of an operator, no more: docs/operator.md lists them, tests on a real API server let
 * operators work with them, and the roles of the chart are compared with them.
 */
import { setTimeout } from "node:timers/promises";
import { valueAt } from "../../../operator/live.ts";
import type { Api } from "./api.ts";
import type { Cluster } from "./cluster.ts";

export type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

const rule = (group: string, resources: string, verbs: string): Rule => ({
  ...{ apiGroups: [group], resources: resources.split(" "), verbs: verbs.split(" ") },
});

const whole = "get list watch create patch update delete";

const before: readonly Rule[] = [
  rule("machinelearning.seldon.io", "seldondeployments", "get list watch"),
  rule("machinelearning.seldon.io", "seldondeployments/status", "patch"),
  rule("machinelearning.seldon.io", "seldondeployments/finalizers", "update"),
  rule("", "services", whole),
  rule("apps", "deployments", whole),
  rule("apps", "replicasets", "get list patch delete"),
  rule("autoscaling", "horizontalpodautoscalers", whole),
  rule("policy", "poddisruptionbudgets", whole),
];

/** By the value of the chart that switches them on. */
const addOns = {
  istio: ["networking.istio.io", "virtualservices destinationrules"],
  keda: ["keda.sh", "scaledobjects"],
  ambassador: ["getambassador.io", "mappings tlscontexts"],
  gatewayApi: ["gateway.networking.k8s.io", "httproutes grpcroutes"],
} as const;

export type AddOn = keyof typeof addOns;

const addOn = (name: AddOn, verbs: string): Rule => rule(addOns[name][0], addOns[name][1], verbs);

const events = rule("", "events", "create patch");
const stores = rule("", "secrets serviceaccounts", "get");
const own: readonly Rule[] = [
  rule("", "configmaps", "list watch"),
  rule("coordination.k8s.io", "leases", "get create update"),
];
const namespaces = rule("", "namespaces", "list watch");

/** Without add-ons but Istio. */
export const rules: readonly Rule[] = [
  ...[...before, addOn("istio", whole), events, stores, ...own],
];

/** Of one that looks at all namespaces. */
export const clusterRules: readonly Rule[] = [...rules, namespaces];

export type ChartValues = {
  readonly on?: readonly AddOn[];
  readonly singleNamespace?: boolean;
  /** `rbac.configmap.create` */
  readonly stores?: boolean;
  /** The chart's, cert-manager's, of the operator's own making, or none. */
  readonly webhook?: "chart" | "cert-manager" | "managed" | "none";
};

/** The rights that the chart grants: of add-ons that are off, what is there may go. */
export const chartRights = (values: ChartValues): Readonly<Record<string, readonly string[]>> => {
  const { on = [], singleNamespace = false, webhook = "chart" } = values;
  const names = Object.keys(addOns) as AddOn[]; // as: of the table
  const manager = [
    ...before,
    ...names.map((name) => addOn(name, on.includes(name) ? whole : "get list watch delete")),
    ...[events, ...((values.stores ?? true) ? [stores] : [])],
    ...(singleNamespace ? [] : [namespaces]),
  ];
  const keepsSecret = webhook === "chart" || webhook === "managed";
  const inNamespace = [
    ...own,
    ...(keepsSecret ? [rule("", "secrets", "get update create")] : []),
    ...(webhook === "managed"
      ? [rule("", "services", "get update create"), rule("apps", "deployments", "get")]
      : []),
  ];
  const configurations = "validatingwebhookconfigurations";
  const group = "admissionregistration.k8s.io";
  const inCluster = [
    ...(keepsSecret ? [rule(group, configurations, "get update")] : []),
    ...(webhook === "managed"
      ? [
          rule(group, configurations, "create"),
          rule("apiextensions.k8s.io", "customresourcedefinitions", "get"),
        ]
      : []),
  ];
  return {
    ClusterRole: rightsOf([...(singleNamespace ? [] : manager), ...inCluster]),
    Role: rightsOf([...(singleNamespace ? manager : []), ...inNamespace]),
  };
};

/** `verb group/resource`, each once, sorted. */
export const rightsOf = (given: readonly Rule[]): readonly string[] => [
  ...new Set(
    given
      .flatMap(({ apiGroups: [one = ""], resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${one}/${resource}`)),
      )
      .sort(),
  ),
];

const rbac = "rbac.authorization.k8s.io";

/** Who is to be allowed what. Source: Kubernetes API reference, SubjectAccessReview. */
export type Access = {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly resourceAttributes: {
    readonly verb: string;
    readonly resource: string;
    readonly group?: string;
    readonly namespace?: string;
  };
};

const allowedLimitMs = 120_000;
const allowedPollMs = 20;

/** Resolves when roles that were written are acted by, which is a moment later. */
export const untilAllowed = async (api: Api, spec: Access): Promise<void> => {
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  const late = Date.now() + allowedLimitMs;
  for (;;) {
    const { body: review } = await api.ask({ method: "POST", path, body });
    if (valueAt(review, "status", "allowed") === true) return;
    if (Date.now() > late) throw new Error(`is not allowed: ${JSON.stringify(spec)}`);
    await setTimeout(allowedPollMs);
  }
};

/** A user who may do this in a namespace, or everywhere without one. */
export const userWith = async (
  cluster: Cluster,
  name: string,
  given: { readonly rules: readonly Rule[]; readonly namespace?: string },
): Promise<Api> => {
  const { namespace } = given;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const apiVersion = `${rbac}/v1`;
  await cluster.api.create({ apiVersion, kind, metadata, rules: given.rules });
  await cluster.api.create({
    ...{ apiVersion, kind: `${kind}Binding`, metadata },
    roleRef: { apiGroup: rbac, kind, name },
    subjects: [{ apiGroup: rbac, kind: "User", name }],
  });
  const [first] = given.rules;
  const attributes = {
    ...{ verb: first?.verbs[0] ?? "", resource: first?.resources[0] ?? "" },
    ...{ group: first?.apiGroups[0] ?? "", ...(namespace === undefined ? {} : { namespace }) },
  };
  await untilAllowed(cluster.api, { user: name, resourceAttributes: attributes });
  return cluster.user({ name });
};

/** Gives a role of a namespace these rules. */
export const grant = async (
  { api }: Cluster,
  namespace: string,
  name: string,
  to: readonly Rule[],
): Promise<void> => {
  await api.patch({ apiVersion: `${rbac}/v1`, kind: "Role", namespace, name }, { rules: to });
};

/** The rules without these verbs on a resource. */
export const without = (
  resource: string,
  verbs: readonly string[],
  from: readonly Rule[] = rules,
): readonly Rule[] =>
  from.map((one) =>
    one.resources.includes(resource)
      ? { ...one, verbs: one.verbs.filter((verb) => !verbs.includes(verb)) }
      : one,
  );
