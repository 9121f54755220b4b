/**
 * A model is fetched before its container starts: by an init container, into a folder that both
 * share. Source: operator contract, 7.4.
 */
import { cutName } from "../../../api/names.ts";
import { at } from "../../../api/path.ts";
import { failure, type Issue, type Result, success } from "../../../api/result.ts";
import type { Settings } from "../../../api/settings.ts";
import { isQuantity } from "../../../api/shape/scalar.ts";
import type {
  Container,
  EnvFromSource,
  PodSpec,
  ResourceRequirements,
  VolumeMount,
} from "../../../api/types.ts";
import { modelFolder } from "../env.ts";
import { credentialsOf, keyFileFolder } from "./credentials.ts";
import type { Model, Store } from "./model.ts";
import { withContainer, withMount, withSource, withVolume } from "./mount.ts";

/** Source, also of the names below: operator contract, 7.4. */
const stockImage = "docker.io/seldonio/rclone-storage-initializer:latest";
const claimFolder = "/mnt/pvc";

/**
 * The pod in which a container finds its model at `/mnt/models`. An init container of the name that
 * ours would have is the user's own way of fetching it, and stays as it is.
 */
export const withModel = (pod: PodSpec, model: Model, store: Store): Result<PodSpec> => {
  const path = at(model.path, "modelUri");
  const volume = cutName(`${model.container}-provision-location`);
  const reader = readerOf(pod, model);
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
  const key = withKeyFile(location.value.spec, model, store);
  const initializer: Container = {
    name,
    image: model.storageInitializerImage || store.settings.storageInitializer.image || stockImage,
    imagePullPolicy: "IfNotPresent",
    args: [location.value.uri, modelFolder],
    ...environment(model, store),
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

const readerOf = (pod: PodSpec, { container }: Model): Container => {
  const reader = pod.containers.find(({ name }) => name === container);
  if (reader === undefined) throw new Error(`pod has no container ${container}`);
  return reader;
};

/** A pod as far as it is made, where its initializer fetches from, and what that must mount. */
type Located = {
  readonly spec: PodSpec;
  readonly uri: string;
  readonly mounts: readonly VolumeMount[];
};

/** A model on a volume is copied from there: `pvc://claim/path`. */
const locate = (spec: PodSpec, model: Model): Result<Located> => {
  if (!model.uri.startsWith("pvc://")) return success({ spec, uri: model.uri, mounts: [] });
  const path = at(model.path, "modelUri");
  const [claimName = "", ...folders] = model.uri.slice("pvc://".length).split("/");
  if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(claimName)) {
    const message = `"${model.uri}" names no PersistentVolumeClaim; write pvc://claim/path`;
    return failure([{ path, message }]);
  }
  const source = withSource(
    spec,
    { name: "kfserving-pvc-source", persistentVolumeClaim: { claimName } },
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claimName,
  );
  const mount = { name: source.volume, mountPath: claimFolder, readOnly: true };
  const mounted = withMount(readerOf(source.spec, model), mount, path);
  if (!mounted.ok) return mounted;
  return success({
    spec: withContainer(source.spec, mounted.value),
    uri: `${claimFolder}/${folders.join("/")}`,
    mounts: [mount],
  });
};

const withKeyFile = (
  spec: PodSpec,
  { account }: Model,
  { facts, settings }: Store,
): Omit<Located, "uri"> => {
  const { keyFileSecret: secretName } = credentialsOf(account, facts, settings.credentials);
  if (secretName === undefined) return { spec, mounts: [] };
  const source = withSource(
    spec,
    { name: "user-gcp-sa", secret: { secretName } },
    ({ secret }) => secret?.secretName === secretName,
  );
  const mount = { name: source.volume, mountPath: keyFileFolder, readOnly: true };
  return { spec: source.spec, mounts: [mount] };
};

const environment = (
  model: Model,
  { facts, settings }: Store,
): Pick<Container, "env" | "envFrom"> => {
  const { env } = credentialsOf(model.account, facts, settings.credentials);
  const envFrom = secretEnv(model, settings);
  return {
    ...(env.length > 0 ? { env } : {}),
    ...(envFrom.length > 0 ? { envFrom } : {}),
  };
};

/** The secret that says how to reach a store: a model's own, or the one for all. */
export const secretEnv = (
  { envSecretRefName }: { readonly envSecretRefName?: string | undefined },
  { defaultEnvSecretRefName }: Settings,
): readonly EnvFromSource[] => {
  const name = envSecretRefName || defaultEnvSecretRefName;
  return name === "" ? [] : [{ secretRef: { name } }];
};

const initializerResources = ({ storageInitializer }: Settings): Result<ResourceRequirements> => {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = storageInitializer;
  const issues = Object.entries({ cpuRequest, cpuLimit, memoryRequest, memoryLimit }).flatMap(
    ([name, value]): readonly Issue[] =>
      isQuantity(value)
        ? []
        : [
            {
              path: `settings.storageInitializer.${name}`,
              message:
                `"${value}" is not a quantity such as 100m or 1Gi; ` +
                `mend ${name} in data.storageInitializer of seldon-config`,
            },
          ],
  );
  if (issues.length > 0) return failure(issues);
  return success({
    requests: { cpu: cpuRequest, memory: memoryRequest },
    limits: { cpu: cpuLimit, memory: memoryLimit },
  });
};
