import type { Container, PodSpec } from "../../api/types.ts";
import { lastWins } from "./env.ts";
import type { Subject } from "./subject.ts";

const volumeName = "seldon-cert-volume";

/** The predictor's certificate in every container of a pod. Source: operator contract, 4.8. */
export const withCertificate = (spec: PodSpec, { predictor, settings }: Subject): PodSpec => {
  const secretName = predictor.ssl?.certSecretName;
  if (!secretName) return spec;
  const mountPath = settings.certMountPath;
  const mounted = (container: Container): Container => ({
    ...container,
    volumeMounts: [
      ...(container.volumeMounts ?? []),
      { name: volumeName, mountPath, readOnly: true },
    ],
    env: lastWins([...(container.env ?? []), { name: "SELDON_CERT_MOUNT_PATH", value: mountPath }]),
  });
  return {
    ...spec,
    volumes: [...(spec.volumes ?? []), { name: volumeName, secret: { secretName } }],
    containers: spec.containers.map(mounted),
  };
};
