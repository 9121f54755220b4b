/** The environment of containers. Order matters: Kubernetes expands `$(NAME)` from earlier entries. */
import { sortedJson } from "../../api/sorted-json.ts";
import type { EnvVar, Parameter } from "../../api/types.ts";
import type { NodeContainer, Subject } from "./subject.ts";

/** Where a storage initializer puts a model. Source: operator contract, 7.4. */
export const modelFolder = "/mnt/models";

/** One entry a name, the last of each: Kubernetes lets it win, server-side apply refuses two. */
export const lastWins = (env: readonly EnvVar[]): readonly EnvVar[] => {
  const last = new Map(env.map(({ name }, i) => [name, i]));
  return env.filter(({ name }, i) => last.get(name) === i);
};

/** What is offered, a container's own entries in its place where it has them, then all its others. */
export const ownWins = (offered: readonly EnvVar[], own: readonly EnvVar[]): readonly EnvVar[] => {
  const mine = new Map(lastWins(own).map((entry) => [entry.name, entry]));
  const offers = new Set(offered.map(({ name }) => name));
  return [
    ...offered.map((entry) => mine.get(entry.name) ?? entry),
    ...[...mine.values()].filter(({ name }) => !offers.has(name)),
  ];
};

/** What a node's container is told, after what its user says. Source: operator contract, 4.3. */
export const nodeEnv = (node: NodeContainer, subject: Subject): readonly EnvVar[] => {
  const { container } = node;
  const own = container.env ?? [];
  const isSet = new Set(own.map(({ name }) => name));
  const offered = placeEnv(node).filter(({ name }) => !isSet.has(name));
  return lastWins([
    ...own,
    ...offered,
    ...identityEnv(node, subject),
    ...metricsEnv(node, subject),
  ]);
};

/** Where it listens and what it serves: a user's entry wins. */
const placeEnv = ({ unit, ports }: NodeContainer): readonly EnvVar[] => [
  { name: "PREDICTIVE_UNIT_SERVICE_PORT", value: String(ports.primary) },
  { name: "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", value: String(ports.http) },
  { name: "MLSERVER_HTTP_PORT", value: String(ports.http) },
  { name: "PREDICTIVE_UNIT_GRPC_SERVICE_PORT", value: String(ports.grpc) },
  { name: "MLSERVER_GRPC_PORT", value: String(ports.grpc) },
  ...(unit.parameters?.length
    ? [{ name: "PREDICTIVE_UNIT_PARAMETERS", value: parametersJson(unit.parameters) }]
    : []),
  ...(unit.modelUri ? [{ name: "MLSERVER_MODEL_URI", value: modelFolder }] : []),
];

/** Who it is: whatever a user says. */
const identityEnv = (
  { container }: NodeContainer,
  { deployment, predictor }: Subject,
): readonly EnvVar[] => [
  { name: "PREDICTIVE_UNIT_ID", value: container.name },
  { name: "MLSERVER_MODEL_NAME", value: container.name },
  { name: "PREDICTIVE_UNIT_IMAGE", value: container.image ?? "" },
  { name: "PREDICTOR_ID", value: predictor.name },
  { name: "PREDICTOR_LABELS", value: sortedJson(predictor.labels) },
  { name: "SELDON_DEPLOYMENT_ID", value: deployment.metadata.name },
  { name: "SELDON_EXECUTOR_ENABLED", value: "true" },
];

const metricsEnv = ({ container }: NodeContainer, { settings }: Subject): readonly EnvVar[] => {
  const port = container.ports?.find(({ name }) => name === settings.metricsPortName);
  if (port === undefined) return [];
  const number = String(port.containerPort);
  return [
    { name: "PREDICTIVE_UNIT_METRICS_SERVICE_PORT", value: number },
    { name: "PREDICTIVE_UNIT_METRICS_ENDPOINT", value: settings.prometheusPath },
    { name: "MLSERVER_METRICS_PORT", value: number },
    { name: "MLSERVER_METRICS_ENDPOINT", value: settings.prometheusPath },
  ];
};

/** Parameters as containers read them, in this order of keys. Source: operator contract, 4.3. */
export const parametersJson = (parameters: readonly Parameter[]): string =>
  JSON.stringify(parameters.map(({ name, value, type }) => ({ name, value, type })));
