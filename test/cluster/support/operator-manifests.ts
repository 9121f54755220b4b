/** SeldonDeployments for tests of the operator, and what to wait for in them. */
import { group, kind } from "../../../api/schema.ts";
import { conditionOf, listAt, numberAt, textAt, valueAt } from "../../../operator/live.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type Api, type Given, targetOf } from "./api.ts";
import { isTrue } from "./conditions.ts";
import type { Target } from "./paths.ts";

const apiVersion = `${group}/v1`;

/** Where a SeldonDeployment is. */
export const sdep = (namespace: string, name: string): Target => ({
  ...{ apiVersion, kind, namespace, name },
});

export type Fields = { readonly [field: string]: unknown };

/** A manifest with these predictors; `spec` and `metadata` go beside them. */
export const manifestOf = (
  { namespace = "", name }: Target,
  predictors: readonly Fields[],
  { spec = {}, metadata = {} }: { readonly spec?: Fields; readonly metadata?: Fields } = {},
): Given => ({
  ...{ apiVersion, kind, metadata: { ...metadata, name, namespace } },
  spec: { ...spec, predictors },
});

export type ModelOptions = {
  readonly name?: string;
  readonly image?: string;
  /** Of the container, and of the node. */
  readonly container?: string;
  /** Beside its name and image. */
  readonly containerFields?: Fields;
  /** Of the componentSpec, beside its pod. */
  readonly component?: Fields;
};

/** A predictor of one model in one container. */
export const predictorOf = (options: ModelOptions = {}, more: Fields = {}): Fields => {
  const { name = "main", image = "none/of-it:1", container = "model" } = options;
  return {
    ...{ name, graph: { name: container } },
    componentSpecs: [
      {
        ...options.component,
        spec: { containers: [{ name: container, image, ...options.containerFields }] },
      },
    ],
    ...more,
  };
};

/** A predictor without pods but its engine's: the least work for a cluster. */
export const builtInPredictor = (name = "main"): Fields => ({
  name,
  graph: { name: "node", implementation: "SIMPLE_MODEL" },
});

/** The status is about the manifest as it is now. */
export const isObserved = (one: KubernetesObject): boolean =>
  numberAt(one, "status", "observedGeneration") === one.metadata.generation;

export const isSettled = (one: KubernetesObject): boolean =>
  isObserved(one) && isTrue(one, "Ready");

/** Whether the status is about the manifest as it is now, and Ready has this reason. */
export const hasReason =
  (reason: string) =>
  (one: KubernetesObject): boolean =>
    isObserved(one) && textAt(conditionOf(one, "Ready"), "reason") === reason;

export const messageOf = (one: KubernetesObject, type = "Ready"): string =>
  textAt(conditionOf(one, type), "message");

/** Applies a manifest and waits until it is brought about. */
export const bringAbout = async (api: Api, manifest: Given): Promise<KubernetesObject> => {
  await api.apply(manifest, { force: true });
  const { namespace = "", name } = manifest.metadata;
  return api.until(sdep(namespace, name), isSettled);
};

/** Puts another spec in the place of the one that is there, whoever reports on it meanwhile. */
export const respecify = async (api: Api, { spec, ...manifest }: Given): Promise<void> => {
  const patch = [{ op: "replace", path: "/spec", value: spec }];
  await api.patch(targetOf(manifest), patch, { type: "json" });
};

export const deploymentAt = (namespace: string, name: string): Target => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment", namespace, name },
});

export const serviceAt = (namespace: string, name: string): Target => ({
  ...{ apiVersion: "v1", kind: "Service", namespace, name },
});

export const virtualServiceAt = (namespace: string, name: string): Target => ({
  ...{ apiVersion: "networking.istio.io/v1alpha3", kind: "VirtualService", namespace, name },
});

/** The containers of a Deployment's pods, by name. */
export const containersOf = (deployment: KubernetesObject): ReadonlyMap<string, unknown> =>
  new Map(
    listAt(deployment, "spec", "template", "spec", "containers").map((one) => [
      textAt(one, "name"),
      one,
    ]),
  );

/** The image of a Deployment's container. */
export const imageOf = (deployment: KubernetesObject, container = "model"): string =>
  textAt(containersOf(deployment).get(container), "image");

/** Of a VirtualService's first route: weights by predictor, and who gets copies. */
export const splitOf = (virtualService: KubernetesObject): Fields => {
  const [route] = listAt(virtualService, "spec", "http");
  const weights = listAt(route, "route").map((one) => [
    textAt(one, "destination", "subset"),
    valueAt(one, "weight"),
  ]);
  const mirror = textAt(route, "mirror", "subset");
  return { ...Object.fromEntries(weights), ...(mirror === "" ? {} : { mirror }) };
};

/** The events about a deployment, once there is one that is wanted: they come after what they tell of. */
export const eventsWith = async (
  api: Api,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  isWanted: (event: KubernetesObject) => boolean,
): Promise<readonly KubernetesObject[]> => {
  const where = { apiVersion: "v1", kind: "Event", namespace };
  const isOurs = (event: KubernetesObject): boolean =>
    textAt(event, "involvedObject", "kind") === kind;
  const events = await api.untilAll({ ...where, fields: `involvedObject.name=${name}` }, (all) =>
    all.some((event) => isOurs(event) && isWanted(event)),
  );
  return events.filter(isOurs);
};
