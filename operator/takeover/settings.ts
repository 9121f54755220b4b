/**
 * The settings of Espalier's operator where it takes over from v1's: v1's own, by the environment
 * of its process and its `seldon-config`, but for the images that are of its version.
 *
 * Source: operator contract, 9.2, 9.3; docs/migrate.md, 3.
 */
import { readSeldonConfig } from "../../api/seldon-config.ts";
import { defaultSettings, type Settings } from "../../api/settings.ts";
import { settingsOf, withRelatedImages } from "../environment.ts";
import { listAt, textAt } from "../live.ts";
import type { KubernetesObject } from "../render/object.ts";
import { configMapName } from "../settings-source.ts";
import { type Environment, readVariables, type VariableName } from "../variables.ts";

/** Of v1's Deployment, and of ours. Source: operator contract, 11.1. */
export const managerName = "seldon-controller-manager";

/** They name v1's own images: the guide has them left out. */
const ofItsVersion: readonly VariableName[] = [
  "EXECUTOR_CONTAINER_IMAGE_AND_VERSION",
  "RELATED_IMAGE_EXECUTOR",
  "RELATED_IMAGE_STORAGE_INITIALIZER",
];

export type FoundSettings = {
  readonly settings: Settings;
  /** Deployments with another id are another operator's. */
  readonly controllerId: string;
  /** The one namespace it looks at; empty: all. */
  readonly namespace: string;
  readonly notes: readonly string[];
};

export const findSettings = (
  objects: readonly KubernetesObject[],
  system: string,
): FoundSettings => {
  const own = objects.filter(({ metadata }) => metadata.namespace === system);
  const manager = own.find(
    ({ kind, metadata }) => kind === "Deployment" && metadata.name === managerName,
  );
  const config = own.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapName,
  );
  const env = manager === undefined ? environmentOfNone : environmentOf(manager);
  const { values, faults } = readVariables(env);
  const base = manager === undefined ? defaultSettings : settingsOf(values);
  const read = config === undefined ? undefined : readSeldonConfig(config, base);
  const { image } = defaultSettings.storageInitializer;
  const settings = read?.ok ? read.value : base;
  return {
    settings: withRelatedImages(
      { ...settings, storageInitializer: { ...settings.storageInitializer, image } },
      values,
    ),
    controllerId: values.CONTROLLER_ID,
    namespace: values.WATCH_NAMESPACE,
    notes: [
      ...(manager === undefined ? [missing(`Deployment ${system}/${managerName}`)] : []),
      ...(config === undefined ? [missing(`ConfigMap ${system}/${configMapName}`)] : []),
      ...faults.map((fault) => `${managerName}: ${fault}`),
      ...(read === undefined || read.ok
        ? []
        : read.issues.map(({ path, message }) => `${configMapName}: ${path} ${message}`)),
    ],
  };
};

const environmentOfNone: Environment = {};

const missing = (what: string): string =>
  `${what} was not found: the chart's defaults are taken for its settings`;

const environmentOf = (manager: KubernetesObject): Environment => {
  const containers = listAt(manager, "spec", "template", "spec", "containers");
  const entries = listAt(containers[0], "env")
    .map((one) => [textAt(one, "name"), textAt(one, "value")] as const)
    .filter(([name]) => !ofItsVersion.some((each) => each === name));
  return Object.fromEntries(entries);
};
