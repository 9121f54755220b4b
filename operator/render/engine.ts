/** The container of an engine. Source: operator contract, 4.4. */
import { annotationOf, protocolOf, serverTypeOf, transportOf } from "../../api/deployment.ts";
import { encodePlan } from "../../api/plan.ts";
import { failure, type Result, success, together } from "../../api/result.ts";
import type { Settings } from "../../api/settings.ts";
import type {
  Container,
  EnvVar,
  Probe,
  ResourceRequirements,
  SecurityContext,
} from "../../api/types.ts";
import { lastWins } from "./env.ts";
import { given } from "./object.ts";
import { computeResources } from "./resources.ts";
import { engineContainerName, type Subject } from "./subject.ts";

/** The pod that an engine is put into. */
export type EngineHost = {
  /** How long it has to end. */
  readonly graceSeconds: number;
  /** The ports on which its other containers listen. */
  readonly ports: ReadonlySet<number>;
};

/** The engine's container; only settings can be at fault. */
export const engineContainer = (subject: Subject, host: EngineHost): Result<Container> => {
  const { settings } = subject;
  const made = together([imageOf(settings), userOf(settings), resourcesOf(subject)]);
  if (!made.ok) return made;
  const [image, user, resources] = made.value;
  const metricsPort = freeMetricsPort(settings, host);
  return success({
    name: engineContainerName,
    image,
    imagePullPolicy: settings.engineImagePullPolicy,
    args: engineArgs(subject, metricsPort, host.graceSeconds),
    ports: [
      { name: "http", containerPort: settings.engineHttpPort, protocol: "TCP" },
      {
        name: settings.engineMetricsPortName,
        containerPort: metricsPort,
        protocol: "TCP",
      },
      { name: "grpc", containerPort: settings.engineGrpcPort, protocol: "TCP" },
    ],
    env: engineEnv(subject),
    volumeMounts: [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }],
    readinessProbe: engineProbe(subject, "/ready"),
    livenessProbe: engineProbe(subject, "/live"),
    resources,
    ...given({ securityContext: user }),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
};

/**
 * The port for metrics is our own addition, so it gives way: a container that listens there beside
 * v1's engine must find the engine of ours starting too. Source: deviation O11.
 */
const freeMetricsPort = (settings: Settings, { ports }: EngineHost): number => {
  const { engineHttpPort, engineGrpcPort, engineMetricsPort } = settings;
  const taken = new Set([...ports, engineHttpPort, engineGrpcPort]);
  let port = engineMetricsPort;
  while (taken.has(port)) port += 1;
  return port;
};

/**
 * Source: operator contract, 4.4; `--metrics_port`: design 5.2.1; `--shutdown_delay`: design 5.2.11.
 */
const engineArgs = (
  { deployment, predictor, settings }: Subject,
  metricsPort: number,
  graceSeconds: number,
): readonly string[] => {
  const { name, namespace } = deployment.metadata;
  const queueSize =
    annotationOf(deployment, "seldon.io/executor-logger-queue-size") ??
    String(settings.requestLoggerQueueSize);
  const writeTimeoutMs =
    annotationOf(deployment, "seldon.io/executor-logger-write-timeout-ms") ??
    String(settings.requestLoggerWriteTimeoutMs);
  const flags: readonly (readonly [string, string])[] = [
    ["--sdep", name],
    ["--namespace", namespace],
    ["--predictor", predictor.name],
    ["--http_port", String(settings.engineHttpPort)],
    ["--grpc_port", String(settings.engineGrpcPort)],
    ["--metrics_port", String(metricsPort)],
    ["--protocol", protocolOf(deployment)],
    ["--transport", transportOf(deployment)],
    ["--prometheus_path", settings.prometheusPath],
    ["--server_type", serverTypeOf(deployment)],
    ["--log_work_buffer_size", queueSize],
    ["--log_write_timeout_ms", writeTimeoutMs],
    ["--shutdown_delay", `${shutdownDelaySeconds(graceSeconds)}s`],
  ];
  return [...flags.flat(), `--full_health_checks=${settings.fullHealthChecks}`];
};

/**
 * How long it serves on after the signal to stop, for the cluster to forget the pod. Then it lets go
 * of its clients, while the models beside it still sleep before they are told to stop.
 */
const shutdownDelaySeconds = (graceSeconds: number): number =>
  Math.min(5, Math.floor(graceSeconds / 4));

const engineEnv = (subject: Subject): readonly EnvVar[] => {
  const { predictor, settings } = subject;
  const own = predictor.svcOrchSpec?.env ?? [];
  const isSet = new Set(own.map(({ name }) => name));
  return lastWins([
    { name: "ENGINE_PREDICTOR", value: encodePlan(predictor) },
    { name: "REQUEST_LOGGER_DEFAULT_ENDPOINT", value: settings.requestLoggerEndpoint },
    ...own,
    ...annotationEnv(subject).filter(({ name }) => !isSet.has(name)),
  ]);
};

const enginePrefix = "seldon.io/engine-";

/** `seldon.io/engine-log-requests: "true"` is LOG_REQUESTS=true. Source: operator contract, 10. */
const annotationEnv = ({ deployment }: Subject): readonly EnvVar[] =>
  Object.entries(deployment.spec.annotations ?? {})
    .filter(([key]) => key.startsWith(enginePrefix) && key !== `${enginePrefix}separate-pod`)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({
      name: key.slice(enginePrefix.length).toUpperCase().replaceAll("-", "_"),
      value,
    }));

const engineProbe = ({ predictor, settings }: Subject, path: string): Probe => ({
  httpGet: {
    path,
    port: settings.engineHttpPort,
    scheme: predictor.ssl?.certSecretName ? "HTTPS" : "HTTP",
  },
  initialDelaySeconds: 20,
  periodSeconds: 5,
  successThreshold: 1,
  failureThreshold: 3,
  timeoutSeconds: 60,
});

const imageOf = ({ engineImage }: Settings): Result<string> => {
  if (engineImage !== "") return success(engineImage);
  const message = "is not set; set EXECUTOR_CONTAINER_IMAGE_AND_VERSION to the image of the engine";
  return failure([{ path: "settings.engineImage", message }]);
};

const userOf = ({ engineUser }: Settings): Result<SecurityContext | undefined> => {
  if (engineUser === "") return success(undefined);
  if (/^\d+$/.test(engineUser)) {
    return success({ runAsUser: Number(engineUser), allowPrivilegeEscalation: false });
  }
  const message = `"${engineUser}" is not a user id; set EXECUTOR_CONTAINER_USER to a number`;
  return failure([{ path: "settings.engineUser", message }]);
};

/** Those of the user replace those of the cluster as a whole. */
const resourcesOf = ({ predictor, settings }: Subject): Result<ResourceRequirements> => {
  const own = predictor.svcOrchSpec?.resources;
  if (own !== undefined) return success(own);
  return computeResources(settings.engineResources, {
    path: "settings.engineResources",
    remedy: (field) => `mend EXECUTOR_DEFAULT_${variableOf(field)}`,
  });
};

/** `cpuRequest` is CPU_REQUEST. */
const variableOf = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
