/** The pods of a predictor. Source: operator contract, 4.2-4.6. */
import { containersOf, hasNoEngine } from "../../api/deployment.ts";
import { componentDeploymentName, engineDeploymentName } from "../../api/names.ts";
import { type Result, success } from "../../api/result.ts";
import type { Container, PodSpec, SeldonPodSpec } from "../../api/types.ts";
import { nodeContainer } from "./container.ts";
import { engineContainer } from "./engine.ts";
import { enginePlace } from "./engine-place.ts";
import {
  componentAnnotations,
  componentLabels,
  componentSelector,
  engineAnnotations,
  engineLabels,
  engineSelector,
  hostLabel,
  scraped,
} from "./meta.ts";
import { defaultGraceSeconds, podSpec } from "./pod.ts";
import { engineContainerName, nodeContainerOf, type Subject, type Words } from "./subject.ts";

export type Role = "engine" | "component" | "explainer";

/** One Deployment: what it runs, how many, and what it is known by. */
export type Workload = {
  /** The name of the Deployment. */
  readonly name: string;
  readonly role: Role;
  /** The componentSpec it was made from; undefined for any other role. */
  readonly componentIndex: number | undefined;
  /** The labels of its pods. */
  readonly labels: Words;
  /** The annotations of its pods. */
  readonly annotations: Words;
  readonly spec: PodSpec;
  /** Part of `labels`. Immutable in a cluster, so it depends on names alone. */
  readonly selector: Words;
  /** Of the Deployment itself. */
  readonly own: { readonly labels: Words; readonly annotations: Words };
  /** Undefined: whoever scales it decides. */
  readonly replicas: number | undefined;
  readonly progressDeadlineSeconds: number | undefined;
};

/** All Deployments of a predictor but its explainer's, an engine's own one first. */
export const renderWorkloads = (subject: Subject): Result<readonly Workload[]> => {
  const place = enginePlace(subject);
  if (place.is === "nowhere") return success(components(subject, undefined, undefined));
  const host = place.is === "component" ? subject.predictor.componentSpecs[place.index] : undefined;
  const engine = engineContainer(subject, {
    graceSeconds: graceSecondsOf(host),
    ports: portsIn(host),
  });
  if (!engine.ok) return engine;
  return success(
    place.is === "own-pod"
      ? [engineWorkload(subject, engine.value), ...components(subject, undefined, undefined)]
      : components(subject, place.index, engine.value),
  );
};

/** The pods of the componentSpecs that have containers; the one at `engineIndex` hosts the engine. */
const components = (
  subject: Subject,
  engineIndex: number | undefined,
  engine: Container | undefined,
): readonly Workload[] =>
  subject.predictor.componentSpecs.flatMap((component, index) =>
    containersOf(component).length === 0
      ? []
      : [componentWorkload(component, index, index === engineIndex ? engine : undefined, subject)],
  );

const componentWorkload = (
  component: SeldonPodSpec,
  index: number,
  engine: Container | undefined,
  subject: Subject,
): Workload => {
  const { deployment, predictor, settings } = subject;
  const containers = containersOf(component);
  const name = componentDeploymentName(
    {
      deployment: deployment.metadata.name,
      predictor: predictor.name,
      index,
      deploymentNameAsPrefix: settings.deploymentNameAsPrefix,
    },
    component,
  );
  // A user's own container of the engine's name takes the engine's place.
  const added = containers.some((each) => each.name === engineContainerName) ? undefined : engine;
  const selector = componentSelector(
    component,
    added !== undefined || hasNoEngine(predictor),
    subject,
  );
  const labels = componentLabels(name, component, selector, subject);
  const annotations = componentAnnotations(component, added !== undefined, subject);
  return {
    name,
    role: "component",
    componentIndex: index,
    labels,
    annotations: { ...scraped(subject), ...annotations },
    spec: podSpec(
      component.spec,
      [...containers.map(finished(component, subject)), ...listOf(added)],
      subject,
    ),
    selector,
    own: { labels: { ...labels, ...(added === undefined ? {} : hostLabel) }, annotations },
    replicas: replicasOf(component, subject),
    progressDeadlineSeconds: predictor.progressDeadlineSeconds,
  };
};

/** Source: operator contract, 4.2; a scaler decides alone. */
const replicasOf = (
  { replicas, hpaSpec, kedaSpec }: SeldonPodSpec,
  { deployment, predictor }: Subject,
): number | undefined =>
  hpaSpec || kedaSpec ? undefined : (replicas ?? predictor.replicas ?? deployment.spec.replicas);

const graceSecondsOf = (component: SeldonPodSpec | undefined): number =>
  component?.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds;

/** The TCP ports that containers of a pod say they listen on. */
const portsIn = (component: SeldonPodSpec | undefined): ReadonlySet<number> =>
  new Set(
    [...(component?.spec?.containers ?? []), ...(component?.spec?.initContainers ?? [])]
      .flatMap(({ ports }) => ports ?? [])
      .filter(({ protocol }) => !protocol || protocol === "TCP")
      .map(({ containerPort }) => containerPort),
  );

const finished = (
  component: SeldonPodSpec,
  subject: Subject,
): ((container: Container) => Container) => {
  const graceSeconds = graceSecondsOf(component);
  return (container) => {
    const node = nodeContainerOf(container, subject);
    return node === undefined ? container : nodeContainer(node, subject, graceSeconds);
  };
};

const engineWorkload = (subject: Subject, engine: Container): Workload => {
  const { deployment, predictor, settings } = subject;
  const name = engineDeploymentName(deployment.metadata.name, predictor.name);
  const labels = engineLabels(name, subject);
  return {
    name,
    role: "engine",
    componentIndex: undefined,
    labels,
    annotations: { ...scraped(subject), ...engineAnnotations(subject) },
    spec: podSpec(
      { containers: [], serviceAccountName: settings.engineServiceAccountName },
      [engine],
      subject,
    ),
    selector: engineSelector(subject),
    own: {
      labels: { fluentd: "true", ...labels, ...hostLabel },
      annotations: { ...deployment.spec.annotations },
    },
    replicas: predictor.svcOrchSpec?.replicas ?? predictor.replicas ?? deployment.spec.replicas,
    progressDeadlineSeconds: undefined,
  };
};

const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
