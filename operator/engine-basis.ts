/**
 * Upgrades of the operator do not restart models: a predictor keeps the engine it runs, and the
 * initializer that fetched its models, until something else of it changes. Source: design 5.2.7;
 * deviation O12.
 */
import { protocolOf, transportOf } from "../api/deployment.ts";
import { locate } from "../api/graph.ts";
import { isPlain } from "../api/shape/plain.ts";
import type { Deployment, PredictorSpec } from "../api/types.ts";
import { digestOf } from "./digest.ts";
import { listAt, textAt, valueAt } from "./live.ts";
import { annotated, engineBasisAnnotation, markOf } from "./marks.ts";
import type { KubernetesObject } from "./render/object.ts";
import { engineContainerName } from "./render/subject.ts";

const templateOf = (object: KubernetesObject): unknown => valueAt(object, "spec", "template");

const containersOf = (object: KubernetesObject): readonly unknown[] =>
  listAt(templateOf(object), "spec", "containers");

const engineOf = (object: KubernetesObject): unknown =>
  containersOf(object).find((container) => textAt(container, "name") === engineContainerName);

const initializersOf = (object: KubernetesObject): readonly unknown[] =>
  listAt(templateOf(object), "spec", "initContainers");

/** Our own storage initializer, from whatever registry; its version alone is the operator's. */
const ours = /(^|\/)espalier\/storage-initializer[:@]/;

const isOurs = (container: unknown): boolean => ours.test(textAt(container, "image"));

const withPod = (object: KubernetesObject, fields: object): KubernetesObject => ({
  ...object,
  spec: {
    ...fieldsOf(object["spec"]),
    template: {
      ...fieldsOf(templateOf(object)),
      spec: { ...fieldsOf(valueAt(object, "spec", "template", "spec")), ...fields },
    },
  },
});

const withContainers = (
  object: KubernetesObject,
  containers: readonly unknown[],
): KubernetesObject => withPod(object, { containers });

/** With these images in the place of our initializers' own; without one, as it is. */
const withInitializers = (
  object: KubernetesObject,
  imageOf: (name: string) => string,
): KubernetesObject => {
  const initContainers = initializersOf(object);
  if (!initContainers.some(isOurs)) return object;
  return withPod(object, {
    initContainers: initContainers.map((one) =>
      isOurs(one) ? { ...fieldsOf(one), image: imageOf(textAt(one, "name")) } : one,
    ),
  });
};

const fieldsOf = (value: unknown): object => (isPlain(value) ? value : {});

/** What a pod was started for: all of it but the engine itself and our initializers' version, and the engine's plan and ports. */
const basisOf = (object: KubernetesObject, { deployment, predictor }: Origin): string => {
  const engine = engineOf(object);
  const others = containersOf(object).filter((container) => container !== engine);
  const written = deployment.spec.predictors.find(({ name }) => name === predictor);
  const images = writtenInitializers(written);
  return digestOf({
    template: templateOf(withInitializers(withContainers(object, others), () => "")),
    ...(images.length > 0 ? { images } : {}),
    plan: listAt(engine, "env").find((one) => textAt(one, "name") === "ENGINE_PREDICTOR"),
    ports: valueAt(engine, "ports"),
    svcOrchSpec: written?.svcOrchSpec,
    protocol: protocolOf(deployment),
    transport: transportOf(deployment),
  });
};

/** The images that the manifest itself names: another one is a change of its user's. */
const writtenInitializers = (predictor: PredictorSpec | undefined): readonly string[] => {
  if (predictor === undefined) return [];
  const owners = [...locate(predictor.graph, "").map(({ unit }) => unit), predictor.explainer];
  return owners.flatMap((owner) => owner?.storageInitializerImage ?? []);
};

/** What a Deployment was rendered from; `predictor` is a name. */
export type Origin = { readonly deployment: Deployment; readonly predictor: string };

export type Engine = {
  /** The Deployment to apply, with its basis written on it. */
  readonly object: KubernetesObject;
  /** An older engine runs on. */
  readonly isKept: boolean;
};

/**
 * The Deployment with the engine and the initializers that run in it, if these are of other images and
 * nothing else has changed; a Deployment with none of them as it is.
 */
export const withEngine = (
  object: KubernetesObject,
  live: KubernetesObject | undefined,
  origin: Origin,
): Engine => {
  const wanted = engineOf(object);
  if (wanted === undefined && !initializersOf(object).some(isOurs)) {
    return { object, isKept: false };
  }
  const basis = basisOf(object, origin);
  const full = annotated(object, { [engineBasisAnnotation]: basis });
  if (live === undefined || markOf(live, engineBasisAnnotation) !== basis) {
    return { object: full, isKept: false };
  }
  const kept = withInitializers(full, (name) =>
    textAt(
      initializersOf(live).find((one) => textAt(one, "name") === name),
      "image",
    ),
  );
  const running = engineOf(live);
  const isKept =
    wanted !== undefined &&
    running !== undefined &&
    textAt(running, "image") !== textAt(wanted, "image");
  if (!isKept) return { object: kept, isKept };
  const containers = containersOf(kept).map((one) => (one === wanted ? running : one));
  return { object: withContainers(kept, containers), isKept };
};
