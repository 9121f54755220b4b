/** What a cluster can do and this machine cannot: said before anything starts, never passed over. */
import { serverTypeOf } from "../api/deployment.ts";
import { isPrepackaged, locate } from "../api/graph.ts";
import type { Issue } from "../api/result.ts";
import type { Container, Deployment, Predictor } from "../api/types.ts";
import { engineContainerName, type Subject } from "../operator/render/subject.ts";

export type Obstacle = { readonly isFatal: boolean; readonly issue: Issue };

/** Why a container without a command cannot run here. A sidecar alone can be done without. */
export const cannotRun = (container: Container, path: string, subject: Subject): Obstacle => {
  const { name, image } = container;
  const located = locate(
    subject.predictor.graph,
    `spec.predictors[${indexOf(subject)}].graph`,
  ).find(({ unit }) => unit.name === name);
  if (located !== undefined && isPrepackaged(located.unit)) {
    const message =
      `${located.unit.implementation} does not run on this machine yet; give it a command: ` +
      `--image ${name}='COMMAND'`;
    return { isFatal: true, issue: { path: `${located.path}.implementation`, message } };
  }
  if (name === engineContainerName) {
    const message = "this machine runs an engine of its own; remove this container";
    return { isFatal: true, issue: { path, message } };
  }
  const what = image ? `image "${image}"` : "it";
  const message = `${what} cannot be run on this machine; add a command, or say --image ${image || name}='COMMAND'`;
  const isSidecar = located === undefined && !path.includes(".initContainers");
  return {
    isFatal: !isSidecar,
    issue: { path, message: isSidecar ? `is not started: ${message}` : message },
  };
};

const indexOf = ({ deployment, predictor }: Subject): number =>
  deployment.spec.predictors.findIndex(({ name }) => name === predictor.name);

/** What of a deployment has no effect here. */
export const withoutEffect = (deployment: Deployment): readonly Issue[] => [
  ...(serverTypeOf(deployment) === "kafka"
    ? [
        {
          path: "spec.serverType",
          message: "kafka is not read on this machine; requests come over REST and gRPC",
        },
      ]
    : []),
  ...deployment.spec.predictors.flatMap((predictor, i) =>
    withoutEffectIn(predictor, `spec.predictors[${i}]`),
  ),
  ...scaled(deployment),
];

/** Where a user asks for another number of pods than one. */
const scaled = ({ spec }: Deployment): readonly Issue[] => {
  const message = "has no effect on this machine: each container is one process";
  const places: readonly (readonly [string, unknown])[] = [
    ["spec.replicas", spec.replicas],
    ...spec.predictors.flatMap(({ replicas, componentSpecs, svcOrchSpec }, i) => {
      const path = `spec.predictors[${i}]`;
      return [
        [`${path}.replicas`, replicas] as const,
        [`${path}.svcOrchSpec.replicas`, svcOrchSpec?.replicas] as const,
        ...componentSpecs.flatMap((component, j) =>
          (["replicas", "hpaSpec", "kedaSpec"] as const).map(
            (field) => [`${path}.componentSpecs[${j}].${field}`, component[field]] as const,
          ),
        ),
      ];
    }),
  ];
  return places.flatMap(([path, value]) =>
    value === undefined || value === 1 ? [] : [{ path, message }],
  );
};

const withoutEffectIn = (predictor: Predictor, path: string): readonly Issue[] => [
  ...(predictor.explainer?.type
    ? [{ path: `${path}.explainer`, message: "does not run on this machine" }]
    : []),
  ...(predictor.ssl?.certSecretName
    ? [{ path: `${path}.ssl`, message: "has no effect on this machine: it serves plain HTTP" }]
    : []),
  ...locate(predictor.graph, `${path}.graph`).flatMap(({ unit, path: at }) =>
    unit.modelUri && !isPrepackaged(unit)
      ? [{ path: `${at}.modelUri`, message: "is not downloaded on this machine" }]
      : [],
  ),
  ...predictor.componentSpecs.flatMap(({ spec }, i) =>
    (spec?.containers ?? []).flatMap((container, j) =>
      mountsWithoutEffect(container, `${path}.componentSpecs[${i}].spec.containers[${j}]`),
    ),
  ),
];

/** Volumes that rendering adds are replaced by variables; Source: design 5.3.9. */
const replaced = new Set(["seldon-podinfo", "podinfo"]);

const mountsWithoutEffect = ({ volumeMounts = [] }: Container, path: string): readonly Issue[] =>
  volumeMounts.flatMap(({ name, mountPath }, i) =>
    replaced.has(name)
      ? []
      : [
          {
            path: `${path}.volumeMounts[${i}]`,
            message: `volume "${name}" is not mounted on this machine: ${mountPath} is what it is here`,
          },
        ],
  );
