import { defaultSettings, type Settings } from "../../../../api/settings.ts";
import type { Predictor } from "../../../../api/types.ts";
import type { KubernetesObject } from "../../../../operator/render/object.ts";
import { renderRoutes } from "../../../../operator/render/route/route.ts";
import { mymodel, parsed } from "../fixture.ts";

export type Manifest = { readonly [field: string]: unknown };

/** A predictor of one model. */
export const predictor = (name: string, more: Manifest = {}): Manifest => ({
  name,
  graph: { name: "model" },
  componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:1" }] } }],
  ...more,
});

/** A deployment of these predictors, with annotations without `seldon.io/`. */
export const deploymentOf = (
  predictors: readonly Manifest[],
  annotations: Readonly<Record<string, string>> = {},
): Manifest => ({
  ...mymodel,
  spec: {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [
        key.includes("/") ? key : `seldon.io/${key}`,
        value,
      ]),
    ),
    predictors,
  },
});

export const istio: Settings = { ...defaultSettings, istioEnabled: true };
export const ambassador: Settings = { ...defaultSettings, ambassadorEnabled: true };
export const ambassadorV1: Settings = { ...ambassador, ambassadorVersion: "v1" };
export const gateway: Settings = {
  ...defaultSettings,
  gatewayApiEnabled: true,
  gateway: "infra/models",
};

/** The rendered objects; those routable that are not named among `unready`. */
export const routesOf = (
  manifest: object,
  settings: Settings,
  unready: readonly string[] = [],
): readonly KubernetesObject[] => {
  const result = resultOf(manifest, settings, unready);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

export const resultOf = (
  manifest: object,
  settings: Settings,
  unready: readonly string[] = [],
): ReturnType<typeof renderRoutes> =>
  renderRoutes(
    parsed(manifest, settings),
    settings,
    ({ name }: Predictor) => !unready.includes(name),
  );

/** The paths of the faults. */
export const faultsOf = (manifest: object, settings: Settings): readonly string[] => {
  const result = resultOf(manifest, settings);
  return result.ok ? [] : result.issues.map(({ path }) => path);
};

/** `Kind name` of each object, in order. */
export const named = (objects: readonly KubernetesObject[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** The spec of the object of a kind, by its name if there are several. */
export const specOf = (
  objects: readonly KubernetesObject[],
  kind: string,
  name?: string,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into specs of many kinds
): any => {
  const found = objects.find(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  if (found === undefined) throw new Error(`no ${kind} ${name} among ${named(objects).join(", ")}`);
  return found["spec"];
};
