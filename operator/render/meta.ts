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

/** The pod of a componentSpec; `isEntry` when requests come in there: engine, or no-engine model. */
export const componentLabels = (
  name: string,
  component: SeldonPodSpec,
  isEntry: boolean,
  subject: Subject,
): Words => {
  const { deployment, predictor } = subject;
  const nodes = containersOf(component).filter(
    (container) => nodeContainerOf(container, subject) !== undefined,
  );
  const service = (container: string): string =>
    containerServiceName(deployment.metadata.name, predictor.name, container);
  return {
    "seldon-deployment-id": deploymentId(deployment.metadata.name),
    app: name,
    fluentd: "true",
    ...(predictor.shadow ? { "seldon.io/shadow": "true" } : {}),
    ...predictor.labels,
    ...component.metadata?.labels,
    ...roleLabels(component, subject),
    "app.kubernetes.io/managed-by": "seldon-core",
    ...Object.fromEntries(
      nodes.map((container) => [`seldon-app-svc-${container.name}`, service(container.name)]),
    ),
    ...(isEntry ? entryLabel(subject) : {}),
  };
};

/** What kinds of nodes a pod holds; a container without a kind explains, if anything does. */
const roleLabels = (component: SeldonPodSpec, { predictor }: Subject): Words =>
  Object.assign(
    {},
    ...containersOf(component).map(({ name }) => roleLabel(find(predictor.graph, name), predictor)),
  );

const roleLabel = (
  unit: PredictiveUnit | undefined,
  { explainer }: Subject["predictor"],
): Words => {
  const label = unit?.type === undefined ? undefined : typeLabels[unit.type];
  if (label !== undefined) return { [label]: "true" };
  return !unit?.type && explainer?.type ? { "seldon.io/explainer": "true" } : {};
};

const entryLabel = ({ deployment, predictor }: Subject): Words => ({
  "seldon-app": predictorServiceName(deployment.metadata.name, predictor),
});

/** The pod of an engine alone. Source: operator contract, 4.5. */
export const engineLabels = (name: string, subject: Subject): Words => {
  const { deployment, predictor } = subject;
  return {
    ...entryLabel(subject),
    "seldon-deployment-id": predictorServiceName(deployment.metadata.name, predictor),
    app: name,
    ...predictor.labels,
  };
};

const scraped = ({ settings }: Subject): Words => ({
  "prometheus.io/path": settings.prometheusPath,
  "prometheus.io/scrape": "true",
});

export const componentAnnotations = (
  component: SeldonPodSpec,
  hasEngine: boolean,
  subject: Subject,
): Words => ({
  ...scraped(subject),
  ...subject.deployment.spec.annotations,
  ...subject.predictor.annotations,
  ...component.metadata?.annotations,
  ...(hasEngine ? subject.predictor.annotations : {}),
});

/** Timeouts reach an engine in a pod of its own too. Source: operator contract, 12.2. */
export const engineAnnotations = (subject: Subject): Words => ({
  ...scraped(subject),
  ...subject.deployment.spec.annotations,
  ...subject.predictor.annotations,
});
