import { success } from "../../../api/result.ts";
import type { EnvVar, Probe } from "../../../api/types.ts";
import { modelFolder, ownWins } from "../env.ts";
import { httpPortOf } from "../ports.ts";
import { withContainer } from "../storage/mount.ts";
import { type Job, type Server, withOwnImage } from "./server.ts";

/** Source: operator contract, 7.3c. */
const runtimes: { readonly [implementation: string]: string } = {
  SKLEARN_SERVER: "mlserver_sklearn.SKLearnModel",
  XGBOOST_SERVER: "mlserver_xgboost.XGBoostModel",
  MLFLOW_SERVER: "mlserver_mlflow.MLflowRuntime",
  HUGGINGFACE_SERVER: "mlserver_huggingface.HuggingFaceRuntime",
  TEMPO_SERVER: "tempo.mlserver.InferenceRuntime",
};

/**
 * MLServer, for every implementation of protocol v2 but Triton's and TensorFlow's. Its ports stay,
 * the one for metrics too, which it is told to serve. Source: operator contract, 7.3c, 12.13.
 */
export const mlServer: Server = (job) => {
  const imaged = withOwnImage(job);
  if (!imaged.ok) return imaged;
  const port = httpPortOf(imaged.value.ports ?? [], job.http);
  const container = {
    ...imaged.value,
    env: ownWins(mlServerEnv(job), imaged.value.env ?? []),
    readinessProbe: asking("/v2/health/ready", port, imaged.value.readinessProbe),
    livenessProbe: asking("/v2/health/live", port, imaged.value.livenessProbe),
  };
  return success({ pod: withContainer(job.pod, container), reader: container.name });
};

const mlServerEnv = ({ unit, http, grpc, subject }: Job): readonly EnvVar[] => {
  const implementation = unit.implementation ?? "";
  const runtime = Object.hasOwn(runtimes, implementation) ? runtimes[implementation] : "";
  const { namespace } = subject.deployment.metadata;
  return [
    { name: "MLSERVER_HTTP_PORT", value: String(http) },
    { name: "MLSERVER_GRPC_PORT", value: String(grpc) },
    { name: "MLSERVER_MODEL_IMPLEMENTATION", value: runtime ?? "" },
    { name: "MLSERVER_MODEL_NAME", value: unit.name },
    { name: "MLSERVER_MODEL_VERSION", value: "v1" },
    { name: "MLSERVER_MODEL_URI", value: modelFolder },
    {
      name: "TEMPO_RUNTIME_OPTIONS",
      value:
        '{"k8s_options": {"defaultRuntime": "tempo.seldon.SeldonKubernetesRuntime", ' +
        `"namespace": "${namespace}"}}`,
    },
    ...(implementation === "HUGGINGFACE_SERVER"
      ? [
          { name: "MLSERVER_PARALLEL_WORKERS", value: "0" },
          { name: "XDG_CACHE_HOME", value: "/opt/mlserver" },
        ]
      : []),
  ];
};

/** Asks the server itself, as often and as long as it was asked before. */
const asking = (path: string, port: "http" | number, probe: Probe = {}): Probe => {
  const { exec: _exec, tcpSocket: _tcp, grpc: _grpc, ...timing } = probe;
  return { ...timing, httpGet: { path, port } };
};
