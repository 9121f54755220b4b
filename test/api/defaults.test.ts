import { describe, expect, it } from "@jest/globals";
import { locate, walk } from "../../api/graph.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings, type Settings } from "../../api/settings.ts";
import type { Container, Deployment, PredictiveUnit } from "../../api/types.ts";
import {
  builtIn,
  container,
  manifest,
  node,
  pod,
  predictor,
  server,
  withPredictor,
} from "./manifest.ts";

const parsed = (value: object, settings: Settings = defaultSettings): Deployment => {
  const result = parse(JSON.parse(JSON.stringify(value)), settings);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

const containersOf = (deployment: Deployment, predictorIndex = 0): readonly Container[] =>
  (deployment.spec.predictors[predictorIndex]?.componentSpecs ?? []).flatMap(
    ({ spec }) => spec?.containers ?? [],
  );

const unitsOf = (deployment: Deployment, predictorIndex = 0): readonly PredictiveUnit[] => {
  const graph = deployment.spec.predictors[predictorIndex]?.graph;
  return graph === undefined ? [] : walk(graph);
};

const ports = (deployment: Deployment): readonly unknown[] =>
  deployment.spec.predictors.flatMap(({ graph }) =>
    locate(graph, "").map(({ unit: { name, endpoint } }) => [
      name,
      endpoint?.httpPort,
      endpoint?.grpcPort,
    ]),
  );

const metrics = (deployment: Deployment): readonly unknown[] =>
  deployment.spec.predictors.flatMap((_, i) =>
    containersOf(deployment, i).map(({ ports: list }) => list?.at(-1)?.containerPort),
  );

const two = [container("a"), container("b")];
const chain = node("a", { children: [node("b")] });

describe("parse, what it defaults", () => {
  it("fills in a deployment of one model", () => {
    const value = parsed(manifest({ predictors: [predictor()] }, { namespace: undefined }));
    expect(value.metadata.namespace).toBe("default");
    expect(value.spec.predictors[0]).toEqual({
      name: "default",
      labels: { version: "default" },
      graph: {
        name: "model",
        type: "MODEL",
        implementation: "UNKNOWN_IMPLEMENTATION",
        endpoint: { service_host: "localhost", service_port: 9000, httpPort: 9000, grpcPort: 9500 },
      },
      componentSpecs: [
        {
          spec: {
            containers: [
              {
                name: "model",
                image: "example/model:1",
                imagePullPolicy: "IfNotPresent",
                terminationMessagePath: "/dev/termination-log",
                terminationMessagePolicy: "File",
                volumeMounts: [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }],
                ports: [{ name: "metrics", containerPort: 6000, protocol: "TCP" }],
              },
            ],
          },
        },
      ],
    });
  });

  it("leaves undefaulted what the contract leaves so", () => {
    const { spec } = parsed(manifest());
    expect(Object.keys(spec)).toEqual(["predictors"]);
    const [first] = containersOf(parsed(manifest()));
    expect(first).not.toHaveProperty("resources");
    expect(first).not.toHaveProperty("securityContext");
  });

  it("keeps a version label", () => {
    const value = parsed(withPredictor({ labels: { a: "b", version: "v9" } }));
    expect(value.spec.predictors[0]?.labels).toEqual({ a: "b", version: "v9" });
  });

  it.each([
    { name: "nothing given", unit: {}, want: "MODEL" },
    { name: "a type", unit: { type: "TRANSFORMER" }, want: "TRANSFORMER" },
    { name: "methods", unit: { methods: ["TRANSFORM_INPUT"] }, want: undefined },
    { name: "empty words", unit: { type: "", implementation: "" }, want: "MODEL" },
  ])("types a node with $name as $want", ({ unit, want }) => {
    const [root] = unitsOf(parsed(withPredictor({ graph: node("model", unit) })));
    expect(root?.type).toBe(want);
    expect(root?.implementation).toBe("UNKNOWN_IMPLEMENTATION");
  });

  it("types a prepackaged server as a model, whatever was written", () => {
    const [root] = unitsOf(parsed(withPredictor({ graph: server("m", { type: "ROUTER" }) })));
    expect(root?.type).toBe("MODEL");
  });

  it("keeps a RANDOM_ABTEST untyped while its children become models", () => {
    const graph = builtIn("ab", {
      implementation: "RANDOM_ABTEST",
      children: [node("a"), node("b")],
    });
    const units = unitsOf(parsed(withPredictor({ graph, componentSpecs: [pod(...two)] })));
    expect(units.map(({ type }) => type)).toEqual([undefined, "MODEL", "MODEL"]);
    expect(units[0]).not.toHaveProperty("endpoint");
  });
});

describe("parse, the ports it reserves", () => {
  it.each([
    {
      name: "count up by container",
      value: withPredictor({ graph: chain, componentSpecs: [pod(...two)] }),
      want: [
        ["a", 9000, 9500],
        ["b", 9001, 9501],
      ],
      metrics: [6000, 6001],
    },
    {
      name: "are shared by name over predictors, but for metrics",
      value: manifest({
        predictors: [predictor({ name: "x", traffic: 50 }), predictor({ name: "y", traffic: 50 })],
      }),
      want: [
        ["model", 9000, 9500],
        ["model", 9000, 9500],
      ],
      metrics: [6000, 6001],
    },
    {
      name: "go on counting in the next predictor",
      value: manifest({
        predictors: [
          predictor({ name: "x", traffic: 50 }),
          predictor({
            name: "y",
            traffic: 50,
            graph: node("other"),
            componentSpecs: [pod(container("other"))],
          }),
        ],
      }),
      want: [
        ["model", 9000, 9500],
        ["other", 9001, 9501],
      ],
      metrics: [6000, 6001],
    },
    {
      name: "are taken by sidecars too",
      value: withPredictor({ componentSpecs: [pod(container("sidecar"), container("model"))] }),
      want: [["model", 9001, 9501]],
      metrics: [undefined, 6000],
    },
    {
      name: "give way to ports that are named",
      value: withPredictor({
        graph: chain,
        componentSpecs: [
          pod(
            container("a", {
              ports: [
                { name: "http", containerPort: 80 },
                { name: "grpc", containerPort: 81 },
                { name: "metrics", containerPort: 82 },
              ],
            }),
            container("b"),
          ),
        ],
      }),
      want: [
        ["a", 80, 81],
        ["b", 9001, 9501],
      ],
      metrics: [82, 6000],
    },
    {
      name: "heed no other port",
      value: withPredictor({
        componentSpecs: [pod(container("model", { ports: [{ containerPort: 80 }] }))],
      }),
      want: [["model", 9000, 9500]],
      metrics: [6000],
    },
  ])("$name", ({ value, want, metrics: wantMetrics }) => {
    const deployment = parsed(value);
    expect(ports(deployment)).toEqual(want);
    expect(metrics(deployment)).toEqual(wantMetrics);
  });

  it("begin where the settings say", () => {
    const settings = { ...defaultSettings, firstHttpPort: 9700, firstGrpcPort: 9800 };
    const value = withPredictor({ graph: chain, componentSpecs: [pod(...two)] });
    expect(ports(parsed(value, settings))).toEqual([
      ["a", 9700, 9800],
      ["b", 9701, 9801],
    ]);
  });

  it("name the metrics port as the settings say", () => {
    const settings = { ...defaultSettings, metricsPortName: "custom", firstMetricsPort: 6500 };
    expect(containersOf(parsed(manifest(), settings))[0]?.ports).toEqual([
      { name: "custom", containerPort: 6500, protocol: "TCP" },
    ]);
  });
});

describe("parse, the endpoints it sets", () => {
  const hosts = (value: object): readonly (string | undefined)[] =>
    unitsOf(parsed(value)).map(({ endpoint }) => endpoint?.service_host);

  it("are local in the engine's pod and Services elsewhere", () => {
    const componentSpecs = [pod(container("a")), pod(container("b"))];
    expect(hosts(withPredictor({ graph: chain, componentSpecs }))).toEqual([
      "localhost",
      "mymodel-default-b.ns1.svc.cluster.local",
    ]);
  });

  it("are Services everywhere when the engine has a pod of its own", () => {
    const annotations = { "seldon.io/engine-separate-pod": "True" };
    expect(hosts(withPredictor({}, { annotations }))).toEqual([
      "mymodel-default-model.ns1.svc.cluster.local",
    ]);
  });

  it.each([
    { name: "http by default", spec: {}, type: undefined, want: 9000 },
    { name: "grpc by transport", spec: { transport: "grpc" }, type: undefined, want: 9500 },
    { name: "grpc by endpoint", spec: {}, type: "GRPC", want: 9500 },
    { name: "http by endpoint", spec: {}, type: "REST", want: 9000 },
  ])("have the service_port of $name", ({ spec, type, want }) => {
    const graph = node("model", type === undefined ? {} : { endpoint: { type } });
    const [root] = unitsOf(parsed(withPredictor({ graph }, spec)));
    expect(root?.endpoint?.service_port).toBe(want);
    expect(root?.endpoint?.type).toBe(type);
  });

  it("overwrite what a user or an older version wrote, but for the type", () => {
    const endpoint = {
      service_host: "0.0.0.0",
      service_port: 1,
      httpPort: 2,
      grpcPort: 3,
      type: "REST",
    };
    const [root] = unitsOf(parsed(withPredictor({ graph: node("model", { endpoint }) })));
    expect(root?.endpoint).toEqual({
      service_host: "localhost",
      service_port: 9000,
      httpPort: 9000,
      grpcPort: 9500,
      type: "REST",
    });
  });
});

describe("parse, what it does to containers", () => {
  it("leaves those of no node alone", () => {
    const sidecar = container("sidecar", { volumeMounts: [{ name: "podinfo", mountPath: "/x" }] });
    const value = parsed(withPredictor({ componentSpecs: [pod(container("model"), sidecar)] }));
    expect(containersOf(value)[1]).toEqual(sidecar);
  });

  it("keeps what a user wrote", () => {
    const own = {
      imagePullPolicy: "Always",
      terminationMessagePath: "/x",
      terminationMessagePolicy: "FallbackToLogsOnError",
      volumeMounts: [{ name: "seldon-podinfo", mountPath: "/elsewhere" }],
      newFieldOfKubernetes: { a: [1] },
    };
    const value = parsed(withPredictor({ componentSpecs: [pod(container("model", own))] }));
    expect(containersOf(value)[0]).toMatchObject(own);
  });

  it("removes the mount of old versions, the last mount taking its place", () => {
    const volumeMounts = ["podinfo", "a", "b"].map((name) => ({ name, mountPath: `/${name}` }));
    const spec = { containers: [container("model", { volumeMounts })] };
    const value = parsed(withPredictor({ componentSpecs: [{ spec }] }));
    const names = containersOf(value)[0]?.volumeMounts?.map(({ name }) => name);
    expect(names).toEqual(["b", "a", "seldon-podinfo"]);
  });
});

describe("parse, prepackaged servers", () => {
  it("get a pod when there is none", () => {
    const value = parsed(withPredictor({ graph: server("m"), componentSpecs: undefined }));
    expect(value.spec.predictors[0]?.componentSpecs).toHaveLength(1);
    expect(containersOf(value)).toEqual([
      {
        name: "m",
        image: "seldonio/sklearnserver:1.17.1",
        imagePullPolicy: "IfNotPresent",
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        volumeMounts: [{ name: "seldon-podinfo", mountPath: "/etc/podinfo" }],
        ports: [{ name: "metrics", containerPort: 6000, protocol: "TCP" }],
      },
    ]);
  });

  it("join the first pod when there is one", () => {
    const value = parsed(withPredictor({ graph: node("model", { children: [server("m")] }) }));
    expect(containersOf(value).map(({ name }) => name)).toEqual(["model", "m"]);
    expect(ports(value)).toEqual([
      ["model", 9000, 9500],
      ["m", 9001, 9501],
    ]);
  });

  it("use the container that has their name, and its image", () => {
    const value = parsed(
      withPredictor({ graph: server("m"), componentSpecs: [pod(container("m", { args: ["x"] }))] }),
    );
    expect(containersOf(value)).toHaveLength(1);
    expect(containersOf(value)[0]).toMatchObject({ image: "example/m:1", args: ["x"] });
    expect(metrics(value)).toEqual([6000]);
  });

  it("are reached by their Service in a second pod", () => {
    const graph = server("a", {
      implementation: "TENSORFLOW_SERVER",
      children: [server("b", { implementation: "TENSORFLOW_SERVER" })],
    });
    const componentSpecs = [pod({ name: "a" }), pod({ name: "b" })];
    const units = unitsOf(parsed(withPredictor({ graph, componentSpecs })));
    expect(units.map(({ endpoint }) => endpoint?.service_host)).toEqual([
      "localhost",
      "mymodel-default-b.ns1.svc.cluster.local",
    ]);
  });

  it.each([
    ["SKLEARN_SERVER", "seldon", "seldonio/sklearnserver:1.17.1"],
    ["SKLEARN_SERVER", "v2", "seldonio/mlserver:1.3.5-sklearn"],
    ["XGBOOST_SERVER", "kfserving", "seldonio/mlserver:1.3.5-xgboost"],
    ["MLFLOW_SERVER", "seldon", "seldonio/mlflowserver:1.17.1"],
    ["HUGGINGFACE_SERVER", "v2", "seldonio/mlserver:1.3.5-huggingface"],
    ["TEMPO_SERVER", "v2", "seldonio/mlserver:1.3.5-slim"],
    ["TRITON_SERVER", "v2", "nvcr.io/nvidia/tritonserver:21.08-py3"],
    ["TENSORFLOW_SERVER", "seldon", "seldonio/tfserving-proxy:1.17.1"],
    ["TENSORFLOW_SERVER", "tensorflow", undefined],
    ["TENSORFLOW_SERVER", "v2", undefined],
  ])("%s under %s run %s", (implementation, protocol, image) => {
    const graph = server("m", { implementation });
    const value = parsed(withPredictor({ graph, componentSpecs: [] }, { protocol }));
    expect(containersOf(value)[0]?.image).toBe(image);
  });

  it("may be the cluster's own, with or without a version, v2 and kfserving being one", () => {
    const predictorServers = {
      MINE: { protocols: { kfserving: { image: "mine" } } },
    };
    const graph = server("m", { implementation: "MINE" });
    const value = withPredictor({ graph, componentSpecs: [] }, { protocol: "v2" });
    const deployment = parsed(value, { ...defaultSettings, predictorServers });
    expect(containersOf(deployment)[0]?.image).toBe("mine");
  });

  it("keep their ports when a container added before them is written back", () => {
    const graph = node("side", { children: [server("m"), node("far")] });
    const first = parsed(
      withPredictor({
        graph,
        componentSpecs: [pod(container("side")), pod(container("far"))],
      }),
    );
    const again = parsed(first);
    expect(ports(first)).toEqual([
      ["side", 9000, 9500],
      ["m", 9002, 9502],
      ["far", 9001, 9501],
    ]);
    expect(again).toEqual(first);
  });

  it("take back objects that version 1 stored with its defaults", () => {
    const stored = manifest({
      predictors: [
        {
          name: "p",
          labels: { version: "p" },
          engineResources: {},
          svcOrchSpec: {},
          replicas: 1,
          graph: server("m", {
            type: "MODEL",
            children: [],
            endpoint: { service_host: "localhost", service_port: 9000, type: "REST" },
          }),
          componentSpecs: [
            {
              metadata: { creationTimestamp: null },
              spec: {
                containers: [
                  {
                    name: "m",
                    image: "seldonio/sklearnserver:1.17.1",
                    resources: {},
                    ports: [{ name: "metrics", containerPort: 6000, protocol: "TCP" }],
                    volumeMounts: [{ name: "podinfo", mountPath: "/etc/podinfo" }],
                  },
                ],
                volumes: [{ name: "podinfo", downwardAPI: { items: [] } }],
              },
            },
          ],
        },
      ],
    });
    const value = parsed(stored);
    expect(ports(value)).toEqual([["m", 9000, 9500]]);
    expect(containersOf(value)[0]?.volumeMounts).toEqual([
      { name: "seldon-podinfo", mountPath: "/etc/podinfo" },
    ]);
    expect(parsed(value)).toEqual(value);
  });
});
