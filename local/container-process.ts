/** From one rendered container to one process. */
import { encodePlan } from "../api/plan.ts";
import type { Container } from "../api/types.ts";
import { engineContainerName, nodeContainerOf } from "../operator/render/subject.ts";
import { type Command, commandOf, folderOf } from "./command.ts";
import { variablesOf } from "./env.ts";
import { cannotRun } from "./obstacles.ts";
import type { ProcessSpec } from "./process.ts";
import { atHome } from "./relocate.ts";
import type { Bench, ContainerLayout } from "./site.ts";
import { storedModelOf } from "./stored-model.ts";

/** The one that rendering added; a user's own of that name is like any other container. */
export const isOurEngine = ({ name }: Container, { subject, workload }: Bench): boolean => {
  return name === engineContainerName && writtenContainer(name, subject, workload) === undefined;
};

/** A container as its user wrote it, before rendering. */
const writtenContainer = (
  name: string,
  { predictor }: Bench["subject"],
  { componentIndex }: Bench["workload"],
): Container | undefined =>
  componentIndex === undefined
    ? undefined
    : predictor.componentSpecs[componentIndex]?.spec?.containers.find((each) => each.name === name);

/** The command and environment of a container; undefined, with an issue or a warning, if it has none. */
export const layOutContainer = (
  container: Container,
  path: string,
  bench: Bench,
): ContainerLayout | undefined => {
  const { subject, machine, workload } = bench;
  const pod = { ...workload, namespace: subject.deployment.metadata.namespace };
  const { env = [] } = writtenContainer(container.name, subject, workload) ?? container;
  const variables = variablesOf(container, pod, { path, env });
  const own = commandOf(container, machine.images, variables.values);
  const stored = own === undefined ? storedModelOf(container, bench) : undefined;
  const command = own ?? stored?.serve;
  if (command === undefined || container.name === engineContainerName) {
    const obstacle = cannotRun(container, path, subject);
    (obstacle.isFatal ? bench.issues : bench.warnings).push(obstacle.issue);
    return undefined;
  }
  bench.issues.push(...variables.issues);
  if (stored?.issue !== undefined) bench.issues.push(stored.issue);
  return {
    name: container.name,
    path,
    process: processOf(container, command, variables.values, bench),
    port: nodeContainerOf(container, subject)?.ports.primary,
    startLimitMs: startLimitMs(container),
  };
};

/** What fetches the model of a container before it starts; undefined if nothing has to be. */
export const layOutFetch = (
  container: Container,
  path: string,
  bench: Bench,
): ContainerLayout | undefined => {
  const { machine } = bench;
  if (commandOf(container, machine.images, new Map()) !== undefined) return undefined;
  const command = storedModelOf(container, bench)?.fetch;
  if (command === undefined) return undefined;
  const name = `${container.name}-model-initializer`;
  const process = processOf({ ...container, name }, command, new Map(), bench);
  return { name, path, process, port: undefined, startLimitMs: shortestStartLimitMs };
};

const processOf = (
  container: Container,
  { file, args }: Command,
  variables: ReadonlyMap<string, string>,
  { site, machine, workload, subject, podinfo }: Bench,
): ProcessSpec => {
  const { name } = subject.deployment.metadata;
  const label = container.name === engineContainerName ? "engine" : container.name;
  const path = variables.get("PATH") ?? machine.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return {
    label: `${name}/${subject.predictor.name}/${label}`,
    file,
    args,
    cwd: folderOf(container, site.folder),
    env: {
      ...machine.env,
      ...Object.fromEntries(variables),
      PATH: `${machine.commandFolder}:${path}`,
      ESPALIER_PODINFO_ANNOTATIONS: podinfo,
    },
    graceMs: (workload.spec.terminationGracePeriodSeconds ?? 20) * 1000,
  };
};

/** The engine's process, from the container that rendering added. */
export const layOutEngine = (bench: Bench): ProcessSpec | undefined => {
  const { workload, subject, machine, issues } = bench;
  const container = workload.spec.containers.find((each) => isOurEngine(each, bench));
  if (container === undefined) return undefined;
  const pod = { ...workload, namespace: subject.deployment.metadata.namespace };
  const path = `spec.predictors[${bench.site.index}].svcOrchSpec`;
  const { env = [] } = subject.predictor.svcOrchSpec ?? {};
  const variables = variablesOf(container, pod, { path, env });
  issues.push(...variables.issues);
  const level = machine.logLevel === undefined ? [] : ["--log_level", machine.logLevel];
  return processOf(
    container,
    {
      file: `${machine.commandFolder}/espalier`,
      args: ["engine", ...(container.args ?? []), ...atHomeFlags, ...level],
    },
    new Map([...variables.values, [planVariable, encodePlan(atHome(subject.predictor))]]),
    bench,
  );
};

/** After those that were rendered, so they win: only our ingress comes here, and it has left before the engine ends. */
const atHomeFlags = ["--listen_address", "127.0.0.1", "--shutdown_delay", "0s"];

const planVariable = "ENGINE_PREDICTOR";

const shortestStartLimitMs = 120_000;

/** How long a container may take until it accepts connections. */
const startLimitMs = ({ startupProbe }: Container): number => {
  if (startupProbe === undefined) return shortestStartLimitMs;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = startupProbe;
  const probedMs = (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
  return Math.max(shortestStartLimitMs, probedMs);
};
