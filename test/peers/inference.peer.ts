/** MLServer as nodes of graphs over v2, and Triton's client in front of them. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { get } from "./support/ask.ts";
import { startClients } from "./support/clients.ts";
import { type Engine, startEngine, type Unit } from "./support/engine.ts";
import {
  type Infer,
  type Inference,
  type Inferred,
  inferRest,
  makeInferGrpc,
  makeInferTriton,
  type Server,
  streamRest,
  type Tensor,
} from "./support/inference.ts";
import { type Expected, type MlServer, startMlServer, train } from "./support/mlserver.ts";
import { openInference } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { startServe } from "./support/serve.ts";
import { startUp, type Up } from "./support/up.ts";

const startMs = 300_000;
const processes = makeProcesses();
const triton = startClients(openInference(), "triton_clients.py");
const stubs = startClients(openInference(), "mlserver_clients.py");

const model = (name: string): Unit => ({ name, type: "MODEL" });
const both = [model("plain"), model("forest")];
const ratio = (value: string) => [{ name: "ratioA", value, type: "FLOAT" }];
const graphs = {
  plain: model("plain"),
  echo: model("echo"),
  count: model("count"),
  chain: { name: "scaler", type: "TRANSFORMER", children: [model("logistic")] },
  after: { name: "echo", type: "OUTPUT_TRANSFORMER", children: [model("plain")] },
  router: { name: "choose", type: "ROUTER", children: both },
  combiner: { name: "mean", type: "COMBINER", children: both },
  average: { name: "average", implementation: "AVERAGE_COMBINER", children: both },
  first: {
    name: "ab",
    implementation: "RANDOM_ABTEST",
    parameters: ratio("1"),
    children: both,
  },
  second: {
    name: "ab",
    implementation: "RANDOM_ABTEST",
    parameters: ratio("0"),
    children: both,
  },
  double: model("double"),
  fourfold: { name: "double", type: "TRANSFORMER", children: [model("again")] },
  mixed: { name: "same", type: "TRANSFORMER", children: [model("plain")] },
  counter: model("counter"),
} as const satisfies Record<string, Unit>;
type GraphName = keyof typeof graphs;

let expected: Expected;
let mlserver: MlServer;
let up: Up;
const engines = new Map<string, Engine>();
const engine = (name: GraphName): Engine => {
  const found = engines.get(name);
  if (found === undefined) throw new Error(`no engine of ${name}`);
  return found;
};

beforeAll(async () => {
  const folder = join(processes.folder, "models");
  expected = train(folder);
  const names = ["scaler", "logistic", "plain", "forest", "choose", "mean", "echo", "count"];
  mlserver = await startMlServer(processes, folder);
  const served = await Promise.all(
    [
      { unit: "double", target: "numbers.ts:Double" },
      { unit: "again", target: "numbers.ts:Double" },
      { unit: "same", target: "numbers.ts:Same" },
      { unit: "counter", target: "numbers.ts:Count" },
    ].map(async (options) => {
      const { endpoint } = await startServe(processes, options);
      return { unit: options.unit, image: "espalier:0.1", endpoint };
    }),
  );
  const peers = [
    ...served,
    ...names.map((unit) => ({ unit, image: "mlserver:1.7.1", endpoint: mlserver.endpoint })),
  ];
  await Promise.all(
    Object.entries(graphs).map(async ([name, graph]) => {
      const options = { graph, peers, flags: ["--protocol", "v2"] };
      engines.set(name, await startEngine(processes, options));
    }),
  );
  const container = {
    name: "forest",
    image: "peers/forest:0.1",
    command: ["mlserver", "start", join(folder, "forest")],
  };
  up = await startUp(
    processes,
    [
      {
        apiVersion: "machinelearning.seldon.io/v1",
        kind: "SeldonDeployment",
        metadata: { name: "iris", namespace: "orchard" },
        spec: {
          protocol: "v2",
          predictors: [
            {
              name: "main",
              graph: model("forest"),
              componentSpecs: [{ spec: { containers: [container] } }],
            },
          ],
        },
      },
    ],
    openInference(),
  );
  await up.process.line(/Loaded model 'forest'/); // its port is open before
}, startMs);

afterAll(async () => {
  await Promise.all([triton.stop(), stubs.stop(), processes.stopAll()]);
}, startMs);

const tensorsOf = (answer: Inferred): readonly Tensor[] => {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.tensors;
};

const rows = (): Inference => ({
  inputs: [
    {
      name: "x",
      datatype: "FP64",
      shape: [expected.rows.length, 4],
      data: expected.rows.flat(),
    },
  ],
});
const probabilities = (): Inference => ({ ...rows(), outputs: [{ name: "predict_proba" }] });

const clients = {
  JSON: inferRest,
  "typed gRPC": makeInferGrpc(stubs),
  "Triton's gRPC": makeInferTriton(triton, "grpc"),
  "Triton's HTTP": makeInferTriton(triton, "http"),
} as const satisfies Record<string, Infer>;
const all = Object.entries(clients).map(([name, infer]) => ({ name, infer }));
/** Triton's client cannot leave the name of a model out of a path. */
const nameless = all.filter(({ name }) => name !== "Triton's HTTP");

describe.each(all)("a model of MLServer asked by $name", ({ infer }) => {
  it("predicts as it did where it was trained", async () => {
    const [predicted] = tensorsOf(await infer(engine("plain"), rows(), "plain"));
    expect(predicted).toMatchObject({ name: "predict", datatype: "INT64", shape: [20, 1] });
    expect(predicted?.data).toEqual(expected.plain);
  });

  it("gives the outputs that are asked for", async () => {
    const [probability] = tensorsOf(await infer(engine("plain"), probabilities(), "plain"));
    expect(probability).toMatchObject({ name: "predict_proba", shape: [20, 3] });
    expect(probability?.data).toEqual(expected.plain_proba.flat());
  });

  const tensors: readonly Tensor[] = [
    { name: "b", datatype: "BOOL", shape: [2], data: [true, false] },
    { name: "u", datatype: "UINT8", shape: [2, 1], data: [0, 255] },
    { name: "i", datatype: "INT32", shape: [2], data: [-7, 2 ** 31 - 1] },
    { name: "l", datatype: "INT64", shape: [2], data: [-(2 ** 53) + 1, 2 ** 53 - 1] },
    { name: "f", datatype: "FP32", shape: [2], data: [0.5, -1.25] },
    { name: "d", datatype: "FP64", shape: [1, 2, 1], data: [0.1, 1e-300] },
    { name: "s", datatype: "BYTES", shape: [2], data: ["a", "b\u00fc \u{1f333}"] },
  ];
  it("gets every datatype as it was sent", async () => {
    const answer = await infer(engine("echo"), { inputs: tensors }, "echo");
    expect(tensorsOf(answer)).toEqual(tensors);
  });

  it.each([
    { name: "a model that is not there", model: "none", inference: { inputs: tensors } },
    {
      name: "a model that refuses",
      model: "echo",
      inference: { inputs: tensors, parameters: { fail: true } },
    },
    {
      name: "a shape that does not fit",
      model: "plain",
      inference: { inputs: [{ name: "x", datatype: "FP64", shape: [1, 3], data: [1, 2, 3] }] },
    },
  ])("fails as MLServer itself does: $name", async ({ model, inference }) => {
    const [ours, theirs] = [
      await infer(engine("echo"), inference, model),
      await infer(mlserver, inference, model),
    ];
    expect(theirs.ok).toBe(false);
    expect(withoutTrace(ours)).toEqual(withoutTrace(theirs));
  });
});

/** Of a trace of Python, the last line: the rest differs where an engine asks for gzip. */
const withoutTrace = (answer: Inferred): Inferred =>
  answer.ok || !String(answer.told).includes("Traceback")
    ? answer
    : { ...answer, told: String(answer.told).trim().split("\n").at(-1) };

describe.each(nameless)("nodes of MLServer asked by $name", ({ name, infer }) => {
  it("chain: a transformer and a model", async () => {
    const [predicted] = tensorsOf(await infer(engine("chain"), rows()));
    expect(predicted?.data).toEqual(expected.chain);
  });

  it("chain: a model and an output transformer", async () => {
    const [predicted] = tensorsOf(await infer(engine("after"), rows()));
    expect(predicted).toMatchObject({ name: "predict", shape: [20, 1], data: expected.plain });
  });

  it.each([
    { child: 0, want: "plain_proba" },
    { child: 1, want: "forest_proba" },
  ] as const)("route to child $child", async ({ child, want }) => {
    const inference = probabilities();
    const [input] = inference.inputs;
    if (input === undefined) throw new Error("no input");
    const data = [child, ...input.data.slice(1)]; // the first row decides, and is not compared
    const answer = await infer(engine("router"), { ...inference, inputs: [{ ...input, data }] });
    expect(tensorsOf(answer)[0]?.data.slice(3)).toEqual(expected[want].flat().slice(3));
  });

  const mean = () => {
    const other = expected.forest_proba.flat();
    return expected.plain_proba.flat().map((value, i) => (value + (other[i] ?? 0)) / 2);
  };
  const close = (values: readonly unknown[]) => values.map((value) => Number(value).toFixed(12));
  it.each(["combiner", "average"] as const)("combine: %s", async (graph) => {
    const [combined] = tensorsOf(await infer(engine(graph), probabilities()));
    expect(combined).toMatchObject({ datatype: "FP64", shape: [20, 3] });
    expect(close(combined?.data ?? [])).toEqual(close(mean()));
  });

  it.each([
    { graph: "first", want: "plain_proba" },
    { graph: "second", want: "forest_proba" },
  ] as const)("split: $graph of two", async ({ graph, want }) => {
    const [predicted] = tensorsOf(await infer(engine(graph), probabilities()));
    expect(predicted?.data).toEqual(expected[want].flat());
  });

  it("refuse a route that is not there", async () => {
    const inputs = [{ name: "x", datatype: "FP64", shape: [1, 4], data: [9, 0, 0, 0] }];
    const answer = await infer(engine("router"), { inputs });
    const code = { JSON: 500, "typed gRPC": "INTERNAL" }[name] ?? "StatusCode.INTERNAL";
    expect(answer).toMatchObject({ ok: false, code });
  });
});

describe.each([
  ...all,
  { name: "Triton's HTTP, in binary", infer: makeInferTriton(triton, "http", true) },
])("classes under espalier serve asked by $name", ({ infer }) => {
  const square: Tensor = { name: "x", datatype: "FP64", shape: [2, 2], data: [1, -2.5, 0.1, 1e9] };
  const times = (factor: number) => square.data.map((value) => Number(value) * factor);

  // a class answers to any name, so that Triton's client can ask for a graph of several
  const inference = { inputs: [square], outputs: [{ name: "y" }], id: "i-1" };

  it("answer with the output and the id that are asked for", async () => {
    expect(await infer(engine("double"), inference, "double")).toEqual({
      ok: true,
      tensors: [{ name: "y", datatype: "FP64", shape: [2, 2], data: times(2) }],
      id: "i-1",
    });
  });

  it("chain", async () => {
    const answer = await infer(engine("fourfold"), inference, "any");
    // which outputs are wanted does not reach the second node: the first has answered that
    expect(tensorsOf(answer)).toEqual([
      { name: "predict", datatype: "FP64", shape: [2, 2], data: times(4) },
    ]);
  });
});

describe.each(all)("a class and a model of MLServer asked by $name", ({ infer }) => {
  it("chain", async () => {
    const outputs = [{ name: "predict" }]; // without them, Triton's client asks for binary ones
    const [predicted] = tensorsOf(await infer(engine("mixed"), { ...rows(), outputs }, "plain"));
    expect(predicted?.data).toEqual(expected.plain);
  });
});

describe("streams of espalier serve, read by Triton's client", () => {
  const ask = (server: Server, limit: number, answers: number) =>
    triton.ask({
      ...{ call: "stream", url: server.grpc, model: "counter", answers },
      inputs: [{ name: "x", datatype: "INT64", shape: [1, 1], data: [limit] }],
    });

  it("pass through a single model", async () => {
    expect(await ask(engine("counter"), 3, 3)).toEqual({
      answers: [{ predict: [1] }, { predict: [2] }, { predict: [3] }],
    });
  });

  it("tell an error after some answers", async () => {
    expect(await ask(engine("counter"), 10, 10)).toMatchObject({
      message: expect.stringContaining("too far to count"),
    });
  });
});

describe("integers beyond those of a double", () => {
  it("pass through a chain over REST, digit by digit", async () => {
    const body =
      '{"inputs":[{"name":"x","datatype":"UINT64","shape":[2],"data":[9007199254740993,18446744073709551615]}]}';
    // a name in the path stands in for that of every node
    const answer = await fetch(`${engine("chain").url}/v2/models/echo/infer`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect(await answer.text()).toContain("[9007199254740993,18446744073709551615]");
  });
});

describe("streams of MLServer", () => {
  const three = { inputs: [{ name: "x", datatype: "INT64", shape: [1], data: [3] }] };

  it("pass through a single model over REST", async () => {
    const [ours, theirs] = [
      await streamRest(engine("count"), three, "count"),
      await streamRest(mlserver, three, "count"),
    ];
    const numbers = ({ events }: typeof ours) => events.map(({ outputs }) => outputs[0]?.data);
    expect(ours).toMatchObject({ status: 200, type: theirs.type });
    expect(numbers(ours)).toEqual([[1], [2], [3]]);
    expect(numbers(theirs)).toEqual(numbers(ours));
  });

  it("pass through a single model over gRPC", async () => {
    const request = {
      model_name: "count",
      inputs: [{ name: "x", datatype: "INT64", shape: [1], contents: { int64_contents: ["2"] } }],
    };
    const messages = [request, request];
    const of = ({ grpc }: Server) => stubs.ask({ call: "stream", target: grpc, messages });
    const ours = await of(engine("count"));
    expect(ours).toMatchObject({ code: "OK", messages: { length: 4 } });
    expect(ours).toEqual(await of(mlserver));
  });
});

describe.each(["http", "grpc"] as const)("Triton's client over %s", (transport) => {
  const call = async (server: Server, method: string, args: object = {}) =>
    triton.ask({
      ...{ call: "triton", transport, method, arguments: args },
      url: transport === "http" ? new URL(server.url).host : server.grpc,
    });

  it.each(["is_server_live", "is_server_ready"])("%s", async (method) => {
    expect(await call(engine("plain"), method)).toEqual({ value: true });
  });

  it("learns whom it talks to", async () => {
    expect(await call(engine("plain"), "get_server_metadata")).toMatchObject({
      value: { name: "espalier", extensions: ["binary_tensor_data"] },
    });
  });

  it.each([
    { method: "is_model_ready", model: "plain" },
    { method: "get_model_metadata", model: "plain" },
  ])("$method as of MLServer itself", async ({ method, model }) => {
    const args = { model_name: model };
    const ours = await call(engine("plain"), method, args);
    expect(ours).toEqual(await call(mlserver, method, args));
  });

  it("learns that there is no such model", async () => {
    const args = { model_name: "none" };
    const answer = await call(engine("plain"), "get_model_metadata", args);
    expect(answer).toMatchObject({ status: expect.stringMatching(/500|UNKNOWN/) });
  });
});

describe("binary tensors over HTTP", () => {
  it("reach MLServer as they are, which does not read them", async () => {
    const infer = makeInferTriton(triton, "http", true);
    const [ours, theirs] = [
      await infer(engine("plain"), rows(), "plain"),
      await infer(mlserver, rows(), "plain"),
    ];
    expect(theirs).toMatchObject({ ok: false, code: "422" });
    expect(ours).toEqual(theirs);
  });
});

describe("MLServer under espalier up", () => {
  const url = () => `http://${up.gateway}/seldon/orchard/iris`;

  it("predicts through the ingress", async () => {
    const [predicted] = tensorsOf(await inferRest({ url: url(), grpc: "" }, rows()));
    expect(predicted?.data).toEqual(expected.forest);
  });

  it("predicts through the ingress over gRPC", async () => {
    const infer = makeInferGrpc(stubs, { seldon: "iris", namespace: "orchard" });
    const [predicted] = tensorsOf(await infer({ url: "", grpc: up.gateway }, rows()));
    expect(predicted?.data).toEqual(expected.forest);
  });

  it.each(["/v2/health/ready", "/v2/health/live", "/v2/models/forest/ready"])(
    "is ready: %s",
    async (path) => {
      expect((await get(`${url()}${path}`)).status).toBe(200);
    },
  );
});
