/**
 * Upgrades of the operator do not restart models: a predictor keeps the engine it runs until
 * something else of it changes. Source: design 5.2.7; deviation O12.
 */
import { protocolOf, transportOf } from "../api/deployment.ts";
import { isPlain } from "../api/shape/plain.ts";
import type { Deployment } from "../api/types.ts";
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

const withContainers = (
  object: KubernetesObject,
  containers: readonly unknown[],
): KubernetesObject => ({
  ...object,
  spec: {
    ...fieldsOf(object["spec"]),
    template: {
      ...fieldsOf(templateOf(object)),
      spec: { ...fieldsOf(valueAt(object, "spec", "template", "spec")), containers },
    },
  },
});

const fieldsOf = (value: unknown): object => (isPlain(value) ? value : {});

/** What an engine was started for: all of its pod but the engine itself, its plan and its ports. */
const basisOf = (object: KubernetesObject, { deployment, predictor }: Origin): string => {
  const { predictors } = deployment.spec;
  const engine = engineOf(object);
  const others = containersOf(object).filter((container) => container !== engine);
  return digestOf({
    template: templateOf(withContainers(object, others)),
    plan: listAt(engine, "env").find((one) => textAt(one, "name") === "ENGINE_PREDICTOR"),
    ports: valueAt(engine, "ports"),
    svcOrchSpec: predictors.find(({ name }) => name === predictor)?.svcOrchSpec,
    protocol: protocolOf(deployment),
    transport: transportOf(deployment),
  });
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
 * The Deployment with the engine that runs in it, if that is of another image and nothing else has
 * changed; a Deployment without an engine as it is.
 */
export const withEngine = (
  object: KubernetesObject,
  live: KubernetesObject | undefined,
  origin: Origin,
): Engine => {
  const wanted = engineOf(object);
  if (wanted === undefined) return { object, isKept: false };
  const basis = basisOf(object, origin);
  const full = annotated(object, { [engineBasisAnnotation]: basis });
  const running = live && engineOf(live);
  const isKept =
    live !== undefined &&
    running !== undefined &&
    markOf(live, engineBasisAnnotation) === basis &&
    textAt(running, "image") !== textAt(wanted, "image");
  if (!isKept) return { object: full, isKept };
  const containers = containersOf(object).map((one) => (one === wanted ? running : one));
  return { object: withContainers(full, containers), isKept };
};
