import { at } from "../../../api/path.ts";
import { type Issue, success } from "../../../api/result.ts";
import type { Container } from "../../../api/types.ts";
import { modelFolder } from "../env.ts";
import { secretEnv } from "../storage/initializer.ts";
import { withContainer } from "../storage/mount.ts";
import { engineContainerName } from "../subject.ts";
import { type Job, type Server, withOwnImage } from "./server.ts";
import { readsStoreItself } from "./units.ts";

/**
 * NVIDIA's Triton. Its probes and ports are those of any node; the port for metrics is told to it,
 * since its own choice would be the engine's. Source: operator contract, 7.3b, 12.13.
 */
export const triton: Server = (job) => {
  const imaged = withOwnImage(job);
  if (!imaged.ok) return imaged;
  const container: Container = {
    ...imaged.value,
    args: imaged.value.args ?? tritonArgs(job),
    ...storeEnv(imaged.value, job),
  };
  const furnished = { pod: withContainer(job.pod, container), reader: container.name };
  return success(furnished, metricsWarnings(job));
};

const tritonArgs = (job: Job): readonly string[] => {
  const { unit, http, grpc, subject } = job;
  const isAlone = readsStoreItself(unit, subject.deployment);
  const metrics = metricsPort(job);
  return [
    "/opt/tritonserver/bin/tritonserver",
    `--grpc-port=${grpc}`,
    `--http-port=${http}`,
    ...(metrics === undefined ? [] : [`--metrics-port=${metrics}`]),
    `--model-repository=${isAlone ? unit.modelUri : modelFolder}`,
    "--strict-model-config=false",
    ...(isAlone ? parameterArgs(job) : []),
  ];
};

const metricsPort = ({ container, subject }: Job): number | undefined =>
  container.ports?.find(({ name }) => name === subject.settings.metricsPortName)?.containerPort;

/** Source: operator contract, 7.3b. */
const flags: { readonly [parameter: string]: string } = {
  model_control_mode: "--model-control-mode",
  load_model: "--load-model",
  strict_model_config: "--strict-model-config",
};

const parameterArgs = ({ unit }: Job): readonly string[] =>
  (unit.parameters ?? []).flatMap(({ name, value }) => {
    const parameter = name.toLowerCase();
    return Object.hasOwn(flags, parameter) ? [`${flags[parameter]}=${value}`] : [];
  });

/** A Triton that reads its store itself is told how. */
const storeEnv = (container: Container, { unit, subject }: Job): Pick<Container, "envFrom"> => {
  const envFrom = secretEnv(unit, subject.settings);
  return readsStoreItself(unit, subject.deployment) && envFrom.length > 0
    ? { envFrom: [...(container.envFrom ?? []), ...envFrom] }
    : {};
};

/** Where Triton serves its metrics unless it is told. Source: Triton's documentation, metrics. */
const tritonMetricsPort = 8002;

/** A user's own arguments may leave Triton on a port that the engine of its pod has taken. */
const metricsWarnings = (job: Job): readonly Issue[] => {
  const { container, pod, path } = job;
  const engine = pod.containers.find(({ name }) => name === engineContainerName);
  const isFree = !engine?.ports?.some(({ containerPort }) => containerPort === tritonMetricsPort);
  const isTold = container.args?.some((arg) => /^--(metrics-port|allow-metrics)\b/.test(arg));
  if (container.args === undefined || isFree || isTold) return [];
  const message =
    `has arguments of its own without --metrics-port, and ${tritonMetricsPort} is the engine's; ` +
    `add --metrics-port=${metricsPort(job)}`;
  return [{ path: at(path, "name"), message }];
};
