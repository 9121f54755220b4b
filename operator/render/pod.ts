/** The pod of a Deployment, apart from what its containers do. Source: operator contract, 4.2. */
import type { Container, PodSpec, Volume } from "../../api/types.ts";
import type { Subject } from "./subject.ts";

/** How long a pod has to end, unless it says. */
export const defaultGraceSeconds = 20;

/**
 * What every pod has; `spec` is what a user says of it. Both names of the service account are always
 * there: one alone would be restored from the other when it is removed. Source: design 5.2.4.
 */
export const podSpec = (
  spec: PodSpec | undefined,
  containers: readonly Container[],
  { settings }: Subject,
): PodSpec => ({
  ...(/^\d+$/.test(settings.defaultUserId)
    ? { securityContext: { runAsUser: Number(settings.defaultUserId) } }
    : {}),
  terminationGracePeriodSeconds: defaultGraceSeconds,
  ...spec,
  restartPolicy: spec?.restartPolicy || "Always",
  dnsPolicy: spec?.dnsPolicy || "ClusterFirst",
  schedulerName: spec?.schedulerName || "default-scheduler",
  ...serviceAccount(spec?.serviceAccountName || spec?.serviceAccount || "default"),
  volumes: withPodinfo(spec?.volumes ?? []),
  containers,
});

/** A pod's service account under both of its names. */
export const serviceAccount = (
  name: string,
): Pick<PodSpec, "serviceAccount" | "serviceAccountName"> => ({
  serviceAccountName: name,
  serviceAccount: name,
});

const podinfo: Volume = {
  name: "seldon-podinfo",
  downwardAPI: {
    defaultMode: 0o644,
    items: [
      { path: "annotations", fieldRef: { apiVersion: "v1", fieldPath: "metadata.annotations" } },
    ],
  },
};

const withPodinfo = (volumes: readonly Volume[]): readonly Volume[] =>
  volumes.some(({ name }) => name === podinfo.name) ? volumes : [...volumes, podinfo];
