import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../api/settings.ts";
import type { Container, PodSpec } from "../../../api/types.ts";
import { accountsOf } from "../../../operator/render/server/accounts.ts";
import { envOf, manifestOf, parsed } from "./fixture.ts";
import { furnish, issuesOf, pathsOf, podOf, serverManifest, soundOf } from "./furnish.ts";

const containerIn = (pod: PodSpec, name: string): Container => {
  const found = pod.containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
};

const names = (list: readonly { readonly name?: string | undefined }[] = []) =>
  list.map(({ name }) => name);

const valueIn = ({ env = [] }: Container, name: string): string | undefined =>
  env.find((entry) => entry.name === name)?.value;

/** A pair of containers for nodes `a` and `b`, both servers of one kind, in one pod. */
const twoServers = (implementation: string, more: object = {}, unit: object = {}): object => ({
  graph: {
    name: "ab",
    implementation: "RANDOM_ABTEST",
    children: ["a", "b"].map((name) => ({
      name,
      implementation,
      modelUri: `gs://models/${name}`,
      ...unit,
    })),
  },
  ...more,
});

describe("withServers, images", () => {
  it.each([
    ["SKLEARN_SERVER", "seldon", "seldonio/sklearnserver:1.17.1"],
    ["XGBOOST_SERVER", "seldon", "seldonio/xgboostserver:1.17.1"],
    ["MLFLOW_SERVER", "seldon", "seldonio/mlflowserver:1.17.1"],
    ["SKLEARN_SERVER", "v2", "seldonio/mlserver:1.3.5-sklearn"],
    ["XGBOOST_SERVER", "kfserving", "seldonio/mlserver:1.3.5-xgboost"],
    ["MLFLOW_SERVER", "v2", "seldonio/mlserver:1.3.5-mlflow"],
    ["HUGGINGFACE_SERVER", "v2", "seldonio/mlserver:1.3.5-huggingface"],
    ["TEMPO_SERVER", "kfserving", "seldonio/mlserver:1.3.5-slim"],
    ["TRITON_SERVER", "v2", "nvcr.io/nvidia/tritonserver:21.08-py3"],
    ["TRITON_SERVER", "kfserving", "nvcr.io/nvidia/tritonserver:21.08-py3"],
    ["TENSORFLOW_SERVER", "seldon", "seldonio/tfserving-proxy:1.17.1"],
    ["TENSORFLOW_SERVER", "tensorflow", "tensorflow/serving:2.1.0"],
    ["ESPALIER_SERVER", "seldon", defaultSettings.engineImage],
    ["ESPALIER_SERVER", "v2", defaultSettings.engineImage],
    ["ESPALIER_SERVER", "kfserving", defaultSettings.engineImage],
  ])("gives %s under %s the image %s", (implementation, protocol, image) => {
    const server = containerIn(podOf(serverManifest(implementation, protocol)), "m");
    expect(server.image).toBe(image);
    expect(valueIn(server, "PREDICTIVE_UNIT_IMAGE")).toBe(image);
  });

  it.each([
    ["HUGGINGFACE_SERVER", "seldon"],
    ["TEMPO_SERVER", "seldon"],
    ["TRITON_SERVER", "seldon"],
    ["TENSORFLOW_SERVER", "v2"],
    ["TRITON_SERVER", "tensorflow"],
    ["TEMPO_SERVER", "tensorflow"],
    ["ESPALIER_SERVER", "tensorflow"],
  ])("refuses %s under %s, which has no image", (implementation, protocol) => {
    const result = furnish(serverManifest(implementation, protocol));
    expect(pathsOf(issuesOf(result))).toEqual(["spec.predictors[0].graph.implementation"]);
  });

  it.each([
    ["SKLEARN_SERVER", "seldon"],
    ["HUGGINGFACE_SERVER", "seldon"],
    ["SKLEARN_SERVER", "v2"],
    ["TRITON_SERVER", "v2"],
    ["TENSORFLOW_SERVER", "v2"],
    ["TENSORFLOW_SERVER", "tensorflow"],
    ["NOBODYS_SERVER", "seldon"],
  ])("keeps a user's image of %s under %s", (implementation, protocol) => {
    const manifest = serverManifest(implementation, protocol, { container: { image: "mine:1" } });
    expect(containerIn(podOf(manifest), "m").image).toBe("mine:1");
  });

  it("knows the servers of a cluster, under the tensorflow protocol too", () => {
    const settings = {
      predictorServers: {
        ...defaultSettings.predictorServers,
        OWN_SERVER: {
          protocols: {
            seldon: { image: "own/server", defaultImageVersion: "3" },
            tensorflow: { image: "own/tf" },
          },
        },
      },
    };
    const imageUnder = (protocol: string) =>
      containerIn(podOf(serverManifest("OWN_SERVER", protocol), { settings }), "m").image;
    expect(imageUnder("seldon")).toBe("own/server:3");
    expect(imageUnder("tensorflow")).toBe("own/tf");
  });

  it("tells all faults together, each with its node", () => {
    const result = furnish(manifestOf(twoServers("TRITON_SERVER")));
    expect(pathsOf(issuesOf(result))).toEqual([
      "spec.predictors[0].graph.children[0].implementation",
      "spec.predictors[0].graph.children[1].implementation",
    ]);
  });
});

describe("withServers, seldon servers", () => {
  it("tells the server where its model is, after the user's parameters", () => {
    const unit = { parameters: [{ name: "method", type: "STRING", value: "predict" }] };
    const pod = podOf(serverManifest("SKLEARN_SERVER", "seldon", { unit }));
    const server = containerIn(pod, "m");
    expect(names(pod.containers)).toEqual(["m", "seldon-container-engine"]);
    expect(envOf(server).filter((line) => line.startsWith("PREDICTIVE_UNIT_PARAMETERS"))).toEqual([
      'PREDICTIVE_UNIT_PARAMETERS=[{"name":"method","value":"predict","type":"STRING"},' +
        '{"name":"model_uri","value":"/mnt/models","type":"STRING"}]',
    ]);
    expect(names(server.ports)).toEqual(["metrics", "http", "grpc"]);
    expect(server.readinessProbe?.tcpSocket).toEqual({ port: 9000 });
  });

  it("tells it so without parameters, and keeps what the user's container says else", () => {
    const resources = { requests: { cpu: "2" } };
    const container = { resources, env: [{ name: "X", value: "1" }] };
    const server = containerIn(
      podOf(serverManifest("XGBOOST_SERVER", "seldon", { container })),
      "m",
    );
    expect(valueIn(server, "PREDICTIVE_UNIT_PARAMETERS")).toBe(
      '[{"name":"model_uri","value":"/mnt/models","type":"STRING"}]',
    );
    expect(valueIn(server, "X")).toBe("1");
    expect(server.resources).toEqual(resources);
  });
});

describe("withServers, MLServer", () => {
  it.each([
    ["SKLEARN_SERVER", "mlserver_sklearn.SKLearnModel"],
    ["XGBOOST_SERVER", "mlserver_xgboost.XGBoostModel"],
    ["MLFLOW_SERVER", "mlserver_mlflow.MLflowRuntime"],
    ["HUGGINGFACE_SERVER", "mlserver_huggingface.HuggingFaceRuntime"],
    ["TEMPO_SERVER", "tempo.mlserver.InferenceRuntime"],
  ])("runs %s as %s", (implementation, runtime) => {
    const server = containerIn(podOf(serverManifest(implementation, "v2")), "m");
    expect(valueIn(server, "MLSERVER_MODEL_IMPLEMENTATION")).toBe(runtime);
  });

  it("leaves the runtime of a server that a cluster adds to its image", () => {
    const manifest = serverManifest("constructor", "v2", { container: { image: "mine:1" } });
    const server = containerIn(podOf(manifest), "m");
    expect(valueIn(server, "MLSERVER_MODEL_IMPLEMENTATION")).toBe("");
  });

  it("begins the environment with its own, then all that the container had", () => {
    const server = containerIn(podOf(serverManifest("SKLEARN_SERVER", "kfserving")), "m");
    expect(envOf(server)).toEqual([
      "MLSERVER_HTTP_PORT=9000",
      "MLSERVER_GRPC_PORT=9500",
      "MLSERVER_MODEL_IMPLEMENTATION=mlserver_sklearn.SKLearnModel",
      "MLSERVER_MODEL_NAME=m",
      "MLSERVER_MODEL_VERSION=v1",
      "MLSERVER_MODEL_URI=/mnt/models",
      'TEMPO_RUNTIME_OPTIONS={"k8s_options": {"defaultRuntime": ' +
        '"tempo.seldon.SeldonKubernetesRuntime", "namespace": "ns1"}}',
      "PREDICTIVE_UNIT_SERVICE_PORT=9000",
      "PREDICTIVE_UNIT_HTTP_SERVICE_PORT=9000",
      "PREDICTIVE_UNIT_GRPC_SERVICE_PORT=9500",
      "PREDICTIVE_UNIT_ID=m",
      "PREDICTIVE_UNIT_IMAGE=seldonio/mlserver:1.3.5-sklearn",
      "PREDICTOR_ID=default",
      'PREDICTOR_LABELS={"version":"default"}',
      "SELDON_DEPLOYMENT_ID=mymodel",
      "SELDON_EXECUTOR_ENABLED=true",
      "PREDICTIVE_UNIT_METRICS_SERVICE_PORT=6000",
      "PREDICTIVE_UNIT_METRICS_ENDPOINT=/prometheus",
      "MLSERVER_METRICS_PORT=6000",
      "MLSERVER_METRICS_ENDPOINT=/prometheus",
    ]);
  });

  it("keeps what a user sets, in place, and has each name once", () => {
    const env = [
      { name: "MLSERVER_MODEL_VERSION", value: "v7" },
      { name: "MLSERVER_PARALLEL_WORKERS", value: "4" },
      { name: "OWN", value: "1" },
    ];
    const server = containerIn(
      podOf(serverManifest("HUGGINGFACE_SERVER", "v2", { container: { env } })),
      "m",
    );
    expect(envOf(server).slice(4, 5)).toEqual(["MLSERVER_MODEL_VERSION=v7"]);
    expect(envOf(server).slice(7, 10)).toEqual([
      "MLSERVER_PARALLEL_WORKERS=4",
      "XDG_CACHE_HOME=/opt/mlserver",
      "OWN=1",
    ]);
    expect(new Set(names(server.env)).size).toBe(server.env?.length);
  });

  it("loads a model from a hub without fetching one", () => {
    const pod = podOf(serverManifest("HUGGINGFACE_SERVER", "v2", { unit: { modelUri: "" } }));
    expect(pod.initContainers).toBeUndefined();
    expect(valueIn(containerIn(pod, "m"), "MLSERVER_MODEL_URI")).toBe("/mnt/models");
  });

  it("asks the server itself over HTTP, as often as was asked before", () => {
    const container = {
      readinessProbe: { exec: { command: ["ready"] }, initialDelaySeconds: 3, timeoutSeconds: 9 },
    };
    const given = containerIn(podOf(serverManifest("SKLEARN_SERVER", "v2", { container })), "m");
    const live = containerIn(podOf(serverManifest("SKLEARN_SERVER", "v2")), "m").livenessProbe;
    expect(given.readinessProbe).toEqual({
      httpGet: { path: "/v2/health/ready", port: "http" },
      initialDelaySeconds: 3,
      timeoutSeconds: 9,
    });
    expect(live).toEqual({
      httpGet: { path: "/v2/health/live", port: "http" },
      initialDelaySeconds: 60,
      periodSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
      timeoutSeconds: 1,
    });
  });

  it("asks by number where a user's own port has that number", () => {
    const container = { ports: [{ containerPort: 9000 }] };
    const server = containerIn(podOf(serverManifest("SKLEARN_SERVER", "v2", { container })), "m");
    expect(server.readinessProbe?.httpGet?.port).toBe(9000);
  });

  it("12.13 keeps the port for metrics", () => {
    const server = containerIn(podOf(serverManifest("SKLEARN_SERVER", "v2")), "m");
    expect(names(server.ports)).toEqual(["metrics", "http", "grpc"]);
  });
});

describe("withServers, Triton", () => {
  const alone = { "seldon.io/no-storage-initializer": "true" };

  it("is told its ports and its models", () => {
    const pod = podOf(serverManifest("TRITON_SERVER", "v2"));
    const server = containerIn(pod, "m");
    expect(server.args).toEqual([
      "/opt/tritonserver/bin/tritonserver",
      "--grpc-port=9500",
      "--http-port=9000",
      "--metrics-port=6000",
      "--model-repository=/mnt/models",
      "--strict-model-config=false",
    ]);
    expect(names(server.ports)).toEqual(["metrics", "http", "grpc"]);
    expect(server.livenessProbe?.tcpSocket).toEqual({ port: 9000 });
    expect(server.securityContext).toBeUndefined();
    expect(pod.securityContext).toEqual({ runAsUser: 8888 });
    expect(names(pod.initContainers)).toEqual(["m-model-initializer"]);
  });

  it("reads its store itself when told so", () => {
    const unit = {
      envSecretRefName: "store",
      parameters: [
        { name: "MODEL_CONTROL_MODE", type: "STRING", value: "explicit" },
        { name: "load_model", type: "STRING", value: "x" },
        { name: "load_model", type: "STRING", value: "y" },
        { name: "other", type: "STRING", value: "z" },
        { name: "strict_model_config", type: "STRING", value: "true" },
      ],
    };
    const container = { envFrom: [{ configMapRef: { name: "mine" } }] };
    const pod = podOf(
      serverManifest("TRITON_SERVER", "v2", { unit, container, spec: { annotations: alone } }),
    );
    const server = containerIn(pod, "m");
    expect(server.args?.slice(4)).toEqual([
      "--model-repository=gs://models/m",
      "--strict-model-config=false",
      "--model-control-mode=explicit",
      "--load-model=x",
      "--load-model=y",
      "--strict-model-config=true",
    ]);
    expect(server.envFrom).toEqual([
      { configMapRef: { name: "mine" } },
      { secretRef: { name: "store" } },
    ]);
    expect(pod.initContainers).toBeUndefined();
    expect(names(server.volumeMounts)).toEqual(["seldon-podinfo"]);
  });

  it("reads an open store itself without a secret", () => {
    const manifest = serverManifest("TRITON_SERVER", "v2", { spec: { annotations: alone } });
    expect(containerIn(podOf(manifest), "m").envFrom).toBeUndefined();
  });

  it("takes parameters for arguments only where it reads its store itself", () => {
    const unit = { parameters: [{ name: "load_model", type: "STRING", value: "x" }] };
    const server = containerIn(podOf(serverManifest("TRITON_SERVER", "v2", { unit })), "m");
    expect(server.args?.at(-1)).toBe("--strict-model-config=false");
  });

  it.each([
    { name: "without a port for metrics", args: ["tritonserver"], warned: true },
    { name: "with one", args: ["tritonserver", "--metrics-port=1"], warned: false },
    { name: "without metrics", args: ["tritonserver", "--allow-metrics=false"], warned: false },
  ])("keeps a user's arguments $name", ({ args, warned }) => {
    const result = furnish(serverManifest("TRITON_SERVER", "v2", { container: { args } }));
    const [workload] = soundOf(result);
    expect(workload?.spec.containers[0]?.args).toEqual(args);
    expect(pathsOf(result.warnings)).toEqual(warned ? ["spec.predictors[0].graph.name"] : []);
  });

  it("takes the port that a user gives for metrics", () => {
    const container = { ports: [{ name: "numbers", containerPort: 7000 }] };
    const settings = { metricsPortName: "numbers" };
    const manifest = serverManifest("TRITON_SERVER", "v2", { container });
    expect(containerIn(podOf(manifest, { settings }), "m").args?.[3]).toBe("--metrics-port=7000");
  });
});

describe("withServers, TensorFlow", () => {
  const bySelf = ["--port=9500", "--rest_api_port=9000"];
  const model = ["--model_name=m", "--model_base_path=/mnt/models"];

  it("is the node's own container under its own protocol", () => {
    const pod = podOf(serverManifest("TENSORFLOW_SERVER", "tensorflow"));
    expect(names(pod.containers)).toEqual(["m", "seldon-container-engine"]);
    expect(containerIn(pod, "m").args).toEqual([...bySelf, ...model]);
    expect(names(pod.initContainers)).toEqual(["m-model-initializer"]);
  });

  it("keeps a user's arguments whole", () => {
    const args = ["--model_config_file=/mnt/models/models.config"];
    const manifest = serverManifest("TENSORFLOW_SERVER", "tensorflow", { container: { args } });
    expect(containerIn(podOf(manifest), "m").args).toEqual(args);
  });

  it("stands beside a proxy under the seldon protocol", () => {
    const pod = podOf(serverManifest("TENSORFLOW_SERVER", "seldon"));
    expect(names(pod.containers)).toEqual(["m", "seldon-container-engine", "tfserving"]);
    expect(valueIn(containerIn(pod, "m"), "PREDICTIVE_UNIT_PARAMETERS")).toBe(
      '[{"name":"rest_endpoint","value":"http://0.0.0.0:2001","type":"STRING"},' +
        '{"name":"grpc_endpoint","value":"0.0.0.0:2000","type":"STRING"},' +
        '{"name":"model_name","value":"m","type":"STRING"}]',
    );
    expect(containerIn(pod, "tfserving")).toEqual({
      name: "tfserving",
      image: "tensorflow/serving:2.1.0",
      imagePullPolicy: "IfNotPresent",
      args: ["--port=2000", "--rest_api_port=2001", ...model],
      ports: [
        { containerPort: 2000, protocol: "TCP" },
        { containerPort: 2001, protocol: "TCP" },
      ],
      volumeMounts: [
        { name: "tfserving-provision-location", mountPath: "/mnt/models", readOnly: true },
      ],
    });
    expect(names(pod.initContainers)).toEqual(["tfserving-model-initializer"]);
    expect(names(containerIn(pod, "m").volumeMounts)).toEqual(["seldon-podinfo"]);
  });

  it.each(["rest_endpoint", "grpc_endpoint"])("leaves a proxy its user's %s", (name) => {
    const unit = { parameters: [{ name, type: "STRING", value: "there" }] };
    const pod = podOf(serverManifest("TENSORFLOW_SERVER", "seldon", { unit }));
    expect(valueIn(containerIn(pod, "m"), "PREDICTIVE_UNIT_PARAMETERS")).toBe(
      `[{"name":"${name}","value":"there","type":"STRING"},` +
        '{"name":"model_name","value":"m","type":"STRING"}]',
    );
  });

  it("runs the cluster's proxy whatever image its container names", () => {
    const manifest = serverManifest("TENSORFLOW_SERVER", "seldon", {
      container: { image: "mine:1", resources: { limits: { cpu: "1" } } },
    });
    const proxy = containerIn(podOf(manifest), "m");
    expect(proxy.image).toBe("seldonio/tfserving-proxy:1.17.1");
    expect(valueIn(proxy, "PREDICTIVE_UNIT_IMAGE")).toBe("seldonio/tfserving-proxy:1.17.1");
    expect(proxy.resources).toEqual({ limits: { cpu: "1" } });
  });

  it("fills in what a user's server leaves out", () => {
    const beside = {
      name: "tfserving",
      imagePullPolicy: "Always",
      ports: [{ containerPort: 2001 }],
      resources: { limits: { memory: "1Gi" } },
    };
    const graph = { name: "m", implementation: "TENSORFLOW_SERVER", modelUri: "gs://m" };
    const componentSpecs = [{ spec: { containers: [{ name: "m" }, beside] } }];
    const pod = podOf(manifestOf({ graph, componentSpecs }));
    expect(containerIn(pod, "tfserving")).toMatchObject({
      image: "tensorflow/serving:2.1.0",
      imagePullPolicy: "Always",
      args: ["--port=2000", "--rest_api_port=2001", ...model],
      ports: [{ containerPort: 2001 }, { containerPort: 2000, protocol: "TCP" }],
      resources: { limits: { memory: "1Gi" } },
    });
    expect(names(pod.containers)).toEqual(["m", "tfserving", "seldon-container-engine"]);
  });

  it("12.12 gives each proxy of a pod a server and a model of its own", () => {
    const pod = podOf(manifestOf(twoServers("TENSORFLOW_SERVER")));
    expect(names(pod.containers)).toEqual([
      "a",
      "b",
      "seldon-container-engine",
      "tfserving",
      "tfserving-b",
    ]);
    expect(containerIn(pod, "tfserving-b").args).toEqual([
      "--port=2002",
      "--rest_api_port=2003",
      "--model_name=b",
      "--model_base_path=/mnt/models",
    ]);
    expect(valueIn(containerIn(pod, "b"), "PREDICTIVE_UNIT_PARAMETERS")).toContain(
      '"http://0.0.0.0:2003"',
    );
    expect(names(pod.initContainers)).toEqual([
      "tfserving-model-initializer",
      "tfserving-b-model-initializer",
    ]);
  });

  it("names the server of each pod alike", () => {
    const componentSpecs = ["a", "b"].map((name) => ({ spec: { containers: [{ name }] } }));
    const pods = soundOf(furnish(manifestOf(twoServers("TENSORFLOW_SERVER", { componentSpecs }))));
    expect(pods.map(({ spec }) => names(spec.containers))).toEqual([
      ["a", "seldon-container-engine", "tfserving"],
      ["b", "tfserving"],
    ]);
  });

  it("refuses a node that has its server's name", () => {
    const manifest = serverManifest("TENSORFLOW_SERVER", "seldon", { unit: { name: "tfserving" } });
    expect(pathsOf(issuesOf(furnish(manifest)))).toEqual([
      "spec.predictors[0].graph.implementation",
    ]);
  });

  it("may have that name itself under its own protocol", () => {
    const unit = { name: "tfserving" };
    const pod = podOf(serverManifest("TENSORFLOW_SERVER", "tensorflow", { unit }));
    expect(names(pod.containers)).toEqual(["tfserving", "seldon-container-engine"]);
    expect(containerIn(pod, "tfserving").image).toBe("tensorflow/serving:2.1.0");
  });

  it.each(["tfserving", "seldon-container-engine"])(
    "refuses %s as the name of another server",
    (name) => {
      const result = furnish(serverManifest("SKLEARN_SERVER", "seldon", { unit: { name } }));
      expect(pathsOf(issuesOf(result))).toEqual(["spec.predictors[0].graph.name"]);
    },
  );

  it("refuses a proxy with nothing to speak to", () => {
    const { seldon } = defaultSettings.predictorServers["TENSORFLOW_SERVER"]?.protocols ?? {};
    const settings = {
      predictorServers: { TENSORFLOW_SERVER: { protocols: seldon ? { seldon } : {} } },
    };
    const result = furnish(serverManifest("TENSORFLOW_SERVER", "seldon"), { settings });
    expect(pathsOf(issuesOf(result))).toEqual(["spec.predictors[0].graph.implementation"]);
  });
});

describe("withServers, service accounts", () => {
  const unit = { serviceAccountName: "reader" };

  it("runs a server's pod under the node's account, under both of its names", () => {
    const pod = podOf(serverManifest("SKLEARN_SERVER", "seldon", { unit }));
    expect([pod.serviceAccountName, pod.serviceAccount]).toEqual(["reader", "reader"]);
  });

  it("leaves the pod of a user's container its own account", () => {
    const spec = { serviceAccountName: "own", containers: [{ name: "m", image: "I:1" }] };
    const graph = { name: "m", modelUri: "gs://m", serviceAccountName: "reader" };
    const pod = podOf(manifestOf({ graph, componentSpecs: [{ spec }] }));
    expect(pod.serviceAccountName).toBe("own");
  });

  it("warns of two accounts for one pod, and takes the last", () => {
    const servers = twoServers("SKLEARN_SERVER", {}, unit);
    const result = furnish(
      manifestOf({
        graph: {
          name: "ab",
          implementation: "RANDOM_ABTEST",
          children: [
            { name: "a", implementation: "SKLEARN_SERVER", modelUri: "m", serviceAccountName: "x" },
            { name: "b", implementation: "SKLEARN_SERVER", modelUri: "m", serviceAccountName: "y" },
          ],
        },
      }),
    );
    expect(soundOf(result)[0]?.spec.serviceAccountName).toBe("y");
    expect(pathsOf(result.warnings)).toEqual([
      "spec.predictors[0].graph.children[0].serviceAccountName",
    ]);
    expect(furnish(manifestOf(servers)).warnings).toEqual([]);
  });
});

describe("withServers, other nodes", () => {
  it("leaves them and their engine as they are", () => {
    const componentSpecs = [{ spec: { containers: [{ name: "m", image: "I:1" }] } }];
    const manifest = manifestOf(
      { graph: { name: "m" }, componentSpecs },
      { annotations: { "seldon.io/engine-separate-pod": "true" } },
    );
    const pods = soundOf(furnish(manifest));
    expect(pods.map(({ spec }) => [names(spec.containers), spec.initContainers])).toEqual([
      [["seldon-container-engine"], undefined],
      [["m"], undefined],
    ]);
  });

  it("furnishes a server in its own pod beside a separate engine", () => {
    const manifest = serverManifest("TENSORFLOW_SERVER", "seldon", {
      spec: { annotations: { "seldon.io/engine-separate-pod": "true" } },
    });
    const pods = soundOf(furnish(manifest));
    expect(pods.map(({ spec }) => names(spec.containers))).toEqual([
      ["seldon-container-engine"],
      ["m", "tfserving"],
    ]);
  });

  it("furnishes the container once when two nodes have its name", () => {
    const node = { name: "m", implementation: "SKLEARN_SERVER", modelUri: "gs://m" };
    const pod = podOf(manifestOf({ graph: { ...node, children: [node] } }));
    expect(names(pod.initContainers)).toEqual(["m-model-initializer"]);
  });
});

describe("accountsOf", () => {
  const accounts = (predictor: object, spec: object = {}) =>
    accountsOf(parsed(manifestOf(predictor, spec)));
  const server = { name: "m", implementation: "SKLEARN_SERVER", modelUri: "gs://m" };
  const own = { name: "m", modelUri: "gs://m" };
  const componentsWith = (more: object) => [
    { spec: { containers: [{ name: "m", image: "I:1" }], ...more } },
  ];

  it.each([
    {
      name: "no model",
      predictor: { graph: { name: "m" }, componentSpecs: componentsWith({}) },
      want: [],
    },
    { name: "a model", predictor: { graph: server }, want: ["default"] },
    {
      name: "a node's own",
      predictor: { graph: { ...server, serviceAccountName: "reader" } },
      want: ["reader"],
    },
    {
      name: "a pod's",
      predictor: { graph: own, componentSpecs: componentsWith({ serviceAccountName: "pod" }) },
      want: ["pod"],
    },
    {
      name: "a pod's by its old name",
      predictor: { graph: own, componentSpecs: componentsWith({ serviceAccount: "old" }) },
      want: ["old"],
    },
    {
      name: "that of another server of the pod",
      predictor: {
        graph: { ...own, children: [{ ...server, name: "s", serviceAccountName: "reader" }] },
        componentSpecs: componentsWith({ serviceAccountName: "pod" }),
      },
      want: ["reader"],
    },
    {
      name: "an explainer's",
      predictor: {
        graph: { ...server, serviceAccountName: "z" },
        explainer: { type: "ALE", modelUri: "gs://e", serviceAccountName: "e" },
      },
      want: ["e", "z"],
    },
    {
      name: "an explainer without one",
      predictor: { graph: server, explainer: { type: "ALE", modelUri: "gs://e" } },
      want: ["default"],
    },
    {
      name: "an explainer of no type",
      predictor: {
        graph: { name: "m" },
        componentSpecs: componentsWith({}),
        explainer: { modelUri: "gs://e" },
      },
      want: [],
    },
  ])("names $name", ({ predictor, want }) => {
    expect(accounts(predictor)).toEqual(want);
  });

  it("names none for a Triton that reads its store itself", () => {
    const graph = { ...server, implementation: "TRITON_SERVER" };
    const annotations = { "seldon.io/no-storage-initializer": "TRUE" };
    expect(accounts({ graph }, { protocol: "v2", annotations })).toEqual([]);
  });
});

describe("espalier", () => {
  it("serves the folder of the model, under either protocol", () => {
    for (const protocol of ["seldon", "v2"]) {
      const pod = podOf(serverManifest("ESPALIER_SERVER", protocol));
      const server = containerIn(pod, "m");
      expect([server.command, server.args]).toEqual([["espalier", "serve"], ["/mnt/models"]]);
      expect(server.volumeMounts).toContainEqual(
        expect.objectContaining({ mountPath: "/mnt/models", readOnly: true }),
      );
      expect(names(pod.initContainers)).toEqual(["m-model-initializer"]);
    }
  });

  it.each([
    { name: "arguments", container: { args: ["serve", "/mnt/models/b.json"] } },
    { name: "a command", container: { command: ["sh", "-c", "espalier serve /mnt/models"] } },
  ])("keeps a user's own $name", ({ container }) => {
    const manifest = serverManifest("ESPALIER_SERVER", "seldon", { container });
    expect(containerIn(podOf(manifest), "m")).toMatchObject(container);
  });

  it("runs the image that a cluster names for it", () => {
    const predictorServers = { ESPALIER_SERVER: { protocols: { seldon: { image: "own:3" } } } };
    const manifest = serverManifest("ESPALIER_SERVER", "seldon");
    expect(containerIn(podOf(manifest, { settings: { predictorServers } }), "m").image).toBe(
      "own:3",
    );
  });
});
