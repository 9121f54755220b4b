/** What Kubernetes would refuse in the objects that are made of a deployment. */

import { findContainer } from "../deployment.ts";
import { isPrepackaged } from "../graph.ts";
import { at, item } from "../path.ts";
import type { HpaSpec, PredictorSpec, SeldonPodSpec } from "../types.ts";
import { perAnnotation } from "./annotations.ts";
import { type Check, either, type Finding, fault, perPredictor, warning } from "./check.ts";
import { perUnit } from "./graph.ts";
import { isLabelKey } from "./identity.ts";

type Component = { readonly component: SeldonPodSpec; readonly path: string };

const componentsOf = ({ componentSpecs = [] }: PredictorSpec, path: string): readonly Component[] =>
  componentSpecs.map((component, i) => ({
    component,
    path: item(at(path, "componentSpecs"), i),
  }));

/** The Deployment of a componentSpec may be named by its user. Source: operator contract, 4.1. */
export const componentIsNamed: Check = perPredictor((predictor, path) =>
  componentsOf(predictor, path).flatMap(({ component: { metadata }, path: where }) => {
    const name = metadata?.name;
    if (!name || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)) {
      return [];
    }
    const message =
      `"${name}" cannot be part of a Deployment's name; ` +
      "use lower-case letters, digits and -, and begin and end with a letter or digit";
    return [fault(`${where}.metadata.name`, message)];
  }),
);

/** A server whose container nobody wrote has one of its own name. Source: operator contract, 2. */
export const serverNamesItsContainer: Check = perUnit(({ unit, path, predictor }) => {
  const { name } = unit;
  if (!isPrepackaged(unit) || name === "" || findContainer(predictor, name)) return [];
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return [];
  const message = `"${name}" names the container of the server too; use lower-case letters, digits and -`;
  return [fault(at(path, "name"), message)];
});

/** Source: operator contract, 4.2: a Deployment selects by the first. */
const ownLabels = ["seldon-deployment-id", "app.kubernetes.io/managed-by"];

/** A label that every pod gets is not for a user to choose. */
export const labelsAreFree: Check = perPredictor((predictor, path) =>
  [
    { labels: predictor.labels, where: at(path, "labels") },
    ...componentsOf(predictor, path).map(({ component, path: own }) => ({
      labels: component.metadata?.labels,
      where: `${own}.metadata.labels`,
    })),
  ].flatMap(({ labels = {}, where }) =>
    ownLabels
      .filter((key) => labels[key] !== undefined)
      .map((key) => warning(at(where, key), "is set for every pod; this has no effect: remove it")),
  ),
);

/** Source: Kubernetes, annotations: keys are those of labels, in any case. */
export const annotationKeysAreKeys: Check = perAnnotation((key, _value, path) =>
  isLabelKey(key.toLowerCase())
    ? []
    : [fault(path, "is not an annotation key; use letters, digits, -, _ and ., at most 63")],
);

/** Source: Kubernetes, apps/v1 Deployment: it must exceed `minReadySeconds`, which is 0. */
export const progressHasTime: Check = perPredictor(({ progressDeadlineSeconds }, path) =>
  progressDeadlineSeconds === 0
    ? [
        fault(
          at(path, "progressDeadlineSeconds"),
          "is 0, and Kubernetes wants more; write the seconds that a rollout may stand still, or remove it",
        ),
      ]
    : [],
);

/** Source: Kubernetes, autoscaling/v2 MetricSpec: the field that a type of metric is told by. */
const sources = {
  Resource: "resource",
  ContainerResource: "containerResource",
  Pods: "pods",
  Object: "object",
  External: "external",
} as const;

type Metric = NonNullable<HpaSpec["metrics"] | HpaSpec["metricsv2"]>[number];

/** A metric is of a known type, and has the field of that type. */
export const metricsAreWhole: Check = perPredictor((predictor, path) =>
  componentsOf(predictor, path).flatMap(({ component: { hpaSpec }, path: where }) => [
    ...metricFindings(hpaSpec?.metrics ?? [], `${where}.hpaSpec.metrics`),
    ...metricFindings(hpaSpec?.metricsv2 ?? [], `${where}.hpaSpec.metricsv2`),
    ...(hpaSpec?.metrics?.length && hpaSpec.metricsv2?.length
      ? [
          warning(
            `${where}.hpaSpec.metricsv2`,
            "has no effect beside metrics; remove one of the two",
          ),
        ]
      : []),
  ]),
);

const metricFindings = (metrics: readonly Metric[], path: string): readonly Finding[] =>
  metrics.flatMap((metric, i) => {
    const where = item(path, i);
    const source = Object.entries(sources).find(([type]) => type === metric.type)?.[1];
    if (source === undefined) {
      const known = either(Object.keys(sources));
      return [fault(at(where, "type"), `"${metric.type}" is no type of metric; write ${known}`)];
    }
    return metric[source] === undefined
      ? [fault(at(where, source), `is missing, and type ${metric.type} needs it; add it`)]
      : [];
  });
