import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { get, postForm, postJson } from "./support/ask.ts";
import { type PythonClients, startClients } from "./support/clients.ts";
import { type Engine, startEngine, type Unit } from "./support/engine.ts";
import { type Microservice, startMicroservice } from "./support/microservice.ts";
import { seldonCore } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { scrape } from "./support/scrape.ts";
import { type Answer, makeGrpc, rest, type Transport } from "./support/transports.ts";

const startMs = 300_000;
const processes = makeProcesses();
const clients: PythonClients = startClients(seldonCore(), "seldon_clients.py");

const model = (name: string): Unit => ({ name, type: "MODEL" });
const graphs = {
  model: model("left"),
  chain: {
    name: "round",
    type: "OUTPUT_TRANSFORMER",
    children: [{ name: "scale", type: "TRANSFORMER", children: [model("left")] }],
  },
  router: { name: "choose", type: "ROUTER", children: [model("left"), model("right")] },
  combiner: { name: "mean", type: "COMBINER", children: [model("left"), model("right")] },
  everything: {
    name: "scale",
    type: "TRANSFORMER",
    children: [
      { name: "choose", type: "ROUTER", children: [model("right"), { ...model("left") }] },
    ],
  },
  fail: model("fail"),
  raw: model("raw"),
  badRouter: { name: "fail", type: "ROUTER", children: [model("left")] },
} as const satisfies Record<string, Unit>;
type GraphName = keyof typeof graphs;

const word = (name: string, value: string) => ({ name, value, type: "STRING" });
const number = (name: string, value: string) => ({ name, value, type: "FLOAT" });

let peers: ReadonlyMap<string, Microservice>;
let engines: ReadonlyMap<GraphName, Engine>;

const peer = (name: string): Microservice => {
  const found = peers.get(name);
  if (found === undefined) throw new Error(`no peer ${name}`);
  return found;
};
const engine = (name: GraphName): Engine => {
  const found = engines.get(name);
  if (found === undefined) throw new Error(`no engine of ${name}`);
  return found;
};

beforeAll(async () => {
  const started = await Promise.all(
    [
      { unit: "left", target: "graph.Linear", parameters: [word("mark", "left")] },
      {
        unit: "right",
        target: "graph.Linear",
        parameters: [word("mark", "right"), number("slope", "-1")],
      },
      { unit: "scale", target: "graph.Scale", parameters: [number("by", "4")] },
      { unit: "round", target: "graph.Round" },
      { unit: "choose", target: "graph.Choose" },
      { unit: "mean", target: "graph.Mean" },
      { unit: "fail", target: "graph.Fail" },
      { unit: "raw", target: "graph.Raw" },
    ].map((options) => startMicroservice(processes, options)),
  );
  peers = new Map(started.map((one) => [one.unit, one]));
  const names = Object.keys(graphs) as GraphName[]; // the keys of a literal
  engines = new Map(
    await Promise.all(
      names.map(async (name) => {
        const options = { graph: graphs[name], peers: started };
        return [name, await startEngine(processes, options)] as const;
      }),
    ),
  );
}, startMs);

afterAll(async () => {
  await Promise.all([clients.stop(), processes.stopAll()]);
}, startMs);

const messageOf = (answer: Answer) => {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.message;
};

/** What `Linear` says beside its data. */
const said = (mark: string, slope: number, method = "predict") => ({
  tags: { [mark]: slope, last: mark },
  metrics: [
    { key: "calls", type: "COUNTER", value: 1 },
    { key: "slope", type: "GAUGE", value: slope },
    // the wrapper writes the method into a metric's tags
    { key: "thought", type: "TIMER", value: 20.5, tags: { mark, method } },
  ],
  requestPath: { [mark]: `peers/${mark}:0.1` },
});

/** What the container itself says over gRPC when it fails. */
const ownDetails = async (way: string): Promise<string> => {
  const own = await clients.ask({
    ...{ call: "rpc", target: peer("fail").grpc, service: "Model", method: "Predict" },
    message: { data: { ndarray: [way] } },
  });
  return (own as { details: string }).details; // of an answer that is an error
};

const transports: readonly { name: string; transport: Transport }[] = [
  { name: "REST", transport: rest },
  { name: "gRPC", transport: makeGrpc(clients) },
];

describe.each(transports)(
  "containers of seldon-core-microservice over $name",
  ({ name, transport }) => {
    const isRest = name === "REST";
    const predict = async (graph: GraphName, message: object) =>
      messageOf(await transport.predict(engine(graph), { ...message }));

    const names = ["first", "second"];
    it.each([
      {
        name: "ndarray",
        message: { data: { names: ["a", "b"], ndarray: [[1, 2.5]] } },
        want: { data: { names, ndarray: [[2, 5]] } },
      },
      {
        name: "tensor",
        message: { data: { tensor: { shape: [2, 2], values: [1, 2, 3, 4] } } },
        want: { data: { names, tensor: { shape: [2, 2], values: [2, 4, 6, 8] } } },
      },
      { name: "strData", message: { strData: "<wörd>" }, want: { strData: "left got <wörd>" } },
      {
        name: "jsonData",
        message: { jsonData: { deep: [1, { x: null }], "<": "&" } },
        want: { jsonData: { got: { deep: [1, { x: null }], "<": "&" }, by: "left", names: [] } },
      },
      {
        name: "binData",
        message: { binData: Buffer.from([1, 2, 255]).toString("base64") },
        want: { binData: Buffer.from([...Buffer.from("left:"), 255, 2, 1]).toString("base64") },
      },
    ])("answers $name", async ({ message, want }) => {
      expect(await predict("model", message)).toEqual({ ...want, meta: said("left", 2) });
    });

    it("keeps a request's tags and puid", async () => {
      const meta = { puid: "p1", tags: { from: "a client", last: "nobody" } };
      const { meta: answered } = await predict("model", { meta, strData: "x" });
      const { tags, ...rest } = said("left", 2);
      expect(answered).toEqual({ ...rest, puid: "p1", tags: { from: "a client", ...tags } });
    });

    it("carries the request id in headers and metadata", async () => {
      const given = { "seldon-puid": "id-1" };
      const answers = [
        await transport.predict(engine("model"), { strData: "x" }, given),
        await transport.predict(engine("model"), { strData: "x" }),
      ].map((answer) => (answer.ok ? answer.headers.get("seldon-puid") : answer));
      expect(answers).toEqual(["id-1", expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    });

    it("chains a transformer, a model and an output transformer", async () => {
      const message = { data: { names: ["a", "b"], ndarray: [[1, 2.5]] } };
      const { tags, metrics, requestPath } = said("left", 2);
      expect(await predict("chain", message)).toEqual({
        data: { names: ["t:0", "t:1"], ndarray: [[0.5, 1.2]] },
        meta: {
          tags: { scaled: true, ...tags, rounded: true },
          metrics: [
            { key: "scaled_rows", type: "COUNTER", value: 1 },
            ...metrics,
            { key: "rounded", type: "GAUGE", value: 1 },
          ],
          requestPath: { scale: "peers/scale:0.1", ...requestPath, round: "peers/round:0.1" },
        },
      });
    });

    it.each([
      { child: 0, mark: "left", slope: 2 },
      { child: 1, mark: "right", slope: -1 },
    ])("takes the route to child $child and tells it", async ({ child, mark, slope }) => {
      const message = { data: { ndarray: [[child, 5]] } };
      const answer = await transport.predict(engine("router"), message);
      expect(messageOf(answer)).toEqual({
        data: { names, ndarray: [[child * slope || 0, 5 * slope]] },
        meta: { ...said(mark, slope), routing: { choose: child, [mark]: -1 } },
      });
      expect(answer.ok && answer.headers.get("seldon-route")).toBe(`choose=${child}`);
    });

    it("asks all children when the route is -1, and answers with the first", async () => {
      const calls = () => scrape(peer("right").metricsUrl, "calls_total", { method: "predict" });
      const before = await calls();
      const { meta } = await predict("router", { data: { ndarray: [[-1, 5]] } });
      expect(meta).toEqual({ ...said("left", 2), routing: { choose: -1, left: -1, right: -1 } });
      expect(await calls()).toBe(before + 1);
    });

    it("answers with the request when the route is -2", async () => {
      const message = { data: { ndarray: [[-2, 5]] }, meta: { puid: "p2" } };
      expect(await predict("router", message)).toEqual({
        ...message,
        meta: { puid: "p2", routing: { choose: -2 } },
      });
    });

    it.each([
      { name: "a child that is not there", graph: "router", first: 7 },
      { name: "a word for a route", graph: "badRouter", first: 0 },
    ] as const)("refuses $name", async ({ graph, first }) => {
      const answer = await transport.predict(engine(graph), { data: { ndarray: [[first]] } });
      const refusal = { router: isRest ? 500 : "INTERNAL", badRouter: isRest ? 400 : "UNKNOWN" };
      expect(answer).toMatchObject({ ok: false, code: refusal[graph] });
    });

    it("combines, and merges what all have said", async () => {
      const left = said("left", 2);
      const right = said("right", -1);
      expect(
        await predict("combiner", { data: { tensor: { shape: [1, 2], values: [1, 2] } } }),
      ).toEqual({
        data: { names, tensor: { shape: [1, 2], values: [0.5, 1] } },
        meta: {
          tags: { left: 2, right: -1, last: "right", mean: true },
          metrics: [...left.metrics, ...right.metrics],
          requestPath: { ...left.requestPath, ...right.requestPath, mean: "peers/mean:0.1" },
        },
      });
    });

    // the wrapper reads a tftensor only where TensorFlow is installed; a raw method gets it as it is
    const tftensor = {
      dtype: "DT_DOUBLE",
      tensorShape: { dim: [{ size: "1" }] },
      doubleVal: [0.1],
    };
    it.each([
      { name: "strData", message: { strData: "abc" }, want: { strData: "cba" } },
      { name: "tftensor", message: { data: { tftensor } }, want: { data: { tftensor } } },
    ])("passes whole messages to and from a raw method: $name", async ({ message, want }) => {
      expect(await predict("raw", message)).toEqual(want);
    });

    it("passes three megabytes there and back", async () => {
      const { strData } = await predict("raw", { strData: `<${"é".repeat(1.5e6)}>` });
      expect(strData === `>${"é".repeat(1.5e6)}<`).toBe(true); // a difference would be long
    });

    it("takes feedback to the branch that answered, when the routing comes back", async () => {
      const counted = () =>
        Promise.all(
          ["left", "right", "choose"].map(async (unit) => [
            await scrape(peer(unit).metricsUrl, "seldon_api_model_feedback_total"),
            await scrape(peer(unit).metricsUrl, "seldon_api_model_feedback_reward_total"),
          ]),
        );
      const request = { data: { ndarray: [[1, 5]] } };
      const response = await predict("everything", { data: { ndarray: [[4, 5]] } });
      const before = await counted();
      const answer = await transport.feedback(engine("everything"), {
        ...{ request, response, reward: 0.5 },
        truth: { data: { ndarray: [[7, 8]] } },
      });
      expect(response["meta"]).toMatchObject({ routing: { choose: 1 } });
      const rises = (await counted()).map((now, i) => now.map((n, j) => n - (before[i]?.[j] ?? 0)));
      expect(rises).toEqual([
        [1, 0.5],
        [0, 0],
        [1, 0.5],
      ]);
      // a transformer takes no feedback: over REST it is echoed, over gRPC the answer is empty
      expect(messageOf(answer)).toEqual(isRest ? expect.objectContaining({ request }) : {});
    });

    it("answers feedback with what the node says of it", async () => {
      const answer = await transport.feedback(engine("model"), {
        request: { data: { ndarray: [[1, 2]] }, meta: { puid: "p3" } },
        reward: 0.25,
        truth: { data: { tensor: { shape: [2], values: [3, 4] } } },
      });
      expect(messageOf(answer)).toMatchObject({
        data: { ndarray: [expect.any(Number), 0.25, 3, 7] },
        meta: { ...said("left", 2, "feedback"), puid: "p3" },
      });
    });

    it.each([
      { way: "refuse", status: 422, reason: "TOO_LARGE", info: "a value is too large" },
      { way: "bad", status: 400, reason: "MICROSERVICE_BAD_DATA", info: "that does not fit" },
      { way: "break", status: 500, reason: "MICROSERVICE_INTERNAL_ERROR", info: "something broke" },
      { way: "metric", status: 500, reason: "MICROSERVICE_BAD_METRIC", info: expect.any(String) },
      { way: "nothing", status: 400, reason: "MICROSERVICE_BAD_DATA", info: expect.any(String) },
    ])("passes on the error of a container: $way", async ({ way, status, reason, info }) => {
      const answer = await transport.predict(engine("fail"), { data: { ndarray: [way] } });
      const body = { status: { status: 1, info, code: -1, reason } };
      expect(answer).toEqual(
        isRest
          ? { ok: false, code: status, told: body }
          : { ok: false, code: "UNKNOWN", told: await ownDetails(way) },
      );
    });

    it("describes the graph", async () => {
      const tensor = { messagetype: "tensor", schema: { shape: [2] } };
      const { name, models, ...ends } = messageOf(await transport.graphMetadata(engine("chain")));
      expect({ name, models }).toEqual({
        name: "main",
        models: {
          // a class that says nothing of itself is described by its image
          round: expect.objectContaining({ name: "peers/round", versions: ["0.1"] }),
          scale: {
            ...{ name: "scale", versions: ["v1"], platform: "seldon" },
            ...{ inputs: [tensor], outputs: [tensor] },
          },
          left: expect.objectContaining({ name: "left", custom: { author: "a peer" } }),
        },
      });
      // JSON has names of its own; an empty list is not on protobuf's wire
      expect(ends).toEqual(
        isRest ? { graphinputs: [tensor], graphoutputs: [] } : { inputs: [tensor] },
      );
    });
  },
);

describe("containers of seldon-core-microservice over REST alone", () => {
  const predictions = (graph: GraphName) => `${engine(graph).url}/api/v1.0/predictions`;

  it("takes the parts of a form", async () => {
    const form = new FormData();
    form.set("binData", new Blob([Buffer.from([1, 2, 3])]), "three.bin");
    form.set("meta", '{"tags":{"from":"a form"}}');
    const { status, body } = await postForm(predictions("model"), form);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      binData: Buffer.from("left:\u0003\u0002\u0001").toString("base64"),
      meta: { tags: { from: "a form" } },
    });
  });

  it.each([
    { name: "text", part: "strData", value: '{"not": "read"}', want: 'left got {"not": "read"}' },
    { name: "a file of text", part: "strData", value: new Blob(["file"]), want: "left got file" },
  ])("takes $name as a part", async ({ part, value, want }) => {
    const form = new FormData();
    form.set(part, value);
    const { status, body } = await postForm(predictions("model"), form);
    expect({ status, body }).toMatchObject({ status: 200, body: { strData: want } });
  });

  it("takes a form field of JSON", async () => {
    const form = new URLSearchParams({ json: '{"strData":"field"}' });
    expect((await postForm(predictions("model"), form)).body).toMatchObject({
      strData: "left got field",
    });
  });

  it("takes JSON of another name for its type", async () => {
    const headers = { "Content-Type": "application/vnd.peers+json; charset=utf-8" };
    const { status } = await postJson(predictions("model"), { strData: "x" }, headers);
    expect(status).toBe(200);
  });

  it.each([
    { name: "no JSON", body: "{", headers: {} },
    { name: "JSON that says it is text", body: "{}", headers: { "Content-Type": "text/plain" } },
    { name: "a message without data", body: "{}", headers: {} },
  ])("passes on that a container cannot read $name", async ({ body, headers }) => {
    const asked = await postJson(predictions("model"), body, headers);
    expect(asked.status).toBe(400);
    expect(asked.headers.get("content-type")).toBe("application/json");
    expect(asked.body).toMatchObject({ status: { reason: "MICROSERVICE_BAD_DATA" } });
  });

  it("stops at the error of a node within a chain", async () => {
    const asked = await postJson(predictions("chain"), { data: { ndarray: [["word"]] } });
    expect(asked.status).toBe(500);
    expect(asked.body).toMatchObject({ status: { reason: "MICROSERVICE_INTERNAL_ERROR" } });
  });

  it.each([
    { unit: "left", want: { name: "left", versions: ["v2"], custom: { author: "a peer" } } },
    { unit: "round", want: { name: "peers/round", inputs: [], outputs: [] } },
  ])("describes the node $unit as its container does", async ({ unit, want }) => {
    const asked = await get(`${engine("chain").url}/api/v1.0/metadata/${unit}`);
    expect(asked.body).toMatchObject(want);
    expect(asked.body).toEqual((await get(`${peer(unit).url}/metadata`)).body);
  });

  it("tells the status of a node as its container does", async () => {
    const { status, body } = await get(`${engine("chain").url}/api/v1.0/status/left`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { data: { tensor: { shape: [2], values: [1, 2] } } },
    });
    expect((await get(`${engine("chain").url}/api/v1.0/status/round`)).body).toMatchObject({
      strData: "healthy",
    });
    expect((await get(`${engine("fail").url}/api/v1.0/status/fail`)).status).toBe(500);
  });

  it("measures its calls by the container's image", async () => {
    await postJson(predictions("model"), { strData: "x" });
    const labels = {
      ...{ model_name: "left", model_image: "peers/left", model_version: "0.1" },
      ...{ service: "/predict", code: "200" },
    };
    const name = "seldon_api_executor_client_requests_seconds_count";
    expect(await scrape(`${engine("model").url}/metrics`, name, labels)).toBeGreaterThan(0);
  });

  it("has custom metrics on the container's metrics port", async () => {
    const labels = {
      ...{ deployment_name: "peers", predictor_name: "main", predictor_version: "v7" },
      ...{ model_name: "left", model_image: "peers/left", method: "predict" },
    };
    const read = (name: string) => scrape(peer("left").metricsUrl, name, labels);
    const calls = await read("calls_total");
    const thought = await read("thought_sum");
    await postJson(predictions("model"), { strData: "x" });
    expect(await read("calls_total")).toBe(calls + 1);
    expect(await read("thought_sum")).toBeCloseTo(thought + 0.0205);
  });
});

describe("readiness in front of seldon-core-microservice", () => {
  const startFor = (unit: string, flags: readonly string[]) =>
    startEngine(processes, { graph: model(unit), peers: [peer(unit)], flags });

  it.each([
    { unit: "left", flags: ["--full_health_checks=true"], want: 200 },
    { unit: "fail", flags: ["--full_health_checks=true"], want: 503 },
    { unit: "fail", flags: [], want: 200 },
  ])("is $want for $unit with $flags", async ({ unit, flags, want }) => {
    const engine = await startFor(unit, flags);
    expect((await get(`${engine.url}/ready`)).status).toBe(want);
    await engine.process.stop();
  });

  it("ends with the container", async () => {
    const gone = await startMicroservice(processes, { unit: "gone", target: "graph.Raw" });
    const engine = await startEngine(processes, { graph: model("gone"), peers: [gone] });
    expect((await get(`${engine.url}/ready`)).status).toBe(200);
    await gone.process.stop();
    expect((await get(`${engine.url}/ready`)).status).toBe(503);
    expect((await rest.predict(engine, { strData: "x" })).ok).toBe(false);
    expect(await makeGrpc(clients).predict(engine, { strData: "x" })).toMatchObject({
      code: "UNAVAILABLE",
    });
    await engine.process.stop();
  });
});
