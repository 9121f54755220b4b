import { hasNoEngine } from "../../api/deployment.ts";
import type { Container, PodSpec, Volume, VolumeMount } from "../../api/types.ts";
import { lastWins } from "./env.ts";
import { engineContainerName, type Subject } from "./subject.ts";
import type { Workload } from "./workload.ts";

const volumeName = "seldon-cert-volume";

/**
 * The predictor's certificate in every container of the pods that hold its engine or the root of its
 * graph. Source: operator contract, 4.8, 12.4.
 */
export const withCertificate = (workload: Workload, { predictor, settings }: Subject): Workload => {
  const secretName = predictor.ssl?.certSecretName;
  const isMeant = workload.spec.containers.some(({ name }) =>
    [engineContainerName, predictor.graph.name].includes(name),
  );
  if (!secretName || !isMeant || hasNoEngine(predictor)) return workload;
  return { ...workload, spec: mounted(workload.spec, secretName, settings.certMountPath) };
};

const mounted = (spec: PodSpec, secretName: string, mountPath: string): PodSpec => {
  const volume: Volume = { name: volumeName, secret: { secretName } };
  const mount: VolumeMount = { name: volumeName, mountPath, readOnly: true };
  const mountIn = (container: Container): Container => ({
    ...container,
    volumeMounts: [...(container.volumeMounts ?? []), mount],
    env: lastWins([...(container.env ?? []), { name: "SELDON_CERT_MOUNT_PATH", value: mountPath }]),
  });
  return {
    ...spec,
    volumes: [...(spec.volumes ?? []), volume],
    containers: spec.containers.map(mountIn),
  };
};
