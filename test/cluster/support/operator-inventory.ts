/** All that an operator has made in a namespace, in a form that two namespaces can be compared by. */
import type { KubernetesObject } from "../../../operator/render/object.ts";
import type { Api } from "./api.ts";

/** What an operator makes, and what it makes it of. */
const kinds = [
  ["apps/v1", "Deployment"],
  ["v1", "Service"],
  ["autoscaling/v2", "HorizontalPodAutoscaler"],
  ["policy/v1", "PodDisruptionBudget"],
  ["networking.istio.io/v1alpha3", "VirtualService"],
  ["networking.istio.io/v1alpha3", "DestinationRule"],
  ["machinelearning.seldon.io/v1", "SeldonDeployment"],
] as const;

/** What differs from one namespace, one moment or one object to the next, and means nothing. */
const passing = new Set([
  ...["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"],
  ...["clusterIP", "clusterIPs", "lastTransitionTime", "lastUpdateTime", "observedGeneration"],
  ...["deployment.kubernetes.io/revision", "espalier.io/applied", "espalier.io/engine-basis"],
]);

const plain = (value: unknown, namespace: string): unknown => {
  if (typeof value === "string") return value.replaceAll(namespace, "(namespace)");
  if (Array.isArray(value)) return value.map((one) => plain(one, namespace));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !passing.has(key))
    .map(([key, one]) => [key, plain(decoded(key, one), namespace)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const named = new Map<string, unknown>(entries);
  // The plan of an engine names its namespace inside of base64.
  if (named.get("name") === "ENGINE_PREDICTOR") {
    const plan = Buffer.from(String(named.get("value")), "base64").toString("utf8");
    named.set("value", plan.replaceAll(namespace, "(namespace)"));
  }
  return Object.fromEntries(named);
};

/** Conditions of built-in controllers come in the order in which they came about. */
const decoded = (key: string, value: unknown): unknown =>
  key === "conditions" && Array.isArray(value)
    ? value.toSorted((a, b) => (JSON.stringify(a.type) < JSON.stringify(b.type) ? -1 : 1))
    : value;

/** Status is left out, but for that of SeldonDeployments. */
const contentOf = (object: KubernetesObject, namespace: string): unknown => {
  const { status, ...rest } = object;
  return plain(object.kind === "SeldonDeployment" ? { ...rest, status } : rest, namespace);
};

/**
 * Resolves when nothing is on its way out: what is deleted, and what belongs to SeldonDeployments
 * that are not there any more. The garbage collector learns of new kinds every 30 s.
 */
export const untilSwept = async (api: Api, namespace: string, limitMs: number): Promise<void> => {
  const [apiVersion, kind] = kinds[kinds.length - 1] ?? kinds[0];
  const owners = await api.list({ apiVersion, kind, namespace });
  const uids = new Set(owners.map(({ metadata }) => metadata.uid));
  const isLasting = ({ metadata }: KubernetesObject): boolean =>
    metadata.deletionTimestamp === undefined &&
    (metadata.ownerReferences ?? []).every(({ uid }) => uids.has(uid));
  for (const [version, one] of kinds) {
    const where = { apiVersion: version, kind: one, namespace };
    await api.untilAll(where, (all) => all.every(isLasting), limitMs);
  }
};

export type Inventory = Readonly<Record<string, unknown>>;

/** By `Kind name`. */
export const inventoryOf = async (api: Api, namespace: string): Promise<Inventory> => {
  const lists = await Promise.all(
    kinds.map(([apiVersion, kind]) => api.list({ apiVersion, kind, namespace })),
  );
  return Object.fromEntries(
    lists
      .flat()
      .map((one) => [`${one.kind} ${one.metadata.name}`, contentOf(one, namespace)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};
