/** The engine: its container, and the pod that it belongs to. Source: operator contract, 4.4-4.6. */
import {
  annotationOf,
  containersOf,
  hasNoEngine,
  hasSeparateEngine,
  protocolOf,
  serverTypeOf,
  transportOf,
} from "../../api/deployment.ts";
import { walk } from "../../api/graph.ts";
import { encodePlan } from "../../api/plan.ts";
import { failure, type Result, success } from "../../api/result.ts";
import type { Container, EnvVar, Probe, ResourceRequirements } from "../../api/types.ts";
import { lastWins } from "./env.ts";
import { engineContainerName, type Subject } from "./subject.ts";

export type EnginePlace =
  | { readonly is: "nowhere" }
  /** In the pod of this componentSpec. */
  | { readonly is: "component"; readonly index: number }
  | { readonly is: "own-pod" };

/**
 * Where the engine runs: beside the first node that it reaches at `localhost`. A graph without such
 * a node (built-in nodes alone, or every model in a later componentSpec) cannot run under v1; here
 * its engine has a pod of its own.
 */
export const enginePlace = ({ deployment, predictor }: Subject): EnginePlace => {
  if (hasNoEngine(predictor)) return { is: "nowhere" };
  if (hasSeparateEngine(deployment)) return { is: "own-pod" };
  const local = walk(predictor.graph).find(
    ({ endpoint }) => endpoint?.service_host === "localhost",
  );
  const index = predictor.componentSpecs.findIndex((component) =>
    containersOf(component).some(({ name }) => name === local?.name),
  );
  return local === undefined || index < 0 ? { is: "own-pod" } : { is: "component", index };
};

/** The engine's container; a setting that must be a number and is not is the only fault. */
export const engineContainer = (subject: Subject): Result<Container> => {
  const { settings } = subject;
  if (!/^\d*$/.test(settings.engineUser)) {
    const message = `"${settings.engineUser}" is not a user id; set EXECUTOR_CONTAINER_USER to a number`;
    return failure([{ path: "settings.engineUser", message }]);
  }
  return success({
    name: engineContainerName,
    image: settings.engineImage,
    imagePullPolicy: settings.engineImagePullPolicy,
    args: engineArgs(subject),
    ports: [
      { name: "http", containerPort: settings.engineHttpPort, protocol: "TCP" },
      {
        name: settings.engineMetricsPortName,
        containerPort: settings.engineMetricsPort,
        protocol: "TCP",
      },
      { name: "grpc", containerPort: settings.engineGrpcPort, protocol: "TCP" },
    ],
    env: engineEnv(subject),
    volumeMounts: [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }],
    readinessProbe: engineProbe(subject, "/ready"),
    livenessProbe: engineProbe(subject, "/live"),
    resources: subject.predictor.svcOrchSpec?.resources ?? defaultResources(subject),
    ...(settings.engineUser === ""
      ? {}
      : {
          securityContext: {
            runAsUser: Number(settings.engineUser),
            allowPrivilegeEscalation: false,
          },
        }),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
};

/** Source: operator contract, 4.4; `--metrics_port`: design 5.2.1. */
const engineArgs = ({ deployment, predictor, settings }: Subject): readonly string[] => {
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
    ["--metrics_port", String(settings.engineMetricsPort)],
    ["--protocol", protocolOf(deployment)],
    ["--transport", transportOf(deployment)],
    ["--prometheus_path", settings.prometheusPath],
    ["--server_type", serverTypeOf(deployment)],
    ["--log_work_buffer_size", queueSize],
    ["--log_write_timeout_ms", writeTimeoutMs],
  ];
  return [...flags.flat(), `--full_health_checks=${settings.fullHealthChecks}`];
};

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

const defaultResources = ({ settings }: Subject): ResourceRequirements => {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = settings.engineResources;
  return {
    requests: { cpu: cpuRequest, memory: memoryRequest },
    limits: { cpu: cpuLimit, memory: memoryLimit },
  };
};
