/** Where an initializer fetches a model from, and what it must mount to get there. */
import { at } from "../../../api/path.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import type { PodSpec, VolumeMount } from "../../../api/types.ts";
import { keyFileFolder } from "./credentials.ts";
import { containerIn, withContainer, withMount, withSource } from "./mount.ts";

/** Where a model is, and who reads it. */
export type Stored = {
  /** Never empty. */
  readonly uri: string;
  /** The name of the container that reads it. */
  readonly container: string;
  /** The field path of its owner: a node of a graph, or an explainer. */
  readonly path: string;
};

/** A pod as far as it is made, and what its initializer mounts. */
type Mounting = { readonly spec: PodSpec; readonly mounts: readonly VolumeMount[] };

/** Source: operator contract, 7.4. */
const claimFolder = "/mnt/pvc";

/** A model on a volume is copied from there: `pvc://claim/path`. */
export const locate = (
  spec: PodSpec,
  model: Stored,
): Result<Mounting & { readonly uri: string }> => {
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
  const mounted = withMount(containerIn(source.spec, model.container), mount, path);
  if (!mounted.ok) return mounted;
  return success({
    spec: withContainer(source.spec, mounted.value),
    uri: `${claimFolder}/${folders.join("/")}`,
    mounts: [mount],
  });
};

/** The pod with the secret of a key file, if there is one. Source: operator contract, 7.5. */
export const withKeyFile = (spec: PodSpec, secretName: string | undefined): Mounting => {
  if (secretName === undefined) return { spec, mounts: [] };
  const source = withSource(
    spec,
    { name: "user-gcp-sa", secret: { secretName } },
    ({ secret }) => secret?.secretName === secretName,
  );
  const mount = { name: source.volume, mountPath: keyFileFolder, readOnly: true };
  return { spec: source.spec, mounts: [mount] };
};
