/**
 * Explainers: a predictor's second Deployment, which asks the first one for its predictions.
 * What flows in is a predictor; what flows out is a workload and the Service in front of it.
 *
 * Source: operator contract, 5, 4.7.
 */
import { explainerName } from "../../api/names.ts";
import { at } from "../../api/path.ts";
import { failure, type Result, success } from "../../api/result.ts";
import type { Container, Explainer, PodSpec, Probe } from "../../api/types.ts";
import { drain } from "./container.ts";
import type { Facts } from "./desired.ts";
import { explainerArgs } from "./explainer/arguments.ts";
import { explainerEnv } from "./explainer/environment.ts";
import { type Speech, speechOf } from "./explainer/speech.ts";
import { entryLabel, idLabel, managedLabel, shadowLabel } from "./meta.ts";
import type { KubernetesObject } from "./object.ts";
import { podSpec } from "./pod.ts";
import { explainerPort } from "./ports.ts";
import { podAccount } from "./server/accounts.ts";
import { entryServiceObject } from "./service.ts";
import { withModel } from "./storage/initializer.ts";
import { predictorPath, type Subject, type Words } from "./subject.ts";
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

const pathOf = (subject: Subject): string => at(predictorPath(subject), "explainer");

const explainerContainer = (
  explainer: Explainer,
  name: string,
  subject: Subject,
): Result<Container> => {
  const own = explainer.containerSpec;
  const speech = speechOf(subject);
  const image = imageOf(explainer, speech, subject);
  if (!image.ok) return image;
  const ports = own?.ports ?? [];
  const container: Container = {
    ...own,
    name: own?.name || name,
    image: image.value,
    imagePullPolicy: own?.imagePullPolicy || "IfNotPresent",
    ports: ports.some((port) => port.name === "http")
      ? ports
      : [...ports, { name: "http", containerPort: explainerPort(subject), protocol: "TCP" }],
    livenessProbe: own?.livenessProbe ?? tcpProbe(60, 5),
    readinessProbe: own?.readinessProbe ?? tcpProbe(20, 7),
    lifecycle: own?.lifecycle ?? drain,
  };
  if (speech.protocol !== "v2") {
    return success({ ...container, args: explainerArgs(explainer, speech, subject) });
  }
  const env = explainerEnv(container, speech, subject, pathOf(subject));
  return env.ok ? success({ ...container, env: env.value }) : env;
};

const imageOf = (explainer: Explainer, { protocol }: Speech, subject: Subject): Result<string> => {
  const { image, imageV2 } = subject.settings.explainer;
  const isV2 = protocol === "v2";
  const chosen = explainer.containerSpec?.image || (isV2 ? imageV2 : image);
  if (chosen) return success(chosen);
  const message =
    "is missing, and the cluster has no image for explainers of this protocol; add one here, or " +
    `set ${isV2 ? "image_v2" : "image"} in data.explainer of seldon-config`;
  return failure([{ path: `${pathOf(subject)}.containerSpec.image`, message }]);
};

/** Source: operator contract, 5. */
const tcpProbe = (initialDelaySeconds: number, failureThreshold: number): Probe => ({
  tcpSocket: { port: "http" },
  initialDelaySeconds,
  periodSeconds: 5,
  successThreshold: 1,
  failureThreshold,
  timeoutSeconds: 1,
});

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
    path: pathOf(subject),
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
