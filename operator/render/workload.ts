/** The pods of a predictor. Source: operator contract, 4.2-4.6. */
import { containersOf, hasNoEngine } from "../../api/deployment.ts";
import { componentDeploymentName, engineDeploymentName } from "../../api/names.ts";
import { type Result, success } from "../../api/result.ts";
import type { Container, PodSpec, SeldonPodSpec, Volume } from "../../api/types.ts";
import { nodeContainer } from "./container.ts";
import { engineContainer, enginePlace } from "./engine.ts";
import {
  componentAnnotations,
  componentLabels,
  engineAnnotations,
  engineLabels,
} from "./meta.ts";
import { withCertificate } from "./ssl.ts";
import { engineContainerName, nodeContainerOf, type Subject, type Words } from "./subject.ts";

/** The pod of one Deployment. */
export type Workload = {
  /** The name of the Deployment. */
  readonly name: string;
  /** The componentSpec it was made from; undefined for an engine in a pod of its own. */
  readonly componentIndex: number | undefined;
  readonly labels: Words;
  readonly annotations: Words;
  readonly spec: PodSpec;
};

/** All pods of a predictor, an engine's own one first. */
export const renderWorkloads = (subject: Subject): Result<readonly Workload[]> => {
  const place = enginePlace(subject);
  if (place.is === "nowhere") return success(components(subject, undefined, undefined));
  const engine = engineContainer(subject);
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
  const isEntry = added !== undefined || hasNoEngine(predictor);
  const holdsRoot = containers.some((each) => each.name === predictor.graph.name);
  const spec = podSpec(
    component.spec,
    [...containers.map(finished(subject)), ...listOf(added)],
    subject,
  );
  return {
    name,
    componentIndex: index,
    labels: componentLabels(name, component, isEntry, subject),
    annotations: componentAnnotations(component, added !== undefined, subject),
    spec:
      !hasNoEngine(predictor) && (holdsRoot || added !== undefined)
        ? withCertificate(spec, subject)
        : spec,
  };
};

const finished =
  (subject: Subject) =>
  (container: Container): Container => {
    const node = nodeContainerOf(container, subject);
    return node === undefined ? container : nodeContainer(node, subject);
  };

const engineWorkload = (subject: Subject, engine: Container): Workload => {
  const { deployment, predictor, settings } = subject;
  const name = engineDeploymentName(deployment.metadata.name, predictor.name);
  const account = settings.engineServiceAccountName;
  const spec = podSpec(
    { containers: [], serviceAccountName: account, serviceAccount: account },
    [engine],
    subject,
  );
  return {
    name,
    componentIndex: undefined,
    labels: engineLabels(name, subject),
    annotations: engineAnnotations(subject),
    spec: withCertificate(spec, subject),
  };
};

const podSpec = (
  spec: PodSpec | undefined,
  containers: readonly Container[],
  { settings }: Subject,
): PodSpec => ({
  ...(/^\d+$/.test(settings.defaultUserId)
    ? { securityContext: { runAsUser: Number(settings.defaultUserId) } }
    : {}),
  terminationGracePeriodSeconds: 20,
  ...spec,
  restartPolicy: spec?.restartPolicy || "Always",
  dnsPolicy: spec?.dnsPolicy || "ClusterFirst",
  schedulerName: spec?.schedulerName || "default-scheduler",
  volumes: withPodinfo(spec?.volumes ?? []),
  containers,
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

const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
