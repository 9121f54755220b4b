/** The rights of an operator, no more: docs/operator.md lists them. */
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

/** Without add-ons but Istio. */
export const rules: readonly Rule[] = [
  rule("machinelearning.seldon.io", "seldondeployments", "get list watch"),
  rule("machinelearning.seldon.io", "seldondeployments/status", "patch"),
  rule("machinelearning.seldon.io", "seldondeployments/finalizers", "update"),
  rule("", "services", whole),
  rule("apps", "deployments", whole),
  rule("apps", "replicasets", "get list patch delete"),
  rule("autoscaling", "horizontalpodautoscalers", whole),
  rule("policy", "poddisruptionbudgets", whole),
  rule("networking.istio.io", "virtualservices destinationrules", whole),
  rule("", "events", "create patch"),
  rule("", "secrets serviceaccounts", "get"),
  rule("", "configmaps", "list watch"),
  rule("coordination.k8s.io", "leases", "get create update"),
];

/** Of one that looks at all namespaces. */
export const clusterRules: readonly Rule[] = [...rules, rule("", "namespaces", "list watch")];

const rbac = "rbac.authorization.k8s.io";

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
