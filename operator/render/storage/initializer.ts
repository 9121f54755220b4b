/**
 * A model is fetched before its container starts: by an init container, into a folder that both
 * share. Source: operator contract, 7.4.
 */
import { cutName } from "../../../api/names.ts";
import { at } from "../../../api/path.ts";
import { type Result, success } from "../../../api/result.ts";
import { defaultSettings, type Settings } from "../../../api/settings.ts";
import type {
  Container,
  EnvFromSource,
  EnvVar,
  PodSpec,
  ResourceRequirements,
} from "../../../api/types.ts";
import type { Facts } from "../desired.ts";
import { modelFolder } from "../env.ts";
import { computeResources } from "../resources.ts";
import { credentialsOf } from "./credentials.ts";
import { containerIn, withContainer, withMount, withVolume } from "./mount.ts";
import { locate, type Stored, withKeyFile } from "./source.ts";

/** A stored model, and what its owner in the manifest says about the way to it. */
export type Model = Stored & {
  readonly envSecretRefName: string | undefined;
  readonly storageInitializerImage: string | undefined;
  /** The service account whose secrets open the store. */
  readonly account: string;
};

/** What fetching a model depends on beside the model. */
export type Store = { readonly settings: Settings; readonly facts: Facts };

/** Our own, where v1 has one with rclone: it takes the same arguments and variables. */
const { image: stockImage } = defaultSettings.storageInitializer;

/**
 * The pod in which a container finds its model at `/mnt/models`. An init container of the name that
 * ours would have is the user's own way of fetching it, and stays as it is.
 */
export const withModel = (pod: PodSpec, model: Model, store: Store): Result<PodSpec> => {
  const path = at(model.path, "modelUri");
  const volume = cutName(`${model.container}-provision-location`);
  const reader = containerIn(pod, model.container);
  const mount = { name: volume, mountPath: modelFolder };
  const mounted = withMount(reader, { ...mount, readOnly: true }, path);
  if (!mounted.ok) return mounted;
  const spec = withContainer(withVolume(pod, { name: volume, emptyDir: {} }), mounted.value);

  const name = initializerName(model.container);
  if (pod.initContainers?.some((each) => each.name === name)) return success(spec);
  const resources = initializerResources(store.settings);
  if (!resources.ok) return resources;
  const location = locate(spec, model);
  if (!location.ok) return location;
  const { env, keyFileSecret } = credentialsOf(
    model.account,
    store.facts,
    store.settings.credentials,
  );
  const key = withKeyFile(location.value.spec, keyFileSecret);
  const initializer: Container = {
    name,
    image: model.storageInitializerImage || store.settings.storageInitializer.image || stockImage,
    imagePullPolicy: "IfNotPresent",
    args: [location.value.uri, modelFolder],
    ...environment(env, secretEnv(model, store.settings)),
    resources: resources.value,
    volumeMounts: [mount, ...location.value.mounts, ...key.mounts],
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  };
  return success({
    ...key.spec,
    initContainers: [...(key.spec.initContainers ?? []), initializer],
  });
};

/** A container's name that fills the whole space leaves no room for a second one made from it. */
const initializerName = (container: string): string => {
  const name = cutName(`${container}-model-initializer`);
  return name === container ? "model-initializer" : name;
};

const environment = (
  env: readonly EnvVar[],
  envFrom: readonly EnvFromSource[],
): Pick<Container, "env" | "envFrom"> => ({
  ...(env.length > 0 ? { env } : {}),
  ...(envFrom.length > 0 ? { envFrom } : {}),
});

/** The secret that says how to reach a store: a model's own, or the one for all. */
export const secretEnv = (
  { envSecretRefName }: { readonly envSecretRefName?: string | undefined },
  { defaultEnvSecretRefName }: Settings,
): readonly EnvFromSource[] => {
  const name = envSecretRefName || defaultEnvSecretRefName;
  return name === "" ? [] : [{ secretRef: { name } }];
};

const initializerResources = ({ storageInitializer }: Settings): Result<ResourceRequirements> =>
  computeResources(storageInitializer, {
    path: "settings.storageInitializer",
    remedy: (field) => `mend ${field} in data.storageInitializer of seldon-config`,
  });
