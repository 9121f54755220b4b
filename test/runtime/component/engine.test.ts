/** Components under a real engine, in both protocols and over both transports. */
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { encodePlan, type UnitSource } from "../../../api/plan.ts";
import { readConfig } from "../../../runtime/component/config.ts";
import type { Running } from "../../../runtime/component/listen.ts";
import { serve } from "../../../runtime/component/serve.ts";
import type { Model } from "../../../runtime/component/user.ts";
import { startEngine } from "../../../runtime/main.ts";
import { decode, encode, protoList } from "../protocol/messages.ts";
import { silent } from "./fixture.ts";
import { callPlain, openClient, same, seldonRpc } from "./grpc-client.ts";
import { makeAsks, ways } from "./inference-client.ts";

type Table = readonly (readonly number[])[];
const times =
  (factor: number) =>
  (X: unknown): Table =>
    (X as Table).map((row) => row.map((value) => value * factor));

/** What each node was told of feedback. */
const heard: Record<string, readonly unknown[]> = {};
const hearing = (name: string): Pick<Model, "sendFeedback"> => ({
  sendFeedback: (...args) => {
    heard[name] = args;
  },
});

/** Names of columns that reached the first model. */
let columns: readonly string[] = [];

const models: Readonly<Record<string, Model>> = {
  plus: {
    transformInput: (X) => (X as Table).map((row) => row.map((value) => value + 1)),
    featureNames: ["left", "right"],
  },
  percent: { transformOutput: times(100) },
  pick: { route: (X) => ((X as Table)[0]?.[0] === 2 ? 0 : 1), ...hearing("pick") },
  first: {
    predict: (X, names) => {
      columns = names;
      return times(2)(X);
    },
    ...hearing("first"),
  },
  blend: {
    aggregate: ([a, b]) =>
      (a as Table).map((row, r) => row.map((value, c) => value - ((b as Table)[r]?.[c] ?? 0))),
  },
  second: { predict: times(5), ...hearing("second") },
  third: { predict: times(2), ...hearing("third") },
};

const unit = (name: string, type: string, children: readonly UnitSource[] = []): UnitSource => ({
  name,
  type,
  children,
});

const graph = unit("plus", "TRANSFORMER", [
  unit("percent", "OUTPUT_TRANSFORMER", [
    unit("pick", "ROUTER", [
      unit("first", "MODEL"),
      unit("blend", "COMBINER", [unit("second", "MODEL"), unit("third", "MODEL")]),
    ]),
  ]),
]);

const serveModel = async (name: string, model: Model): Promise<Running> => {
  const values = new Map([
    ["http-port", "0"],
    ["grpc-port", "0"],
    ["metrics-port", "0"],
    ["host", "127.0.0.1"],
  ]);
  const config = readConfig({ module: "engine.test.ts", values }, { PREDICTIVE_UNIT_ID: name });
  if (!config.ok) throw new Error("bad settings");
  const served = await serve({
    config: config.value,
    folder: new URL(".", import.meta.url).pathname,
    log: silent,
    importer: async () => ({ model }),
  });
  if (!served.ok) throw new Error(JSON.stringify(served.issues));
  return served.value;
};

type Engine = { readonly url: string; readonly client: Client; stop(): Promise<unknown> };

const startOn = async (
  protocol: string,
  running: ReadonlyMap<string, Running>,
  root: UnitSource = graph,
): Promise<Engine> => {
  const placed = (node: UnitSource): UnitSource => {
    const { httpPort, grpcPort } = running.get(node.name) ?? {};
    const endpoint = { service_host: "127.0.0.1", service_port: httpPort, httpPort, grpcPort };
    return { ...node, endpoint, children: (node.children ?? []).map(placed) };
  };
  const started = await startEngine(
    [
      ...["--sdep", "dep", "--namespace", "ns", "--predictor", "p", "--protocol", protocol],
      ...["--listen_address", "127.0.0.1", "--http_port", "0", "--grpc_port", "0"],
      ...["--log_level", "FATAL"],
    ],
    {
      ENGINE_PREDICTOR: encodePlan({ name: "p", graph: placed(root) }),
      ESPALIER_PODINFO_ANNOTATIONS: "/nonexistent",
    },
  );
  if (!started.ok) throw new Error(started.faults.join("\n"));
  const { httpPort, grpcPort, stop } = started.process;
  const client = openClient(`127.0.0.1:${grpcPort}`);
  return {
    url: `http://127.0.0.1:${httpPort}`,
    client,
    stop: () => {
      client.close();
      return stop();
    },
  };
};

/** A row in, the row out: by the first model, and by the two that are blended. */
const cases = [
  { name: "by the first branch", row: [1, 2], want: [400, 600], route: 0 },
  { name: "by the second", row: [3, 4], want: [1200, 1500], route: 1 },
] as const;

describe("components under an engine", () => {
  const running = new Map<string, Running>();
  const engines = new Map<string, Engine>();
  const engineOf = (protocol: string): Engine => {
    const engine = engines.get(protocol);
    if (engine === undefined) throw new Error(`no engine of ${protocol}`);
    return engine;
  };

  beforeAll(async () => {
    for (const [name, model] of Object.entries(models)) {
      running.set(name, await serveModel(name, model));
    }
    for (const protocol of ["seldon", "v2"])
      engines.set(protocol, await startOn(protocol, running));
  });
  afterAll(async () => {
    for (const engine of engines.values()) await engine.stop();
    for (const each of running.values()) await each.drain();
  });

  const rpc = seldonRpc("Seldon/Predict");

  describe.each(cases)("answer $name", ({ row, want, route }) => {
    it("seldon over gRPC", async () => {
      const { client } = engineOf("seldon");
      const request = { data: { names: ["a", "b"], tensor: { shape: [1, 2], values: row } } };
      const { code, message } = await callPlain(client, rpc, request);
      expect(code).toBe(0);
      expect(message).toMatchObject({
        data: { tensor: { shape: [1, 2], values: want } },
        meta: { routing: { pick: route }, requestPath: { plus: "", percent: "" } },
      });
    });

    it("seldon over REST", async () => {
      const { url } = engineOf("seldon");
      const answer = await fetch(`${url}/api/v1.0/predictions`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ data: { ndarray: [row] } }),
      });
      expect(await answer.json()).toMatchObject({ data: { ndarray: [want] } });
      expect(answer.headers.get("seldon-route")).toBe(`pick=${route}`);
    });

    it.each(ways)("v2: %s", async (way) => {
      const { url, client } = engineOf("v2");
      const ask = makeAsks(url, client)[way];
      const inputs = [{ name: "x", datatype: "FP64", shape: [1, 2], data: row }];
      const reply = await ask?.({ id: "7", inputs }, "/v2/models/infer");
      expect(reply).toMatchObject({
        status: "ok",
        text: "",
        outputs: [{ name: "predict", datatype: "FP64", shape: [1, 2], data: want }],
      });
      if (route === 0) expect(columns).toEqual(["left", "right"]);
    });
  });

  it("answer to the name that a client has for the model", async () => {
    const { url, client } = engineOf("v2");
    const ask = makeAsks(url, client)["REST with JSON"];
    const inputs = [{ name: "x", datatype: "FP64", shape: [1, 2], data: [1, 2] }];
    const reply = await ask?.({ inputs }, "/v2/models/wine/infer");
    expect(reply).toMatchObject({ model_name: "wine", outputs: [{ data: [400, 600] }] });
  });

  it("hears feedback on the branch that was taken", async () => {
    const { client } = engineOf("seldon");
    const request = { data: { ndarray: protoList([[1, 2]]) } };
    const { body } = await callPlain(client, rpc, request);
    const response = decode(rpc.response, body);
    const feedback = { request, response: { meta: response["meta"] }, reward: 0.25 };
    const told = await callPlain(client, seldonRpc("Seldon/SendFeedback", "Feedback"), feedback);
    expect(told.code).toBe(0);
    expect(heard["pick"]).toEqual([[[1, 2]], [], 0.25, [], 0]);
    expect(heard["first"]).toEqual([[[1, 2]], [], 0.25, [], -1]);
    expect(heard["second"]).toBeUndefined();
  });

  it("answer in parts, where the graph is a single model", async () => {
    const model: Model = {
      *predictStream(X) {
        for (const value of X as readonly number[]) yield [value * 2];
      },
    };
    running.set("parts", await serveModel("parts", model));
    const engine = await startOn("v2", running, unit("parts", "MODEL"));
    engines.set("parts", engine);
    const inputs = [{ name: "x", datatype: "FP64", shape: [2], data: [1, 2] }];
    const events = await fetch(`${engine.url}/v2/models/parts/infer_stream`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ inputs }),
    });
    expect((await events.text()).match(/"data":\[\d\]/g)).toEqual(['"data":[2]', '"data":[4]']);

    const path = "/inference.GRPCInferenceService/ModelStreamInfer";
    const call = engine.client.makeBidiStreamRequest<Buffer, Buffer>(path, same, same);
    const [{ data, ...input } = { data: [] }] = inputs;
    const contents = { fp64_contents: data };
    call.end(encode("inference.ModelInferRequest", { inputs: [{ ...input, contents }] }));
    const got: unknown[] = [];
    for await (const part of call) got.push(decode("inference.ModelStreamInferResponse", part));
    expect(got).toMatchObject([
      { infer_response: { outputs: [{ contents: { fp64_contents: [2] } }] } },
      { infer_response: { outputs: [{ contents: { fp64_contents: [4] } }] } },
    ]);
  });

  it("passes on what a component refuses", async () => {
    const { client } = engineOf("seldon");
    const { code } = await callPlain(client, rpc, {
      data: { tensor: { shape: [3], values: [1] } },
    });
    expect(code).toBe(3);
  });
});
