/** Volumes and mounts that are added to a pod which may have some of its own. */
import { failure, type Result, success } from "../../../api/result.ts";
import type { Container, PodSpec, Volume, VolumeMount } from "../../../api/types.ts";

/** A pod and the name under which it has a volume. */
export type Mountable = { readonly spec: PodSpec; readonly volume: string };

/** The pod with a volume of this name: its user's, if there is one. */
export const withVolume = (spec: PodSpec, volume: Volume): PodSpec =>
  spec.volumes?.some(({ name }) => name === volume.name)
    ? spec
    : { ...spec, volumes: [...(spec.volumes ?? []), volume] };

/**
 * The pod with this volume, or the one that it already has of the same source. A second source takes
 * a name of its own: `kfserving-pvc-source-2`.
 */
export const withSource = (
  spec: PodSpec,
  volume: Volume,
  isSame: (other: Volume) => boolean,
): Mountable => {
  const volumes = spec.volumes ?? [];
  const found = volumes.find((other) => other.name.startsWith(volume.name) && isSame(other));
  if (found !== undefined) return { spec, volume: found.name };
  const taken = new Set(volumes.map(({ name }) => name));
  let name = volume.name;
  for (let i = 2; taken.has(name); i++) name = `${volume.name}-${i}`;
  return { spec: withVolume(spec, { ...volume, name }), volume: name };
};

/** A container with a mount, unless it mounts that volume already; another one there is a fault. */
export const withMount = (
  container: Container,
  mount: VolumeMount,
  path: string,
): Result<Container> => {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some(({ name }) => name === mount.name)) return success(container);
  const other = mounts.find(({ mountPath }) => bare(mountPath) === bare(mount.mountPath));
  if (other === undefined) return success({ ...container, volumeMounts: [...mounts, mount] });
  const message =
    `is put at ${mount.mountPath}, where container "${container.name}" mounts volume ` +
    `"${other.name}"; mount that elsewhere, or remove this`;
  return failure([{ path, message }]);
};

const bare = (path: string): string => path.replace(/\/+$/, "");

/** The container of that name, which is there: pods are made before they are furnished. */
export const containerIn = (spec: PodSpec, name: string): Container => {
  const found = spec.containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`pod has no container ${name}`);
  return found;
};

/** The pod with another container in the place of the one of its name. */
export const withContainer = (spec: PodSpec, container: Container): PodSpec => ({
  ...spec,
  containers: spec.containers.map((each) => (each.name === container.name ? container : each)),
});
