import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
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

const p0 = "spec.predictors[0]";
const pod0 = `${p0}.componentSpecs[0]`;
const c0 = `${pod0}.spec.containers[0]`;
const graph = (more: object): object => withPredictor({ graph: node("model", { ...more }) });
const containers = (...list: readonly object[]): object =>
  withPredictor({ componentSpecs: [{ spec: { containers: list } }] });
const component = (more: object): object =>
  withPredictor({ componentSpecs: [{ ...pod(container("model")), ...more }] });
const volume = (name: string): object => ({ name, emptyDir: {} });

type Row = {
  readonly name: string;
  readonly value: object;
  readonly faults?: readonly string[];
  readonly warnings?: readonly string[];
};

const rows: readonly Row[] = [
  { name: "a good manifest", value: manifest() },
  // Words
  { name: "an unknown type", value: graph({ type: "MODELL" }), warnings: [`${p0}.graph.type`] },
  {
    name: "an unknown method",
    value: graph({ methods: ["ROUTE", "PREDICT"], children: [builtIn("a")] }),
    warnings: [`${p0}.graph.methods[1]`],
  },
  {
    name: "an unknown endpoint type",
    value: graph({ endpoint: { type: "rest" } }),
    warnings: [`${p0}.graph.endpoint.type`],
  },
  {
    name: "an unknown parameter type",
    value: graph({ parameters: [{ name: "a", value: "1", type: "INTEGER" }] }),
    warnings: [`${p0}.graph.parameters[0].type`],
  },
  {
    name: "an unknown logger mode",
    value: graph({ logger: { mode: "both" } }),
    warnings: [`${p0}.graph.logger.mode`],
  },
  {
    name: "an unknown explainer",
    value: withPredictor({ explainer: { type: "AnchorTable" } }),
    warnings: [`${p0}.explainer.type`],
  },
  { name: "no explainer", value: withPredictor({ explainer: { type: "" } }) },
  {
    name: "explainer parameters that are no JSON",
    value: withPredictor({ explainer: { type: "ALE", initParameters: "{a" } }),
    warnings: [`${p0}.explainer.initParameters`],
  },
  // Graph
  {
    name: "nodes of one name",
    value: withPredictor({ graph: node("model", { children: [node("model")] }) }),
    warnings: [`${p0}.graph.children[0].name`],
  },
  {
    name: "a node with spaces",
    value: withPredictor({ graph: builtIn("my model") }),
    warnings: [`${p0}.graph.name`],
  },
  {
    name: "an A/B test of one",
    value: withPredictor({
      graph: builtIn("ab", { implementation: "RANDOM_ABTEST", children: [builtIn("a")] }),
    }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "an A/B test of three",
    value: withPredictor({
      graph: builtIn("ab", {
        implementation: "RANDOM_ABTEST",
        children: [builtIn("a"), builtIn("b"), builtIn("c")],
      }),
    }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "an A/B test of two",
    value: withPredictor({
      graph: builtIn("ab", {
        implementation: "RANDOM_ABTEST",
        children: [builtIn("a"), builtIn("b")],
      }),
    }),
  },
  {
    name: "a router of none",
    value: graph({ type: "ROUTER" }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "a combiner of none",
    value: graph({ type: "COMBINER" }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "a router by method",
    value: graph({ methods: ["ROUTE"], children: [] }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "children nobody combines",
    value: graph({ children: [builtIn("a"), builtIn("b")] }),
    warnings: [`${p0}.graph.children`],
  },
  {
    name: "children that are combined",
    value: graph({ type: "COMBINER", children: [builtIn("a"), builtIn("b")] }),
  },
  {
    name: "a node that is never called",
    value: graph({ methods: [] }),
    warnings: [`${p0}.graph.type`],
  },
  {
    name: "an explicit UNKNOWN_IMPLEMENTATION",
    value: graph({ implementation: "UNKNOWN_IMPLEMENTATION" }),
    warnings: [`${p0}.graph.type`],
  },
  {
    name: "an integer that is none",
    value: graph({ parameters: [{ name: "a", value: "1.5", type: "INT" }] }),
    warnings: [`${p0}.graph.parameters[0].value`],
  },
  {
    name: "a boolean that is none",
    value: graph({ parameters: [{ name: "a", value: "yes", type: "BOOL" }] }),
    warnings: [`${p0}.graph.parameters[0].value`],
  },
  {
    name: "parameters of all types",
    value: graph({
      parameters: [
        ["INT", "-3"],
        ["FLOAT", "1e-3"],
        ["DOUBLE", ".5"],
        ["BOOL", "True"],
        ["STRING", ""],
      ].map(([type, value]) => ({ name: "a", type, value })),
    }),
  },
  {
    name: "a server without an image for the protocol",
    value: withPredictor({
      graph: server("m", { implementation: "TRITON_SERVER" }),
      componentSpecs: [],
    }),
    warnings: [`${p0}.graph.implementation`],
  },
  // Predictors
  {
    name: "lone traffic beyond all",
    value: withPredictor({ traffic: 150 }),
    warnings: [`${p0}.traffic`],
  },
  {
    name: "dead fields",
    value: withPredictor({ engineResources: {} }, { oauth_key: "a", oauth_secret: "b" }),
    warnings: ["spec.oauth_key", "spec.oauth_secret", `${p0}.engineResources`],
  },
  {
    name: "engine replicas without a pod of its own",
    value: withPredictor({ svcOrchSpec: { replicas: 2 } }),
    warnings: [`${p0}.svcOrchSpec.replicas`],
  },
  {
    name: "engine replicas with a pod of its own",
    value: withPredictor(
      { svcOrchSpec: { replicas: 2 } },
      { annotations: { "seldon.io/engine-separate-pod": "true" } },
    ),
  },
  // Names
  {
    name: "a deployment that begins with a digit",
    value: manifest({}, { name: "1model" }),
    warnings: ["metadata.name"],
  },
  {
    name: "a predictor in capitals",
    value: withPredictor({ name: "Main" }),
    faults: [`${p0}.name`],
  },
  {
    name: "a predictor with an underscore and a Service name of its own",
    value: withPredictor({ name: "a_b", annotations: { "seldon.io/svc-name": "own" } }),
  },
  { name: "an empty predictor name", value: withPredictor({ name: "" }), faults: [`${p0}.name`] },
  {
    name: "a Service name that is none",
    value: withPredictor({ annotations: { "seldon.io/svc-name": "a.b" } }),
    faults: [`${p0}.annotations["seldon.io/svc-name"]`],
  },
  {
    name: "a node's container of 48 characters",
    value: withPredictor({
      graph: node("a".repeat(48)),
      componentSpecs: [pod(container("a".repeat(48)))],
    }),
  },
  {
    name: "a node's container of 49 characters",
    value: withPredictor({
      graph: node("a".repeat(49)),
      componentSpecs: [pod(container("a".repeat(49)))],
    }),
    faults: [`${p0}.graph.name`],
  },
  {
    name: "a predictor too long for a label",
    value: withPredictor({ name: "a".repeat(64) }),
    faults: [`${p0}.name`],
  },
  {
    name: "a predictor too long for a label with a version",
    value: withPredictor({ name: "a".repeat(64), labels: { version: "1" } }),
  },
  // Pods
  {
    name: "a container with an underscore",
    value: containers(container("model"), container("my_car")),
    faults: [`${pod0}.spec.containers[1].name`],
  },
  {
    name: "two containers of one name",
    value: containers(container("model"), container("model")),
    faults: [`${pod0}.spec.containers[1].name`],
  },
  {
    name: "a node's container in two pods",
    value: withPredictor({ componentSpecs: [pod(container("model")), pod(container("model"))] }),
    warnings: [`${p0}.componentSpecs[1].spec.containers[0].name`],
  },
  {
    name: "sidecars of one name in two pods",
    value: withPredictor({
      componentSpecs: [pod(container("model"), container("log")), pod(container("log"))],
    }),
  },
  {
    name: "a container without image",
    value: containers({ name: "model" }),
    warnings: [`${c0}.image`],
  },
  {
    name: "a TensorFlow server without image, beside its proxy",
    value: withPredictor({
      graph: server("m", { implementation: "TENSORFLOW_SERVER" }),
      componentSpecs: [pod({ name: "m" }, { name: "tfserving" })],
    }),
  },
  {
    name: "a container with only a command",
    value: containers({ name: "model", command: ["node"] }),
    warnings: [`${c0}.image`],
  },
  {
    name: "a port twice",
    value: containers(
      container("model", {
        ports: [{ containerPort: 80 }, { name: "x", containerPort: 80, protocol: "TCP" }],
      }),
    ),
    faults: [`${c0}.ports[1]`],
  },
  {
    name: "a port over two protocols",
    value: containers(
      container("model", {
        ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "UDP" }],
      }),
    ),
  },
  {
    name: "a variable twice",
    value: containers(
      container("model", {
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
      }),
    ),
    warnings: [`${c0}.env[1]`],
  },
  {
    name: "a mount path twice",
    value: withPredictor({
      componentSpecs: [
        {
          spec: {
            containers: [
              container("model", {
                volumeMounts: [
                  { name: "v", mountPath: "/a" },
                  { name: "v", mountPath: "/a" },
                ],
              }),
            ],
            volumes: [volume("v")],
          },
        },
      ],
    }),
    faults: [`${c0}.volumeMounts[1]`],
  },
  {
    name: "a volume twice",
    value: withPredictor({
      componentSpecs: [
        { spec: { containers: [container("model")], volumes: [volume("v"), volume("v")] } },
      ],
    }),
    faults: [`${pod0}.spec.volumes[1]`],
  },
  {
    name: "a mount of no volume",
    value: containers(container("model", { volumeMounts: [{ name: "v", mountPath: "/a" }] })),
    warnings: [`${c0}.volumeMounts[0].name`],
  },
  {
    name: "a mount of a volume that is added",
    value: containers(
      container("model", { volumeMounts: [{ name: "seldon-podinfo", mountPath: "/a" }] }),
    ),
  },
  {
    name: "HPA and KEDA",
    value: component({ hpaSpec: { maxReplicas: 2 }, kedaSpec: { triggers: [] } }),
    warnings: [`${pod0}.hpaSpec`],
  },
  {
    name: "HPA and replicas",
    value: component({ hpaSpec: { maxReplicas: 2 }, replicas: 3 }),
    warnings: [`${pod0}.replicas`],
  },
  {
    name: "an HPA with more at least than at most",
    value: component({ hpaSpec: { minReplicas: 5, maxReplicas: 2 } }),
    faults: [`${pod0}.hpaSpec.minReplicas`],
  },
  {
    name: "a budget with both bounds",
    value: component({ pdbSpec: { minAvailable: 1, maxUnavailable: "50%" } }),
    faults: [`${pod0}.pdbSpec`],
  },
  { name: "a budget with one bound", value: component({ pdbSpec: { maxUnavailable: "50%" } }) },
  ...["seldon-container-engine", "tfserving"].map((name) => ({
    name: `a node called ${name}`,
    value: withPredictor({ graph: node(name), componentSpecs: [pod(container(name))] }),
    warnings: [`${p0}.graph.name`],
  })),
  // Engines
  {
    name: "an engine that is not offered",
    value: withPredictor(
      {
        svcOrchSpec: {
          env: ["KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"].map((name) => ({
            name,
          })),
        },
      },
      { serverType: "kafka" },
    ),
    warnings: ["spec.serverType"],
  },
  {
    name: "words to an engine where there is none",
    value: withPredictor({
      annotations: { "seldon.io/no-engine": "true" },
      ssl: { certSecretName: "tls" },
      svcOrchSpec: { env: [{ name: "A", value: "b" }], resources: {} },
      graph: node("model", { logger: { mode: "all" } }),
    }),
    warnings: [
      `${p0}.ssl`,
      `${p0}.svcOrchSpec.env`,
      `${p0}.svcOrchSpec.resources`,
      `${p0}.graph.logger`,
    ],
  },
  // Annotations
  ...[
    "rest-timeout",
    "grpc-timeout",
    "grpc-max-message-size",
    "executor-logger-queue-size",
    "istio-retries",
  ].map((name) => ({
    name: `${name} that is no number`,
    value: manifest({ annotations: { [`seldon.io/${name}`]: "10s" } }),
    faults: [`spec.annotations["seldon.io/${name}"]`],
  })),
  {
    name: "a negative timeout of the graph",
    value: manifest({ annotations: { "espalier.io/graph-timeout": "-1" } }),
    faults: ['spec.annotations["espalier.io/graph-timeout"]'],
  },
  {
    name: "a timeout in a predictor",
    value: withPredictor({ annotations: { "seldon.io/rest-timeout": "" } }),
    faults: [`${p0}.annotations["seldon.io/rest-timeout"]`],
  },
  {
    name: "a timeout in a componentSpec",
    value: component({ metadata: { annotations: { "seldon.io/rest-timeout": "1.5" } } }),
    faults: [`${pod0}.metadata.annotations["seldon.io/rest-timeout"]`],
  },
  {
    name: "a negative timeout of nodes",
    value: manifest({ annotations: { "seldon.io/rest-timeout": "-1" } }),
    warnings: ['spec.annotations["seldon.io/rest-timeout"]'],
  },
  {
    name: "numbers as Go takes them",
    value: manifest({
      annotations: {
        "seldon.io/rest-timeout": "+50",
        "seldon.io/grpc-max-message-size": "99999999999",
        "espalier.io/graph-timeout": "99999999999",
      },
    }),
  },
  {
    name: "a good timeout",
    value: manifest({ annotations: { "seldon.io/rest-timeout": "5000" } }),
  },
  {
    name: "a switch that says yes",
    value: manifest({ annotations: { "seldon.io/engine-separate-pod": "yes" } }),
    warnings: ['spec.annotations["seldon.io/engine-separate-pod"]'],
  },
  {
    name: "an annotation with a slip",
    value: manifest({ annotations: { "seldon.io/rest-timout": "1" } }),
    warnings: ['spec.annotations["seldon.io/rest-timout"]'],
  },
  {
    name: "variables of the engine, and other people's annotations",
    value: manifest({
      annotations: {
        "seldon.io/engine-seldon-log-requests": "true",
        "example.com/x": "y",
        "seldon.io/something-new": "z",
      },
    }),
  },
  ...[
    ["seldon.io/engine-separate-pod", "true"],
    ["seldon.io/engine-seldon-log-requests", "true"],
    ["seldon.io/no-storage-initializer", "true"],
    ["seldon.io/no-engine", "true"],
    ["seldon.io/svc-name", "own"],
    ["seldon.io/grpc-max-message-size", "5"],
    ["espalier.io/graph-timeout", "5"],
  ].map(([key = "", value = ""]) => ({
    name: `${key} in metadata`,
    value: manifest({}, { annotations: { [key]: value } }),
    warnings: [`metadata.annotations["${key}"]`],
  })),
  ...["seldon.io/no-engine", "seldon.io/svc-name"].map((key) => ({
    name: `${key} for all predictors`,
    value: manifest({ annotations: { [key]: "true" } }),
    warnings: [`spec.annotations["${key}"]`],
  })),
  ...[
    ["seldon.io/engine-separate-pod", "true"],
    ["seldon.io/headless-svc", "true"],
    ["seldon.io/executor-logger-queue-size", "5"],
    ["seldon.io/istio-host", "a.example.com"],
    ["seldon.io/ambassador-id", "one"],
    ["espalier.io/host", "a.example.com"],
  ].map(([key = "", value = ""]) => ({
    name: `${key} for one predictor`,
    value: withPredictor({ annotations: { [key]: value } }),
    warnings: [`${p0}.annotations["${key}"]`],
  })),
  {
    name: "annotations where they are read",
    value: manifest(
      {
        annotations: { "seldon.io/engine-separate-pod": "true", "seldon.io/istio-host": "a" },
        predictors: [
          predictor({
            annotations: { "seldon.io/no-engine": "false", "seldon.io/grpc-timeout": "5" },
          }),
        ],
      },
      { annotations: { "seldon.io/rest-timeout": "5", "seldon.io/ambassador-id": "one" } },
    ),
  },
];

describe("parse, beyond the rules of version 1", () => {
  it.each(rows)("$name", ({ value, faults = [], warnings = [] }) => {
    const result = parse(JSON.parse(JSON.stringify(value)), defaultSettings);
    expect({
      faults: result.ok ? [] : result.issues.map(({ path }) => path),
      warnings: result.warnings.map(({ path }) => path),
    }).toEqual({ faults, warnings });
  });

  it("tells nothing twice about a faulty value", () => {
    const value = manifest({ predictors: [predictor({ graph: 5, name: 7 })] });
    const result = parse(value, defaultSettings);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual([
      `${p0}.name`,
      `${p0}.graph`,
    ]);
  });
});
