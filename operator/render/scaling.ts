/** What scales a Deployment, and what protects its pods. Source: operator contract, 4.9. */
import type { Issue } from "../../api/result.ts";
import type { HpaSpec, KedaSpec, PdbSpec, SeldonPodSpec } from "../../api/types.ts";
import { hpaMetrics } from "./hpa.ts";
import { knownFields } from "./known-fields.ts";
import { idLabel } from "./meta.ts";
import { given, type KubernetesObject } from "./object.ts";
import { ownedMetadata } from "./owner.ts";
import type { Subject } from "./subject.ts";
import type { Workload } from "./workload.ts";

/** Of the Deployment of a componentSpec, whose name they bear; KEDA wins over HPA. */
export const scalingObjects = (
  workload: Workload,
  { hpaSpec, kedaSpec, pdbSpec }: SeldonPodSpec,
  subject: Subject,
): readonly KubernetesObject[] => [
  ...(hpaSpec && !kedaSpec ? [autoscaler(workload, hpaSpec, subject)] : []),
  ...(kedaSpec && subject.settings.kedaEnabled ? [scaledObject(workload, kedaSpec, subject)] : []),
  ...(pdbSpec ? [disruptionBudget(workload, pdbSpec, subject)] : []),
];

/** What a user asked for and does not get, by the path of its componentSpec. */
export const scalingWarnings = (
  { kedaSpec }: SeldonPodSpec,
  path: string,
  { settings }: Subject,
): readonly Issue[] =>
  kedaSpec && !settings.kedaEnabled
    ? [
        {
          path: `${path}.kedaSpec`,
          message:
            "has no effect while KEDA is off; turn it on (KEDA_ENABLED=true), or use hpaSpec",
        },
      ]
    : [];

const metadata = ({ name }: Workload, subject: Subject): KubernetesObject["metadata"] =>
  ownedMetadata(name, idLabel(subject), {}, subject.deployment);

const target = ({ name }: Workload) => ({ apiVersion: "apps/v1", kind: "Deployment", name });

const autoscaler = (workload: Workload, spec: HpaSpec, subject: Subject): KubernetesObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: metadata(workload, subject),
  spec: {
    scaleTargetRef: target(workload),
    ...given({ minReplicas: spec.minReplicas }),
    maxReplicas: spec.maxReplicas,
    ...given({ metrics: hpaMetrics(spec) }),
  },
});

const scaledObject = (workload: Workload, spec: KedaSpec, subject: Subject): KubernetesObject => ({
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: metadata(workload, subject),
  spec: { scaleTargetRef: target(workload), ...withKnownBehavior(spec) },
});

const withKnownBehavior = (spec: KedaSpec): KedaSpec => {
  const config = spec.advanced?.horizontalPodAutoscalerConfig;
  if (config?.behavior === undefined) return spec;
  const behavior = knownFields("HorizontalPodAutoscalerBehavior", config.behavior);
  return {
    ...spec,
    advanced: { ...spec.advanced, horizontalPodAutoscalerConfig: { ...config, behavior } },
  };
};

/**
 * Of the pods of this Deployment alone, for Kubernetes evicts no pod that two budgets cover. The
 * selector of a Deployment without nodes is that of the whole deployment; `app` is its own name.
 * Source: operator contract, 12.5, 12.22.
 */
const disruptionBudget = (
  workload: Workload,
  { minAvailable, maxUnavailable }: PdbSpec,
  subject: Subject,
): KubernetesObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: metadata(workload, subject),
  spec: {
    ...given({ minAvailable, maxUnavailable }),
    selector: { matchLabels: { ...workload.selector, ...given({ app: workload.labels["app"] }) } },
  },
});
