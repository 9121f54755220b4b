/** Labels and annotations of pods. Later ones win over earlier ones. Source: operator contract, 4.2. */
import { containersOf } from "../../api/deployment.ts";
import { find } from "../../api/graph.ts";
import { containerServiceName, deploymentId, predictorServiceName } from "../../api/names.ts";
import type { PredictiveUnit, SeldonPodSpec } from "../../api/types.ts";
import { nodeContainerOf, type Subject, type Words } from "./subject.ts";

const typeLabels: Words = {
  ROUTER: "seldon.io/router",
  COMBINER: "seldon.io/combiner",
  MODEL: "seldon.io/model",
  TRANSFORMER: "seldon.io/transformer",
  OUTPUT_TRANSFORMER: "seldon.io/output-transformer",
};

/**
 * What a Deployment of a componentSpec knows its pods by; it can never change. `isEntry` when
 * requests come in there: at the engine, or at the one model of a predictor without.
 */
export const componentSelector = (
  component: SeldonPodSpec,
  isEntry: boolean,
  subject: Subject,
): Words => ({
  ...idLabel(subject),
  ...Object.assign(
    {},
    ...containersOf(component)
      .filter((container) => nodeContainerOf(container, subject) !== undefined)
      .map(({ name }) => containerLabel(name, subject)),
  ),
  ...(isEntry ? entryLabel(subject) : {}),
});

/** The pod of a componentSpec; what it is selected by stays, whatever a user says. */
export const componentLabels = (
  name: string,
  component: SeldonPodSpec,
  selector: Words,
  subject: Subject,
): Words => ({
  app: name,
  fluentd: "true",
  ...shadowLabel(subject),
  ...subject.predictor.labels,
  ...component.metadata?.labels,
  ...roleLabels(component, subject),
  ...managedLabel,
  ...selector,
});

export const idLabel = ({ deployment }: Subject): Words => ({
  "seldon-deployment-id": deploymentId(deployment.metadata.name),
});

export const managedLabel: Words = { "app.kubernetes.io/managed-by": "seldon-core" };

export const shadowLabel = ({ predictor }: Subject): Words =>
  predictor.shadow ? { "seldon.io/shadow": "true" } : {};

/** What the Service of a node's container selects by. Source: operator contract, 4.7. */
export const containerLabel = (container: string, { deployment, predictor }: Subject): Words => ({
  [`seldon-app-svc-${container}`]: containerServiceName(
    deployment.metadata.name,
    predictor.name,
    container,
  ),
});

/** What kinds of nodes a pod holds; a container without a kind explains, if anything does. */
const roleLabels = (component: SeldonPodSpec, subject: Subject): Words =>
  Object.assign({}, ...containersOf(component).map(({ name }) => roleLabelOf(name, subject)));

export const roleLabelOf = (container: string, { predictor }: Subject): Words =>
  roleLabel(find(predictor.graph, container), predictor);

const roleLabel = (
  unit: PredictiveUnit | undefined,
  { explainer }: Subject["predictor"],
): Words => {
  const label = unit?.type === undefined ? undefined : typeLabels[unit.type];
  if (label !== undefined) return { [label]: "true" };
  return !unit?.type && explainer?.type ? { "seldon.io/explainer": "true" } : {};
};

/** What the Service of a predictor selects by. Source: operator contract, 4.7. */
export const entryLabel = ({ deployment, predictor }: Subject): Words => ({
  "seldon-app": predictorServiceName(deployment.metadata.name, predictor),
});

/** On the Deployment that hosts an engine, not on its pods. Source: operator contract, 4.2, 4.5. */
export const hostLabel: Words = { "seldon-deployment-contains-svcorch": "true" };

/** Of an engine alone. Source, also of the next: operator contract, 4.5. */
export const engineSelector = (subject: Subject): Words => {
  const { deployment, predictor } = subject;
  const service = predictorServiceName(deployment.metadata.name, predictor);
  return { "seldon-app": service, "seldon-deployment-id": service };
};

/** The pod of an engine alone. */
export const engineLabels = (name: string, subject: Subject): Words => ({
  app: name,
  ...subject.predictor.labels,
  ...engineSelector(subject),
});

/** Of a Deployment and its pods; the pods are scraped too. */
export const componentAnnotations = (
  component: SeldonPodSpec,
  hasEngine: boolean,
  { deployment, predictor }: Subject,
): Words => ({
  ...deployment.spec.annotations,
  ...predictor.annotations,
  ...component.metadata?.annotations,
  ...(hasEngine ? predictor.annotations : {}),
});

/** Timeouts reach an engine in a pod of its own too. Source: operator contract, 12.2. */
export const engineAnnotations = ({ deployment, predictor }: Subject): Words => ({
  ...deployment.spec.annotations,
  ...predictor.annotations,
});

/** What a pod says to scrapers; they find its ports by the name `metrics`. */
export const scraped = ({ settings }: Subject): Words => ({
  "prometheus.io/path": settings.prometheusPath,
  "prometheus.io/scrape": "true",
});
