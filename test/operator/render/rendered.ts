import { defaultSettings, type Settings } from "../../../api/settings.ts";
import type { PodSpec } from "../../../api/types.ts";
import { type Desired, type Facts, noFacts } from "../../../operator/render/desired.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { render } from "../../../operator/render/render.ts";
import { parsed } from "./fixture.ts";

export const desiredOf = (
  manifest: object,
  settings: Partial<Settings> = {},
  facts: Facts = noFacts,
): Desired => {
  const all = { ...defaultSettings, ...settings };
  const result = render(parsed(manifest, all), all, facts);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

/** In the order in which they are brought about. */
export const objectsOf = ({
  services,
  scaling,
  deployments,
}: Desired): readonly KubernetesObject[] => [
  ...services,
  ...scaling,
  ...deployments.map(({ object }) => object),
];

export const namesOf = (objects: readonly KubernetesObject[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

export const objectNamed = (desired: Desired, name: string): KubernetesObject => {
  const found = objectsOf(desired).find((each) => namesOf([each])[0] === name);
  if (found === undefined) throw new Error(`no ${name} in ${namesOf(objectsOf(desired))}`);
  return found;
};

/** The part of a Deployment's spec that tests look into. */
export type DeploymentSpec = {
  readonly replicas?: number;
  readonly progressDeadlineSeconds?: number;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly strategy: object;
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: PodSpec;
  };
};

export const specOf = (desired: Desired, index = 0): DeploymentSpec =>
  desired.deployments[index]?.object["spec"] as DeploymentSpec; // rendered as such
