import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startClients } from "./support/clients.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { startMicroservice } from "./support/microservice.ts";
import { pythonFolder, seldonCore } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { type ClientAnswer, makeSeldonClient } from "./support/seldon-client.ts";
import { startUp, type Up } from "./support/up.ts";

const startMs = 300_000;
const processes = makeProcesses();
const clients = startClients(seldonCore(), "seldon_clients.py");

const container = (name: string, target: string) => ({
  name,
  image: `peers/${name}:0.1`,
  command: ["seldon-core-microservice", target],
  args: ["--service-type", "MODEL"],
  workingDir: pythonFolder,
});

const deployment = (name: string, namespace: string, predictor: object, over: object = {}) => ({
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  metadata: { name, namespace },
  spec: { predictors: [{ name: "main", ...predictor }], ...over },
});

const graph = {
  name: "scale",
  type: "TRANSFORMER",
  parameters: [{ name: "by", value: "4", type: "FLOAT" }],
  children: [
    {
      name: "choose",
      type: "ROUTER",
      children: [
        { name: "left", type: "MODEL" },
        {
          name: "right",
          type: "MODEL",
          parameters: [
            { name: "slope", value: "-1", type: "FLOAT" },
            { name: "mark", value: "right", type: "STRING" },
          ],
        },
      ],
    },
  ],
};
const containers = [
  container("scale", "graph.Scale"),
  container("choose", "graph.Choose"),
  container("left", "graph.Linear"),
  container("right", "graph.Linear"),
];

let up: Up;
let engine: Engine;

beforeAll(async () => {
  [up, engine] = await Promise.all([
    startUp(
      processes,
      [
        deployment("tree", "orchard", { graph, componentSpecs: [{ spec: { containers } }] }),
        deployment(
          "leaf",
          "orchard",
          {
            graph: { name: "bare", type: "MODEL" },
            componentSpecs: [{ spec: { containers: [container("bare", "graph.Linear")] } }],
          },
          { annotations: { "seldon.io/no-engine": "true" } },
        ),
      ],
      seldonCore(),
    ),
    (async () => {
      const peer = await startMicroservice(processes, { unit: "alone", target: "graph.Linear" });
      const graph = { name: "alone", type: "MODEL" };
      return startEngine(processes, { graph, peers: [peer] });
    })(),
  ]);
}, startMs);

afterAll(async () => {
  await Promise.all([clients.stop(), processes.stopAll()]);
}, startMs);

const responseOf = (answer: ClientAnswer) => {
  if (!answer.success) throw new Error(JSON.stringify(answer));
  return answer.response;
};

describe.each([
  { gateway: "ambassador", transport: "rest" },
  { gateway: "istio", transport: "rest" },
  { gateway: "ambassador", transport: "grpc" },
  { gateway: "istio", transport: "grpc" },
])("SeldonClient by $gateway over $transport to espalier up", ({ gateway, transport }) => {
  const client = (settings: object = {}) =>
    makeSeldonClient(clients, {
      ...{ gateway, transport, gateway_endpoint: up.gateway },
      ...{ namespace: "orchard", deployment_name: "tree", ...settings },
    });

  it.each([
    { payload: "tensor", row: [4, 8], want: { tensor: { shape: [1, 2], values: [-1, -2] } } },
    { payload: "ndarray", row: [0, 8], want: { ndarray: [[0, 4]] } },
  ])("predicts with a $payload through all of the graph", async ({ payload, row, want }) => {
    const response = responseOf(
      await client({ payload_type: payload })("predict", {
        data: [row],
        names: ["a", "b"],
        meta: { from: "a client" }, // SeldonClient makes tags of it
        headers: { "seldon-puid": "id-7" }, // in capitals it is no metadata of gRPC
      }),
    );
    const [child, mark] = row[0] === 0 ? [0, "linear"] : [1, "right"];
    expect(response).toMatchObject({
      data: { names: ["first", "second"], ...want },
      meta: {
        tags: { from: "a client", scaled: true, last: mark },
        routing: { choose: child, scale: -1 },
        requestPath: { scale: "peers/scale:0.1" },
      },
    });
  });

  it("takes a raw message", async () => {
    const raw = { data: { ndarray: [[4, 8]] }, meta: { puid: "p1" } };
    const response = responseOf(await client()("predict", { raw_data: raw }));
    expect(response).toMatchObject({ data: { ndarray: [[-1, -2]] }, meta: { puid: "p1" } });
  });

  it("sends feedback by the route that the prediction took", async () => {
    const request = { data: { ndarray: [[4, 8]] } };
    const response = responseOf(await client()("predict", { raw_data: request }));
    const answer = await client()("feedback", {
      prediction_request: request,
      prediction_response: response,
      prediction_truth: { data: { ndarray: [[1, 1]] } },
      reward: 0.75,
    });
    expect(answer).toMatchObject({ success: true });
  });

  it("predicts without an engine, straight from the container", async () => {
    const response = responseOf(
      await client({ deployment_name: "leaf" })("predict", { str_data: "hello" }),
    );
    expect(response).toMatchObject({ strData: "linear got hello" });
  });

  it("tells the error of a container", async () => {
    const raw = { data: { ndarray: [["word"]] } };
    const answer = await client()("predict", { raw_data: raw });
    expect(answer).toMatchObject({ success: false });
    if (transport === "rest") expect(answer.msg).toMatch(/^500:/);
  });

  it("tells that there is no such deployment", async () => {
    const answer = await client({ deployment_name: "stone" })("predict", { data: [[1, 2]] });
    expect(answer).toMatchObject({ success: false });
  });
});

describe("SeldonClient by ambassador over rest to espalier up", () => {
  it.each([
    { name: "without a namespace", settings: {}, args: { deployment_name: "tree" } },
    {
      name: "by a prefix",
      settings: {},
      args: { deployment_name: "any", gateway_prefix: "/seldon/orchard/tree" },
    },
    {
      name: "by a path of its own",
      settings: { namespace: "orchard" },
      args: { deployment_name: "tree", http_path: "/api/v0.1/predictions" },
    },
  ])("finds the deployment $name", async ({ settings, args }) => {
    const client = makeSeldonClient(clients, { gateway_endpoint: up.gateway, ...settings });
    const response = responseOf(await client("predict", { ...args, data: [[4, 8]] }));
    expect(response).toMatchObject({ data: { tensor: { values: [-1, -2] } } });
  });
});

describe.each([{ transport: "rest" }, { transport: "grpc" }])(
  "SeldonClient by seldon over $transport to espalier engine",
  ({ transport }) => {
    const client = makeSeldonClient(clients, { gateway: "seldon", transport });
    const to = () => ({
      gateway_endpoint: transport === "rest" ? engine.url.slice("http://".length) : engine.grpc,
    });

    it.each([
      {
        name: "an array",
        args: { data: [[1, 2]] },
        want: { data: { tensor: { values: [2, 4] } } },
      },
      { name: "text", args: { str_data: "hello" }, want: { strData: "linear got hello" } },
      {
        name: "JSON",
        args: { json_data: { a: [1] } },
        want: { jsonData: { got: { a: [1] }, by: "linear" } },
      },
      {
        name: "bytes",
        args: { bin_data: "abc" },
        want: { binData: Buffer.from("linear:cba").toString("base64") },
      },
    ])("predicts with $name", async ({ args, want }) => {
      expect(responseOf(await client("predict", { ...to(), ...args }))).toMatchObject(want);
    });

    it("sends feedback", async () => {
      const answer = await client("feedback", {
        ...to(),
        prediction_request: { data: { ndarray: [[1, 2]] } },
        prediction_response: { data: { ndarray: [[2, 4]] } },
        reward: 0.5,
      });
      expect(responseOf(answer)).toMatchObject({
        data: { ndarray: [expect.any(Number), 0.5, 3, 0] },
      });
    });
  },
);
