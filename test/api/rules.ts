/** The rules of the contract as manifests, for all who must hold to them. Source: operator contract, 3. */

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
const p1 = "spec.predictors[1]";
const svcName = (name: string) => ({ annotations: { "seldon.io/svc-name": name } });
const kafka = (...names: readonly string[]) => ({
  svcOrchSpec: { env: names.map((name) => ({ name, value: "x" })) },
});
const endpoint = (name: string, type: string, more = {}) =>
  node(name, { endpoint: { type }, ...more });
const two = (graph: object) =>
  predictor({ graph, componentSpecs: [pod(container("a"), container("b"))] });

export type Row = {
  readonly name: string;
  readonly value: object;
  readonly paths: readonly string[];
};

/** One row a rule and more where a rule has edges; no paths: the manifest is good. */
export const rows: readonly Row[] = [
  { name: "good manifest", value: manifest(), paths: [] },
  { name: "1 protocol", value: manifest({ protocol: "grpc" }), paths: ["spec.protocol"] },
  { name: "1 empty protocol", value: manifest({ protocol: "" }), paths: [] },
  { name: "1 kfserving", value: manifest({ protocol: "kfserving" }), paths: [] },
  { name: "2 transport", value: manifest({ transport: "REST" }), paths: ["spec.transport"] },
  { name: "2 empty transport", value: manifest({ transport: "" }), paths: [] },
  { name: "3 serverType", value: manifest({ serverType: "http" }), paths: ["spec.serverType"] },
  {
    name: "4 kafka without variables",
    value: manifest({ serverType: "kafka" }),
    paths: [`${p0}.svcOrchSpec.env`],
  },
  {
    name: "4 kafka with one variable three times",
    value: manifest({
      serverType: "kafka",
      predictors: [predictor(kafka("KAFKA_BROKER", "KAFKA_BROKER", "KAFKA_BROKER"))],
    }),
    paths: [`${p0}.svcOrchSpec.env`],
  },
  {
    name: "4 kafka with its variables",
    value: manifest({
      serverType: "kafka",
      predictors: [predictor(kafka("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"))],
    }),
    paths: [],
  },
  { name: "5 sole shadow", value: withPredictor({ shadow: true }), paths: [`${p0}.shadow`] },
  {
    name: "6 repeated svc-name",
    value: manifest({
      predictors: [
        predictor({ name: "a", traffic: 50, ...svcName("same") }),
        predictor({ name: "b", traffic: 50, ...svcName("same") }),
      ],
    }),
    paths: [`${p1}.annotations["seldon.io/svc-name"]`],
  },
  {
    name: "6 distinct svc-names",
    value: manifest({
      predictors: [
        predictor({ name: "a", traffic: 50, ...svcName("one") }),
        predictor({ name: "b", traffic: 50, ...svcName("two") }),
      ],
    }),
    paths: [],
  },
  { name: "7 no predictors", value: manifest({ predictors: [] }), paths: ["spec.predictors"] },
  {
    name: "7 more predictors than the CRD takes",
    value: manifest({
      predictors: Array.from({ length: 129 }, (_, i) =>
        predictor({ name: `p${i}`, traffic: i === 0 ? 100 : 0 }),
      ),
    }),
    paths: ["spec.predictors"],
  },
  {
    name: "7 predictors missing",
    value: manifest({ predictors: undefined }),
    paths: ["spec.predictors"],
  },
  {
    name: "8 no-engine, even false, with two nodes",
    value: withPredictor({
      annotations: { "seldon.io/no-engine": "false" },
      graph: node("a", { children: [node("b")] }),
      componentSpecs: [pod(container("a"), container("b"))],
    }),
    paths: [`${p0}.annotations["seldon.io/no-engine"]`],
  },
  {
    name: "8 no-engine with one node",
    value: withPredictor({ annotations: { "seldon.io/no-engine": "true" } }),
    paths: [],
  },
  {
    name: "9 repeated predictor name",
    value: manifest({ predictors: [predictor({ traffic: 50 }), predictor({ traffic: 50 })] }),
    paths: [`${p1}.name`],
  },
  {
    name: "9 a name longer than the CRD takes",
    value: withPredictor({ name: "a".repeat(254), labels: { version: "one" } }),
    paths: [`${p0}.name`],
  },
  {
    name: "10 node without container",
    value: withPredictor({ graph: node("other") }),
    paths: [`${p0}.graph.name`],
  },
  {
    name: "10 nested node without container",
    value: withPredictor({ graph: node("model", { children: [builtIn("x"), node("other")] }) }),
    paths: [`${p0}.graph.children[1].name`],
  },
  {
    name: "10 UNKNOWN_IMPLEMENTATION is none",
    value: withPredictor({ graph: node("other", { implementation: "UNKNOWN_IMPLEMENTATION" }) }),
    paths: [`${p0}.graph.name`],
  },
  {
    name: "10 an empty implementation is none",
    value: withPredictor({ graph: node("other", { implementation: "" }) }),
    paths: [`${p0}.graph.name`],
  },
  {
    name: "10 unnamed node",
    value: withPredictor({ graph: node("") }),
    paths: [`${p0}.graph.name`],
  },
  {
    name: "11 no type and no methods",
    value: withPredictor({ graph: node("model", { type: "UNKNOWN_TYPE" }) }),
    paths: [`${p0}.graph.type`],
  },
  {
    name: "11 no type but methods",
    value: withPredictor({ graph: node("model", { type: "UNKNOWN_TYPE", methods: ["ROUTE"] }) }),
    paths: [],
  },
  {
    name: "12 server without model",
    value: withPredictor({ graph: server("m", { modelUri: undefined }), componentSpecs: [] }),
    paths: [`${p0}.graph.modelUri`],
  },
  {
    name: "12 Hugging Face needs none",
    value: withPredictor(
      { graph: node("m", { implementation: "HUGGINGFACE_SERVER" }), componentSpecs: [] },
      { protocol: "v2" },
    ),
    paths: [],
  },
  ...["SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"].map(
    (implementation) => ({
      name: `13 ${implementation} under tensorflow`,
      value: withPredictor({ graph: server("m", { implementation }) }, { protocol: "tensorflow" }),
      paths: [`${p0}.graph.implementation`],
    }),
  ),
  ...["tensorflow", "kfserving", "v2", "seldon"].map((protocol) => ({
    name: `13 TENSORFLOW_SERVER under ${protocol}`,
    value: withPredictor(
      { graph: server("m", { implementation: "TENSORFLOW_SERVER" }) },
      { protocol },
    ),
    paths: [],
  })),
  {
    name: "14 unknown server",
    value: withPredictor({ graph: server("m", { implementation: "SKLEARN_SERVRE" }) }),
    paths: [`${p0}.graph.implementation`],
  },
  {
    name: "14 unknown server whose container has no image",
    value: withPredictor({
      graph: server("m", { implementation: "MINE" }),
      componentSpecs: [pod({ name: "m" })],
    }),
    paths: [`${p0}.graph.implementation`],
  },
  {
    name: "14 unknown server with an image",
    value: withPredictor({
      graph: server("m", { implementation: "MINE" }),
      componentSpecs: [pod(container("m"))],
    }),
    paths: [],
  },
  {
    name: "14 a server named like a field of every object",
    value: withPredictor({ graph: server("m", { implementation: "constructor" }) }),
    paths: [`${p0}.graph.implementation`],
  },
  {
    name: "15 logger without mode",
    value: withPredictor({ graph: node("model", { logger: { url: "http://x" } }) }),
    paths: [`${p0}.graph.logger.mode`],
  },
  {
    name: "15 logger of a child",
    value: withPredictor({
      graph: node("model", { children: [builtIn("a"), builtIn("b", { logger: { mode: "" } })] }),
    }),
    paths: [`${p0}.graph.children[1].logger.mode`],
  },
  {
    name: "16 mixed endpoint types in a graph",
    value: manifest({
      predictors: [two(endpoint("a", "REST", { children: [endpoint("b", "GRPC")] }))],
    }),
    paths: [`${p0}.graph.children[0].endpoint.type`],
  },
  {
    name: "16 mixed endpoint types over predictors",
    value: manifest({
      transport: "rest",
      predictors: [
        predictor({ name: "a", traffic: 50, graph: endpoint("model", "REST") }),
        predictor({ name: "b", traffic: 50, graph: endpoint("model", "GRPC") }),
      ],
    }),
    paths: [`${p1}.graph.endpoint.type`],
  },
  {
    name: "17 REST endpoints, transport grpc",
    value: withPredictor({ graph: endpoint("model", "REST") }, { transport: "grpc" }),
    paths: [`${p0}.graph.endpoint.type`],
  },
  {
    name: "17 GRPC endpoints, transport rest",
    value: withPredictor({ graph: endpoint("model", "GRPC") }, { transport: "rest" }),
    paths: [`${p0}.graph.endpoint.type`],
  },
  {
    name: "17 GRPC endpoints, no transport",
    value: withPredictor({ graph: endpoint("model", "GRPC") }),
    paths: [],
  },
  {
    name: "18 two shadows",
    value: manifest({
      predictors: [
        predictor({ name: "a" }),
        predictor({ name: "b", shadow: true }),
        predictor({ name: "c", shadow: true }),
      ],
    }),
    paths: ["spec.predictors[2].shadow"],
  },
  ...[-1, 101].map((traffic) => ({
    name: `19 shadow traffic ${traffic}`,
    value: manifest({
      predictors: [predictor({ name: "a" }), predictor({ name: "b", shadow: true, traffic })],
    }),
    paths: [`${p1}.traffic`],
  })),
  {
    name: "19 shadow traffic 100, main unchecked",
    value: manifest({
      predictors: [
        predictor({ name: "a", traffic: 7 }),
        predictor({ name: "b", shadow: true, traffic: 100 }),
      ],
    }),
    paths: [],
  },
  ...[
    [50, 40],
    [60, 60],
    [undefined, undefined],
  ].map(([a, b]) => ({
    name: `20 traffic ${a} and ${b}`,
    value: manifest({
      predictors: [predictor({ name: "a", traffic: a }), predictor({ name: "b", traffic: b })],
    }),
    paths: ["spec.predictors"],
  })),
  {
    name: "20 traffic that sums to 100 only with a negative part",
    value: manifest({
      predictors: [predictor({ name: "a", traffic: 150 }), predictor({ name: "b", traffic: -50 })],
    }),
    paths: [`${p0}.traffic`, `${p1}.traffic`],
  },
  {
    name: "20 all to one",
    value: manifest({
      predictors: [predictor({ name: "a", traffic: 100 }), predictor({ name: "b" })],
    }),
    paths: [],
  },
  ...[1, 50, 99].map((traffic) => ({
    name: `21 lone traffic ${traffic}`,
    value: withPredictor({ traffic }),
    paths: [`${p0}.traffic`],
  })),
  ...[0, 100, 150].map((traffic) => ({
    name: `21 lone traffic ${traffic} counts as all`,
    value: withPredictor({ traffic }),
    paths: [],
  })),
];
