/**
 * What the owner of a cluster decides once, for every deployment: images, ports, switches.
 *
 * `defaultSettings` serves `validate`, `up` and `render`; the operator fills one from its
 * environment and the cluster's `seldon-config` (see `seldon-config.ts`).
 *
 * Source: operator contract, 9.2 (names of the variables), 7.2 (images), 11.1 (chart values).
 */

import type { Protocol } from "./types.ts";
import { version } from "./version.ts";

export type ServerImage = { readonly image: string; readonly defaultImageVersion?: string };

/** One row of `predictor_servers`: the image of a prepackaged server in each protocol. */
export type PredictorServer = {
  readonly protocols: { readonly [P in Protocol]?: ServerImage };
};

export type ComputeResources = {
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
};

export type CredentialSettings = {
  readonly gcsCredentialFileName: string;
  readonly s3AccessKeyIdName: string;
  readonly s3SecretAccessKeyName: string;
  readonly s3Endpoint: string;
  readonly s3UseHttps: string;
};

/** Empty strings mean "not set", as they do in the environment of the operator. */
export type Settings = {
  /** EXECUTOR_CONTAINER_IMAGE_AND_VERSION, or RELATED_IMAGE_EXECUTOR, which wins. */
  readonly engineImage: string;
  /** EXECUTOR_CONTAINER_IMAGE_PULL_POLICY */
  readonly engineImagePullPolicy: string;
  /** EXECUTOR_CONTAINER_USER: a numeric user id. */
  readonly engineUser: string;
  /** EXECUTOR_CONTAINER_SERVICE_ACCOUNT_NAME: of a separate engine pod. */
  readonly engineServiceAccountName: string;
  /** EXECUTOR_SERVER_PORT */
  readonly engineHttpPort: number;
  /** EXECUTOR_SERVER_GRPC_PORT */
  readonly engineGrpcPort: number;
  /** Of the engine's own metrics listener. Source: deviation O11. */
  readonly engineMetricsPort: number;
  /** EXECUTOR_SERVER_METRICS_PORT_NAME */
  readonly engineMetricsPortName: string;
  /** EXECUTOR_PROMETHEUS_PATH: of the engine and of model containers. */
  readonly prometheusPath: string;
  /** EXECUTOR_FULL_HEALTH_CHECKS */
  readonly fullHealthChecks: boolean;
  /** EXECUTOR_DEFAULT_{CPU,MEMORY}_{REQUEST,LIMIT} */
  readonly engineResources: ComputeResources;
  /** EXECUTOR_REQUEST_LOGGER_DEFAULT_ENDPOINT */
  readonly requestLoggerEndpoint: string;
  /** EXECUTOR_REQUEST_LOGGER_WORK_QUEUE_SIZE */
  readonly requestLoggerQueueSize: number;
  /** EXECUTOR_REQUEST_LOGGER_WRITE_TIMEOUT_MS */
  readonly requestLoggerWriteTimeoutMs: number;

  /** PREDICTIVE_UNIT_HTTP_SERVICE_PORT: the first of the ports given to containers. */
  readonly firstHttpPort: number;
  /** PREDICTIVE_UNIT_GRPC_SERVICE_PORT */
  readonly firstGrpcPort: number;
  /** PREDICTIVE_UNIT_METRICS_SERVICE_PORT */
  readonly firstMetricsPort: number;
  /** PREDICTIVE_UNIT_METRICS_PORT_NAME */
  readonly metricsPortName: string;
  /** PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME */
  readonly defaultEnvSecretRefName: string;

  /** DEFAULT_USER_ID: a numeric user id for pods that name none. */
  readonly defaultUserId: string;
  /** DEFAULT_CERT_MOUNT_PATH_NAME */
  readonly certMountPath: string;
  /** DEPLOYMENT_NAME_AS_PREFIX */
  readonly deploymentNameAsPrefix: boolean;

  /** ISTIO_ENABLED, ISTIO_GATEWAY, ISTIO_TLS_MODE */
  readonly istioEnabled: boolean;
  readonly istioGateway: string;
  readonly istioTlsMode: string;
  /** AMBASSADOR_ENABLED, AMBASSADOR_VERSION, AMBASSADOR_SINGLE_NAMESPACE */
  readonly ambassadorEnabled: boolean;
  readonly ambassadorVersion: string;
  readonly ambassadorSingleNamespace: boolean;
  /** KEDA_ENABLED */
  readonly kedaEnabled: boolean;
  /** ESPALIER_GATEWAY_API_ENABLED */
  readonly gatewayApiEnabled: boolean;
  /** ESPALIER_GATEWAY: the parent of HTTPRoutes, `namespace/name`, or `name` in the same namespace. */
  readonly gateway: string;

  /** Key `predictor_servers` of `seldon-config`. */
  readonly predictorServers: { readonly [implementation: string]: PredictorServer };
  /** Key `storageInitializer` of `seldon-config`. */
  readonly storageInitializer: ComputeResources & { readonly image: string };
  /** Key `explainer` of `seldon-config`. */
  readonly explainer: { readonly image: string; readonly imageV2: string };
  /** Key `credentials` of `seldon-config`. */
  readonly credentials: CredentialSettings;
};

/** The server of stored models that is in every cluster, whatever its `seldon-config` says. */
export const ownServer = "ESPALIER_SERVER";

const mlserver = (flavour: string): PredictorServer["protocols"] => {
  const entry = { image: "seldonio/mlserver", defaultImageVersion: `1.3.5-${flavour}` };
  return { v2: entry, kfserving: entry };
};
const classic = (name: string): ServerImage => ({
  image: `seldonio/${name}`,
  defaultImageVersion: "1.17.1",
});
const tritonServer: ServerImage = {
  image: "nvcr.io/nvidia/tritonserver",
  defaultImageVersion: "21.08-py3",
};

/** Without an image of its own it is the engine's: `espalier serve`. */
const espalierServer: PredictorServer["protocols"] = {
  seldon: { image: "" },
  v2: { image: "" },
  kfserving: { image: "" },
};

/** Source: operator contract, 7.2; `ESPALIER_SERVER` is of our own. */
const predictorServers: Settings["predictorServers"] = {
  [ownServer]: { protocols: espalierServer },
  SKLEARN_SERVER: { protocols: { seldon: classic("sklearnserver"), ...mlserver("sklearn") } },
  XGBOOST_SERVER: { protocols: { seldon: classic("xgboostserver"), ...mlserver("xgboost") } },
  MLFLOW_SERVER: { protocols: { seldon: classic("mlflowserver"), ...mlserver("mlflow") } },
  HUGGINGFACE_SERVER: { protocols: mlserver("huggingface") },
  TEMPO_SERVER: { protocols: mlserver("slim") },
  TRITON_SERVER: { protocols: { v2: tritonServer, kfserving: tritonServer } },
  TENSORFLOW_SERVER: {
    protocols: {
      seldon: classic("tfserving-proxy"),
      tensorflow: { image: "tensorflow/serving", defaultImageVersion: "2.1.0" },
    },
  },
};

export const defaultSettings: Settings = {
  engineImage: `espalier/espalier:${version}`,
  engineImagePullPolicy: "IfNotPresent",
  engineUser: "8888",
  engineServiceAccountName: "default",
  engineHttpPort: 8000,
  engineGrpcPort: 5001,
  engineMetricsPort: 8002,
  engineMetricsPortName: "metrics",
  prometheusPath: "/prometheus",
  fullHealthChecks: false,
  engineResources: {
    cpuRequest: "500m",
    cpuLimit: "500m",
    memoryRequest: "512Mi",
    memoryLimit: "512Mi",
  },
  requestLoggerEndpoint: "http://default-broker",
  requestLoggerQueueSize: 10000,
  requestLoggerWriteTimeoutMs: 2000,
  firstHttpPort: 9000,
  firstGrpcPort: 9500,
  firstMetricsPort: 6000,
  metricsPortName: "metrics",
  defaultEnvSecretRefName: "",
  defaultUserId: "8888",
  certMountPath: "/cert/",
  deploymentNameAsPrefix: false,
  istioEnabled: false,
  istioGateway: "istio-system/seldon-gateway",
  istioTlsMode: "",
  ambassadorEnabled: false,
  ambassadorVersion: "v2",
  ambassadorSingleNamespace: false,
  kedaEnabled: false,
  gatewayApiEnabled: false,
  gateway: "",
  predictorServers,
  storageInitializer: {
    image: `espalier/storage-initializer:${version}`,
    cpuRequest: "100m",
    cpuLimit: "1",
    memoryRequest: "100Mi",
    memoryLimit: "1Gi",
  },
  explainer: {
    image: "seldonio/alibiexplainer:1.17.1",
    imageV2: "seldonio/mlserver:1.3.5-alibi-explain",
  },
  credentials: {
    gcsCredentialFileName: "gcloud-application-credentials.json",
    s3AccessKeyIdName: "awsAccessKeyID",
    s3SecretAccessKeyName: "awsSecretAccessKey",
    s3Endpoint: "",
    s3UseHttps: "",
  },
};
