/**
 * Explainers: a predictor's second Deployment, which asks the first one for its predictions.
 * What flows in is a predictor; what flows out is a workload and the Service in front of it.
 *
 * Source: operator contract, 5, 4.7.
 */
import { explainerName } from "../../api/names.ts";
import { type Result, success } from "../../api/result.ts";
import type { Container, Explainer, PodSpec } from "../../api/types.ts";
import type { Facts } from "./desired.ts";
import { explainerContainer, explainerPath } from "./explainer/container.ts";
import { entryLabel, idLabel, managedLabel, shadowLabel } from "./meta.ts";
import type { KubernetesObject } from "./object.ts";
import { podSpec } from "./pod.ts";
import { explainerPort } from "./ports.ts";
import { podAccount } from "./server/accounts.ts";
import { entryServiceObject } from "./service.ts";
import { withModel } from "./storage/initializer.ts";
import type { Subject, Words } from "./subject.ts";
import type { Workload } from "./workload.ts";

export type RenderedExplainer = {
  readonly workload: Workload;
  readonly service: KubernetesObject;
};

/**
 * Undefined: the predictor has no explainer, or one of no type. `ambassador` is what Ambassador v1
 * reads on the Service, if it is on.
 */
export const renderExplainer = (
  subject: Subject,
  facts: Facts,
  ambassador: string | undefined,
): Result<RenderedExplainer | undefined> => {
  const { deployment, predictor } = subject;
  const { explainer } = predictor;
  if (!explainer?.type) return success(undefined);
  const name = explainerName(deployment.metadata.name, predictor.name);
  const container = explainerContainer(explainer, name, subject);
  if (!container.ok) return container;
  const spec = explainerPod(explainer, container.value, subject, facts);
  if (!spec.ok) return spec;
  const workload = explainerWorkload(name, spec.value, subject);
  return success({ workload, service: explainerService(name, subject, ambassador) });
};

const explainerPod = (
  explainer: Explainer,
  container: Container,
  subject: Subject,
  facts: Facts,
): Result<PodSpec> => {
  const { serviceAccountName, modelUri, envSecretRefName, storageInitializerImage } = explainer;
  const own = { containers: [], ...(serviceAccountName ? { serviceAccountName } : {}) };
  const spec = podSpec(own, [container], subject);
  if (!modelUri) return success(spec);
  const model = {
    uri: modelUri,
    container: container.name,
    envSecretRefName,
    storageInitializerImage,
    account: podAccount(spec),
    path: explainerPath(subject),
  };
  return withModel(spec, model, { settings: subject.settings, facts });
};

const roleLabel: Words = { "seldon.io/explainer": "true" };

/** What its Service selects by: its own name, where a predictor has that of its Service. */
const explainerLabel = (name: string): Words => ({ "seldon-app": name });

const explainerWorkload = (name: string, spec: PodSpec, subject: Subject): Workload => {
  const { deployment, predictor } = subject;
  const selector = idLabel(subject);
  const labels = {
    app: name,
    fluentd: "true",
    ...shadowLabel(subject),
    ...predictor.labels,
    ...roleLabel,
    ...managedLabel,
    ...explainerLabel(name),
    ...selector,
  };
  const annotations = { ...deployment.spec.annotations, ...predictor.annotations };
  return {
    name,
    role: "explainer",
    componentIndex: undefined,
    labels,
    annotations,
    spec,
    selector,
    own: { labels, annotations },
    replicas: replicasOf(subject),
    progressDeadlineSeconds: predictor.progressDeadlineSeconds,
  };
};

/** As many as it says, but none for a predictor that is scaled to none. */
const replicasOf = ({ deployment, predictor }: Subject): number | undefined =>
  (predictor.replicas ?? deployment.spec.replicas) === 0 ? 0 : predictor.explainer?.replicas;

const explainerService = (
  name: string,
  subject: Subject,
  ambassador: string | undefined,
): KubernetesObject =>
  entryServiceObject(
    {
      name,
      labels: {
        ...entryLabel(subject),
        ...idLabel(subject),
        ...roleLabel,
        ...shadowLabel(subject),
        ...managedLabel,
      },
      annotations: {
        ...(ambassador === undefined ? {} : { "getambassador.io/config": ambassador }),
        ...subject.predictor.annotations,
      },
      selector: explainerLabel(name),
      ports: [{ name: "http", port: explainerPort(subject) }],
    },
    subject,
  );
