/**
 * The environment of the operator, as a table: a name, how it is read, what it is when it is unset
 * or empty. Source: operator contract, 9.2; names that begin with ESPALIER_ are our own.
 */
import { version } from "../api/version.ts";
import { isSameQuantity } from "./quantity.ts";

export type Variable = {
  readonly kind: "text" | "switch" | "port" | "count" | "quantity" | "user";
  readonly default: string;
  readonly help: string;
};

const text = (fallback: string, help: string): Variable => ({
  kind: "text",
  default: fallback,
  help,
});
const on = (help: string): Variable => ({ kind: "switch", default: "false", help });
const port = (fallback: string, help: string): Variable => ({
  kind: "port",
  default: fallback,
  help,
});
const count = (fallback: string, help: string): Variable => ({
  kind: "count",
  default: fallback,
  help,
});
const quantity = (fallback: string, help: string): Variable => ({
  kind: "quantity",
  default: fallback,
  help,
});
const user = (help: string): Variable => ({ kind: "user", default: "", help });

export const variables = {
  POD_NAMESPACE: text("", "namespace of the operator; `seldon-config` is read there"),
  WATCH_NAMESPACE: text("", "overrides `--namespace`"),
  LEADER_ELECTION_ID: text("", "default of `--leader-election-id`"),
  SELDON_DEBUG: text("", "default of `--debug`"),
  SELDON_LOG_LEVEL: text("", "default of `--log-level`"),
  CONTROLLER_ID: text("", "only deployments with this label `seldon.io/controller-id`"),
  ISTIO_ENABLED: on("VirtualServices and DestinationRules"),
  ISTIO_GATEWAY: text("seldon-gateway", "gateway of VirtualServices"),
  ISTIO_TLS_MODE: text("", "TLS mode of DestinationRules"),
  AMBASSADOR_ENABLED: on("Mappings"),
  AMBASSADOR_VERSION: text("v1", "`v1`: annotations of Services; `v2`: objects"),
  AMBASSADOR_SINGLE_NAMESPACE: on("Ambassador serves this namespace alone"),
  KEDA_ENABLED: on("ScaledObjects"),
  EXECUTOR_CONTAINER_IMAGE_AND_VERSION: text(`espalier/espalier:${version}`, "image of engines"),
  EXECUTOR_CONTAINER_IMAGE_PULL_POLICY: text("IfNotPresent", "pull policy of engines"),
  EXECUTOR_CONTAINER_USER: user("user id of engines"),
  EXECUTOR_CONTAINER_SERVICE_ACCOUNT_NAME: text(
    "default",
    "service account of engines in pods of their own",
  ),
  EXECUTOR_SERVER_PORT: port("8000", "REST port of engines and predictors' Services"),
  EXECUTOR_SERVER_GRPC_PORT: port("5001", "gRPC port of engines and predictors' Services"),
  ENGINE_SERVER_PORT: text("", "must say the same as EXECUTOR_SERVER_PORT, if anything"),
  ENGINE_SERVER_GRPC_PORT: text("", "must say the same as EXECUTOR_SERVER_GRPC_PORT, if anything"),
  EXECUTOR_SERVER_METRICS_PORT_NAME: text("metrics", "name of the engines' metrics port"),
  EXECUTOR_PROMETHEUS_PATH: text("/prometheus", "path of metrics, of engines and models"),
  EXECUTOR_FULL_HEALTH_CHECKS: on("engines ask models whether they are healthy"),
  EXECUTOR_DEFAULT_CPU_REQUEST: quantity("500m", "of engines"),
  EXECUTOR_DEFAULT_CPU_LIMIT: quantity("500m", "of engines"),
  EXECUTOR_DEFAULT_MEMORY_REQUEST: quantity("512Mi", "of engines"),
  EXECUTOR_DEFAULT_MEMORY_LIMIT: quantity("512Mi", "of engines"),
  EXECUTOR_REQUEST_LOGGER_DEFAULT_ENDPOINT: text(
    "http://default-broker",
    "where payloads are logged that name no place",
  ),
  EXECUTOR_REQUEST_LOGGER_WORK_QUEUE_SIZE: count("10000", "logged payloads kept in a queue"),
  EXECUTOR_REQUEST_LOGGER_WRITE_TIMEOUT_MS: count("2000", "how long a payload waits for a place"),
  PREDICTIVE_UNIT_HTTP_SERVICE_PORT: port("9000", "first REST port given to containers"),
  PREDICTIVE_UNIT_GRPC_SERVICE_PORT: port("9500", "first gRPC port given to containers"),
  PREDICTIVE_UNIT_METRICS_SERVICE_PORT: port("6000", "first metrics port given to containers"),
  PREDICTIVE_UNIT_METRICS_PORT_NAME: text("metrics", "name of the containers' metrics port"),
  PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME: text("", "Secret for those who fetch models"),
  DEFAULT_USER_ID: user("user id of pods that name none"),
  DEFAULT_CERT_MOUNT_PATH_NAME: text("/cert/", "where certificates are mounted"),
  DEPLOYMENT_NAME_AS_PREFIX: on("names that are too long keep the deployment's name"),
  RELATED_IMAGE_EXECUTOR: text("", "wins over EXECUTOR_CONTAINER_IMAGE_AND_VERSION"),
  RELATED_IMAGE_STORAGE_INITIALIZER: text("", "wins over `storageInitializer`"),
  RELATED_IMAGE_SKLEARNSERVER: text("", "SKLEARN_SERVER, protocol seldon"),
  RELATED_IMAGE_SKLEARNSERVER_V2: text("", "SKLEARN_SERVER, protocol v2"),
  RELATED_IMAGE_XGBOOSTSERVER: text("", "XGBOOST_SERVER, protocol seldon"),
  RELATED_IMAGE_XGBOOSTSERVER_V2: text("", "XGBOOST_SERVER, protocol v2"),
  RELATED_IMAGE_MLFLOWSERVER: text("", "MLFLOW_SERVER, protocol seldon"),
  RELATED_IMAGE_MLFLOWSERVER_V2: text("", "MLFLOW_SERVER, protocol v2"),
  RELATED_IMAGE_TENSORFLOW: text("", "TENSORFLOW_SERVER, protocol tensorflow"),
  RELATED_IMAGE_TFPROXY: text("", "TENSORFLOW_SERVER, protocol seldon"),
  RELATED_IMAGE_EXPLAINER: text("", "wins over `explainer.image`"),
  RELATED_IMAGE_EXPLAINER_V2: text("", "wins over `explainer.image_v2`"),
  RELATED_IMAGE_MOCK_CLASSIFIER: text("", "accepted; nobody reads it"),
  USE_EXECUTOR: text("", "accepted; there is no other engine"),
  ESPALIER_GATEWAY_API_ENABLED: on("HTTPRoutes and GRPCRoutes of the Gateway API"),
  ESPALIER_GATEWAY: text("", "parent of HTTPRoutes: `namespace/name`, or `name` in the same"),
  ESPALIER_ROLL_ENGINES: on("renews engines as soon as the operator is newer"),
  ESPALIER_WORKERS: count("4", "deployments in work at once"),
  ESPALIER_WEBHOOK_ENABLED: on("serves the validating webhook"),
  ESPALIER_WEBHOOK_MANAGED: on("makes the webhook's configuration and Service as well"),
  ESPALIER_WEBHOOK_CERTIFICATE_FOLDER: text(
    "",
    "folder with `tls.crt` and `tls.key`; empty: the operator makes a certificate",
  ),
} as const satisfies Readonly<Record<string, Variable>>;

export type VariableName = keyof typeof variables;

export type Values = { readonly [Name in VariableName]: string };

export type Environment = Readonly<Record<string, string | undefined>>;

export type ReadVariables = {
  readonly values: Values;
  /** Each names its variable and what to write. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
};

/** Unset and empty are the same. */
export const readVariables = (env: Environment): ReadVariables => {
  const faults: string[] = [];
  const warnings: string[] = [];
  const entries = Object.entries<Variable>(variables).map(([name, variable]) => {
    const value = env[name] || variable.default;
    const remedy = remedyOf(value, variable);
    if (remedy !== undefined) {
      const line = `${name} is "${value}"; ${remedy}`;
      (variable.kind === "switch" ? warnings : faults).push(line);
    }
    return [name, value] as const;
  });
  return { values: Object.fromEntries(entries) as Values, faults, warnings }; // made from the table
};

/** What to write instead; undefined: it is well. */
const remedyOf = (value: string, { kind }: Variable): string | undefined => {
  switch (kind) {
    case "text":
      return undefined;
    case "switch":
      // v1 takes the exact word alone. Source: operator contract, 9.2.
      return value === "true" || value === "false" ? undefined : "it is off; write true or false";
    case "port":
      return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535
        ? undefined
        : "write a port from 1 to 65535";
    case "count":
      return /^[1-9]\d{0,8}$/.test(value) ? undefined : "write a whole number from 1";
    case "quantity":
      return isSameQuantity(value, value) ? undefined : "write a quantity such as 500m or 512Mi";
    case "user":
      // Source: Kubernetes, PodSecurityContext: a user id is at most that.
      return /^\d{0,10}$/.test(value) && Number(value) < 2 ** 31
        ? undefined
        : "write a numeric user id up to 2147483647, or nothing";
  }
};
