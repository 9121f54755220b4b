/** What Kubernetes would refuse, or never do, about the pods of a predictor. */

import { hasSeparateEngine } from "../deployment.ts";
import { isPrepackaged, walk } from "../graph.ts";
import { at, item } from "../path.ts";
import { hint } from "../spelling.ts";
import type { Container, PredictiveUnit, PredictorSpec, SeldonPodSpec } from "../types.ts";
import { type Check, type Finding, fault, perPredictor, warning } from "./check.ts";

type PodCheck = (
  component: SeldonPodSpec,
  path: string,
  predictor: PredictorSpec,
) => readonly Finding[];

const perPod = (check: PodCheck): Check =>
  perPredictor((predictor, path) =>
    (predictor.componentSpecs ?? []).flatMap((component, i) =>
      check(component, item(at(path, "componentSpecs"), i), predictor),
    ),
  );

type Places = readonly { readonly container: Container; readonly path: string }[];

const containers = ({ spec }: SeldonPodSpec, path: string): Places =>
  (spec?.containers ?? []).map((container, i) => ({
    container,
    path: item(`${path}.spec.containers`, i),
  }));

const allContainers = (component: SeldonPodSpec, path: string): Places => [
  ...containers(component, path),
  ...(component.spec?.initContainers ?? []).map((container, i) => ({
    container,
    path: item(`${path}.spec.initContainers`, i),
  })),
];

/** The items of a list whose key an earlier item has. */
const repeats = <T>(list: readonly T[] | undefined, keyOf: (entry: T) => string): number[] => {
  const seen = new Set<string>();
  return (list ?? []).flatMap((entry, i) => {
    const isRepeat = seen.has(keyOf(entry));
    seen.add(keyOf(entry));
    return isRepeat ? [i] : [];
  });
};

/** Containers are named as Kubernetes names them, each pod's with different names. */
export const containersAreNamed: Check = perPod((component, path) => {
  const all = allContainers(component, path);
  const twice = new Set(repeats(all, ({ container }) => container.name));
  return all.flatMap(({ container: { name }, path: where }, i) => {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      const message = `"${name}" is not a container name; use at most 63 lower-case letters, digits and -`;
      return [fault(at(where, "name"), message)];
    }
    return twice.has(i)
      ? [fault(at(where, "name"), `"${name}" is the name of an earlier container too; rename one`)]
      : [];
  });
});

/** A node is one container: of two with its name, only the first is addressed. */
export const nodesHaveOneContainer: Check = perPredictor((predictor, path) => {
  const nodes = new Set(walk(predictor.graph).map(({ name }) => name));
  const pods = new Map<string, number>();
  return (predictor.componentSpecs ?? []).flatMap((component, i) =>
    containers(component, item(at(path, "componentSpecs"), i)).flatMap((placed) => {
      const { name } = placed.container;
      const pod = pods.get(name) ?? i;
      pods.set(name, pod);
      if (pod === i || !nodes.has(name)) return [];
      const message = `"${name}" is a container of componentSpecs[${pod}] too, which the node uses; rename one`;
      return [warning(at(placed.path, "name"), message)];
    }),
  );
});

/** Containers that we add, if a user does not, have an image. Source: operator contract, 4.4, 7.3. */
const isAddedBeside = (name: string, servers: readonly PredictiveUnit[]): boolean =>
  name === "seldon-container-engine" ||
  servers.some(
    (unit) =>
      unit.implementation === "TENSORFLOW_SERVER" &&
      (name === "tfserving" || name === `tfserving-${unit.name}`),
  );

/** A container runs an image; only prepackaged servers are given one. */
export const containersHaveImages: Check = perPod((component, path, predictor) => {
  const servers = walk(predictor.graph).filter(isPrepackaged);
  return containers(component, path).flatMap(({ container, path: where }) => {
    const isGiven = container.image || servers.some(({ name }) => name === container.name);
    if (isGiven || isAddedBeside(container.name, servers)) return [];
    const message = container.command?.length
      ? "is missing, so the container runs on this machine only; add an image for a cluster"
      : "is missing; name the image to run";
    return [warning(at(where, "image"), message)];
  });
});

/** Lists that Kubernetes keys have no key twice. */
export const keyedListsAreUnique: Check = perPod((component, path) => {
  const twice = (where: string, indexes: readonly number[], what: string): readonly Finding[] =>
    indexes.map((i) => fault(item(where, i), `repeats the ${what} of an earlier item; remove one`));
  return [
    ...twice(
      `${path}.spec.volumes`,
      repeats(component.spec?.volumes, ({ name }) => name),
      "name",
    ),
    ...allContainers(component, path).flatMap(({ container, path: where }) => [
      ...twice(
        at(where, "ports"),
        repeats(container.ports, (port) => `${port.containerPort}/${port.protocol || "TCP"}`),
        "containerPort",
      ),
      ...twice(
        at(where, "volumeMounts"),
        repeats(container.volumeMounts, ({ mountPath }) => mountPath),
        "mountPath",
      ),
      ...repeats(container.env, ({ name }) => name).map((i) =>
        warning(
          item(at(where, "env"), i),
          `repeats ${container.env?.[i]?.name}, and the last one wins; remove one`,
        ),
      ),
    ]),
  ];
});

/**
 * Volumes that nobody writes: they are added to pods when needed.
 *
 * Source: operator contract, 4.2, 4.8, 7.4, 7.5; `podinfo`: 2.2.
 */
const addedVolumes =
  /^(seldon-podinfo|podinfo|seldon-cert-volume|kfserving-pvc-source|user-gcp-sa|.*-provision-location)$/;

/** What containers mount is a volume of their pod. */
export const mountsHaveVolumes: Check = perPod((component, path) => {
  const volumes = (component.spec?.volumes ?? []).map(({ name }) => name);
  return allContainers(component, path).flatMap(({ container, path: where }) =>
    (container.volumeMounts ?? []).flatMap(({ name }, i) => {
      if (volumes.includes(name) || addedVolumes.test(name)) return [];
      const message = `no volume of this pod is called "${name}"; add it to volumes${hint(name, volumes)}`;
      return [warning(at(item(at(where, "volumeMounts"), i), "name"), message)];
    }),
  );
});

/** Source: operator contract, 4.9: KEDA wins over HPA, and replicas are left to them. */
export const oneScalerScales: Check = perPod((component, path) => {
  const scaler = component.kedaSpec ? "kedaSpec" : component.hpaSpec ? "hpaSpec" : undefined;
  if (scaler === undefined) return [];
  const { minReplicas = 1, maxReplicas } = component.hpaSpec ?? { maxReplicas: 1 };
  const overruled = (field: string): Finding =>
    warning(at(path, field), `has no effect beside ${scaler}; remove one of the two`);
  return [
    ...(component.kedaSpec && component.hpaSpec ? [overruled("hpaSpec")] : []),
    ...(component.replicas === undefined ? [] : [overruled("replicas")]),
    ...(minReplicas > maxReplicas
      ? [
          fault(
            `${path}.hpaSpec.minReplicas`,
            `is ${minReplicas}, more than maxReplicas ${maxReplicas}`,
          ),
        ]
      : []),
  ];
});

/** A disruption budget has one bound. Source: Kubernetes, policy/v1 PodDisruptionBudget. */
export const disruptionBudgetHasOneBound: Check = perPod(({ pdbSpec }, path) => {
  if (pdbSpec?.minAvailable === undefined || pdbSpec.maxUnavailable === undefined) return [];
  const message = "has both minAvailable and maxUnavailable, which Kubernetes refuses; remove one";
  return [fault(at(path, "pdbSpec"), message)];
});

/** An engine inside a model's pod has as many replicas as that pod. Source: operator contract, 4.5. */
export const engineReplicasApply: Check = perPredictor((predictor, path, { deployment }) =>
  predictor.svcOrchSpec?.replicas === undefined || hasSeparateEngine(deployment)
    ? []
    : [
        warning(
          `${path}.svcOrchSpec.replicas`,
          'has no effect without spec.annotations["seldon.io/engine-separate-pod"]: "true"; ' +
            "add it, or remove this",
        ),
      ],
);
