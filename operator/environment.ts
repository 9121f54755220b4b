/** The settings that the environment gives. Source: operator contract, 9.2, 7.2; 12.11. */
import { defaultSettings, type PredictorServer, type Settings } from "../api/settings.ts";
import type { Protocol } from "../api/types.ts";
import type { Values, VariableName } from "./variables.ts";

const isOn = (word: string): boolean => word === "true";

export const settingsOf = (values: Values): Settings => ({
  ...defaultSettings,
  engineImage: values.RELATED_IMAGE_EXECUTOR || values.EXECUTOR_CONTAINER_IMAGE_AND_VERSION,
  engineImagePullPolicy: values.EXECUTOR_CONTAINER_IMAGE_PULL_POLICY,
  engineUser: values.EXECUTOR_CONTAINER_USER,
  engineServiceAccountName: values.EXECUTOR_CONTAINER_SERVICE_ACCOUNT_NAME,
  engineHttpPort: Number(values.EXECUTOR_SERVER_PORT),
  engineGrpcPort: Number(values.EXECUTOR_SERVER_GRPC_PORT),
  engineMetricsPortName: values.EXECUTOR_SERVER_METRICS_PORT_NAME,
  prometheusPath: values.EXECUTOR_PROMETHEUS_PATH,
  fullHealthChecks: isOn(values.EXECUTOR_FULL_HEALTH_CHECKS),
  engineResources: {
    cpuRequest: values.EXECUTOR_DEFAULT_CPU_REQUEST,
    cpuLimit: values.EXECUTOR_DEFAULT_CPU_LIMIT,
    memoryRequest: values.EXECUTOR_DEFAULT_MEMORY_REQUEST,
    memoryLimit: values.EXECUTOR_DEFAULT_MEMORY_LIMIT,
  },
  requestLoggerEndpoint: values.EXECUTOR_REQUEST_LOGGER_DEFAULT_ENDPOINT,
  requestLoggerQueueSize: Number(values.EXECUTOR_REQUEST_LOGGER_WORK_QUEUE_SIZE),
  requestLoggerWriteTimeoutMs: Number(values.EXECUTOR_REQUEST_LOGGER_WRITE_TIMEOUT_MS),
  firstHttpPort: Number(values.PREDICTIVE_UNIT_HTTP_SERVICE_PORT),
  firstGrpcPort: Number(values.PREDICTIVE_UNIT_GRPC_SERVICE_PORT),
  firstMetricsPort: Number(values.PREDICTIVE_UNIT_METRICS_SERVICE_PORT),
  metricsPortName: values.PREDICTIVE_UNIT_METRICS_PORT_NAME,
  defaultEnvSecretRefName: values.PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME,
  defaultUserId: values.DEFAULT_USER_ID,
  certMountPath: values.DEFAULT_CERT_MOUNT_PATH_NAME,
  deploymentNameAsPrefix: isOn(values.DEPLOYMENT_NAME_AS_PREFIX),
  istioEnabled: isOn(values.ISTIO_ENABLED),
  istioGateway: values.ISTIO_GATEWAY,
  istioTlsMode: values.ISTIO_TLS_MODE,
  ambassadorEnabled: isOn(values.AMBASSADOR_ENABLED),
  ambassadorVersion: values.AMBASSADOR_VERSION,
  ambassadorSingleNamespace: isOn(values.AMBASSADOR_SINGLE_NAMESPACE),
  kedaEnabled: isOn(values.KEDA_ENABLED),
  gatewayApiEnabled: isOn(values.ESPALIER_GATEWAY_API_ENABLED),
  gateway: values.ESPALIER_GATEWAY,
});

type Related = {
  readonly variable: VariableName;
  readonly server: string;
  readonly protocols: readonly Protocol[];
};

const seldon: readonly Protocol[] = ["seldon"];
/** Both names of one protocol. */
const v2: readonly Protocol[] = ["v2", "kfserving"];

const related: readonly Related[] = [
  { variable: "RELATED_IMAGE_SKLEARNSERVER", server: "SKLEARN_SERVER", protocols: seldon },
  { variable: "RELATED_IMAGE_SKLEARNSERVER_V2", server: "SKLEARN_SERVER", protocols: v2 },
  { variable: "RELATED_IMAGE_XGBOOSTSERVER", server: "XGBOOST_SERVER", protocols: seldon },
  { variable: "RELATED_IMAGE_XGBOOSTSERVER_V2", server: "XGBOOST_SERVER", protocols: v2 },
  { variable: "RELATED_IMAGE_MLFLOWSERVER", server: "MLFLOW_SERVER", protocols: seldon },
  { variable: "RELATED_IMAGE_MLFLOWSERVER_V2", server: "MLFLOW_SERVER", protocols: v2 },
  { variable: "RELATED_IMAGE_TFPROXY", server: "TENSORFLOW_SERVER", protocols: seldon },
  { variable: "RELATED_IMAGE_TENSORFLOW", server: "TENSORFLOW_SERVER", protocols: ["tensorflow"] },
];

/** The settings with the images that the environment names: they win over `seldon-config`. */
export const withRelatedImages = (settings: Settings, values: Values): Settings => {
  const servers: { [name: string]: PredictorServer } = { ...settings.predictorServers };
  for (const { variable, server, protocols } of related) {
    const image = values[variable];
    if (image === "") continue;
    const own = Object.fromEntries(protocols.map((protocol) => [protocol, { image }]));
    servers[server] = { protocols: { ...servers[server]?.protocols, ...own } };
  }
  const { storageInitializer, explainer } = settings;
  return {
    ...settings,
    predictorServers: servers,
    storageInitializer: {
      ...storageInitializer,
      image: values.RELATED_IMAGE_STORAGE_INITIALIZER || storageInitializer.image,
    },
    explainer: {
      image: values.RELATED_IMAGE_EXPLAINER || explainer.image,
      imageV2: values.RELATED_IMAGE_EXPLAINER_V2 || explainer.imageV2,
    },
  };
};
