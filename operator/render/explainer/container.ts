/** What an explainer runs. Source: operator contract, 5. */
import { at } from "../../../api/path.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import type { Container, Explainer, Probe } from "../../../api/types.ts";
import { drain } from "../container.ts";
import { given } from "../object.ts";
import { defaultGraceSeconds } from "../pod.ts";
import { explainerPort, httpPortOf } from "../ports.ts";
import { predictorPath, type Subject } from "../subject.ts";
import { explainerArgs } from "./arguments.ts";
import { explainerEnv } from "./environment.ts";
import { type Speech, speechOf } from "./speech.ts";

export const explainerPath = (subject: Subject): string => at(predictorPath(subject), "explainer");

/** The container of an explainer, whose Deployment has this name. */
export const explainerContainer = (
  explainer: Explainer,
  name: string,
  subject: Subject,
): Result<Container> => {
  const own = explainer.containerSpec;
  const speech = speechOf(subject);
  const image = imageOf(explainer, speech, subject);
  if (!image.ok) return image;
  const ports = own?.ports ?? [];
  const number = explainerPort(subject);
  const port = httpPortOf(ports, number);
  const container: Container = {
    ...own,
    name: own?.name || name,
    image: image.value,
    imagePullPolicy: own?.imagePullPolicy || "IfNotPresent",
    ports: ports.some(({ name }) => name === "http")
      ? ports
      : [...ports, { name: "http", containerPort: number, protocol: "TCP" }],
    livenessProbe: own?.livenessProbe ?? tcpProbe(port, 60, 5),
    readinessProbe: own?.readinessProbe ?? tcpProbe(port, 20, 7),
    ...given({ lifecycle: own?.lifecycle ?? drain(defaultGraceSeconds) }),
  };
  if (speech.protocol !== "v2") {
    return success({ ...container, args: explainerArgs(explainer, speech, subject) });
  }
  const env = explainerEnv(container, speech, subject, explainerPath(subject));
  return env.ok ? success({ ...container, env: env.value }) : env;
};

const imageOf = (explainer: Explainer, { protocol }: Speech, subject: Subject): Result<string> => {
  const { image, imageV2 } = subject.settings.explainer;
  const isV2 = protocol === "v2";
  const chosen = explainer.containerSpec?.image || (isV2 ? imageV2 : image);
  if (chosen) return success(chosen);
  const message =
    "is missing, and the cluster has no image for explainers of this protocol; add one here, or " +
    `set ${isV2 ? "image_v2" : "image"} in data.explainer of seldon-config`;
  return failure([{ path: `${explainerPath(subject)}.containerSpec.image`, message }]);
};

/** Source: operator contract, 5. */
const tcpProbe = (
  port: "http" | number,
  initialDelaySeconds: number,
  failureThreshold: number,
): Probe => ({
  tcpSocket: { port },
  initialDelaySeconds,
  periodSeconds: 5,
  successThreshold: 1,
  failureThreshold,
  timeoutSeconds: 1,
});
