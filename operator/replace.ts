/**
 * A Deployment whose selector has to change is deleted without its pods, and made again under its
 * name. The pods serve on until the new ones are ready. What was left behind is found again by a
 * label, after a crash too. Source: design 5.2.6; operator contract, 12.19.
 */
import type { Cluster } from "./cluster/cluster.ts";
import { digestOf } from "./digest.ts";
import { wordsAt } from "./live.ts";
import { replacedLabel } from "./marks.ts";
import type { KubernetesObject, OwnerReference } from "./render/object.ts";
import { deploymentLabel } from "./render/owner.ts";

const replicaSets = { apiVersion: "apps/v1", kind: "ReplicaSet" };

/** A label's value holds 63 characters at most; a name of a Deployment may be longer one day. */
const labelled = (deployment: KubernetesObject) => ({
  [replacedLabel]: digestOf(deployment.metadata.name),
});

const namespaceOf = ({ metadata }: KubernetesObject): string => metadata.namespace ?? "";

const controllerOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Labels the ReplicaSets of a Deployment, then deletes it alone. */
export const leavePodsBehind = async (
  cluster: Cluster,
  deployment: KubernetesObject,
): Promise<void> => {
  const namespace = namespaceOf(deployment);
  const selected = wordsAt(deployment, "spec", "selector", "matchLabels");
  const found = await cluster.list({ ...replicaSets, namespace }, selected);
  const own = found.filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
  for (const { metadata } of own) {
    await cluster.apply({
      ...replicaSets,
      metadata: {
        name: metadata.name,
        namespace,
        labels: {
          ...labelled(deployment),
          [deploymentLabel]: deployment.metadata.labels?.[deploymentLabel] ?? "",
        },
        ownerReferences: ownersLeft(deployment),
      },
    });
  }
  await cluster.remove(deployment, "orphan");
};

/** With the SeldonDeployment they go too, though it does not control them. */
const ownersLeft = (deployment: KubernetesObject): readonly OwnerReference[] =>
  (deployment.metadata.ownerReferences ?? []).map((owner) => ({
    ...owner,
    controller: false,
    blockOwnerDeletion: false,
  }));

const labelledSets = (
  cluster: Cluster,
  deployment: KubernetesObject,
): Promise<readonly KubernetesObject[]> =>
  cluster.list({ ...replicaSets, namespace: namespaceOf(deployment) }, labelled(deployment));

/** Whether a Deployment that is about to be made takes the place of one whose pods still serve. */
export const wasReplaced = async (
  cluster: Cluster,
  deployment: KubernetesObject,
): Promise<boolean> => (await labelledSets(cluster, deployment)).length > 0;

export type Removal = {
  readonly removed: readonly KubernetesObject[];
  /** None of their pods is there any more. */
  readonly isOver: boolean;
};

/**
 * Deletes the pods that served until the Deployment was ready. Those that it has taken on, as its
 * selector fits them, are its own history: of them we only let go.
 */
export const removeLeftBehind = async (
  cluster: Cluster,
  deployment: KubernetesObject,
): Promise<Removal> => {
  const sets = await labelledSets(cluster, deployment);
  for (const { metadata } of sets.filter((set) => controllerOf(set) !== undefined)) {
    const { name } = metadata;
    // What we do not apply any more goes: our label, and our part in its owners.
    await cluster.apply({ ...replicaSets, metadata: { name, namespace: namespaceOf(deployment) } });
  }
  const left = sets.filter((set) => controllerOf(set) === undefined);
  const removed = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const set of removed) await cluster.remove(set, "foreground");
  return { removed, isOver: left.length === 0 };
};
