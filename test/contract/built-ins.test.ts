/** Built-in nodes through running engines: every protocol over both transports. */
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { decode } from "../runtime/protocol/messages.ts";
import { closeAfterEach } from "./cleanup.ts";
import { type Act, type Dialect, dialects, grow, type Predicted, type Tree } from "./dialects.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { Protocol, Row } from "./forms.ts";
import { openGrpcClient } from "./grpc.ts";
import { open } from "./learning.ts";
import { get, post } from "./rest.ts";

const later = closeAfterEach();

/** What a test's nodes learn, the next one's shall not know. */
const forgetful = ["--state_dir", "off"];

const start = (graph: UnitSource, protocol: Protocol = "seldon"): Promise<Engine> =>
  openEngine(later, graph, { protocol, args: forgetful });

const node = (
  implementation: string,
  parameters: Readonly<Record<string, string>> = {},
  more: Partial<UnitSource> = {},
): Partial<UnitSource> => ({
  implementation,
  parameters: Object.entries(parameters).map(([name, value]) => ({ name, value, type: "STRING" })),
  ...more,
});

const constant = (name: string): UnitSource => ({ name, implementation: "SIMPLE_MODEL" });

const times = (factor: number): Act => ({
  does: "predict",
  by: (row) => row.map((one) => one * factor),
});
const model = (name: string, factor: number): Tree => ({ name, act: times(factor) });

const named = (name: string): Dialect => {
  const dialect = dialects.find((one) => one.name === name);
  if (dialect === undefined) throw new Error(`there is no ${name}`);
  return dialect;
};

type Case = {
  readonly name: string;
  readonly tree: Tree;
  readonly row: Row;
  readonly want: unknown;
};

const answers = (row: Row): Predicted => ({ row, route: undefined });

const cases: readonly Case[] = [
  {
    name: "STANDARD_SCALER",
    tree: {
      name: "s",
      unit: node("STANDARD_SCALER", { mean: "1,2", scale: "2,4" }),
      children: [model("m", 10)],
    },
    row: [3, 10],
    want: answers([10, 20]),
  },
  {
    name: "MIN_MAX_SCALER behind a model",
    tree: {
      name: "s",
      unit: node(
        "MIN_MAX_SCALER",
        { data_min: "0,0", data_max: "10,20" },
        { type: "OUTPUT_TRANSFORMER" },
      ),
      children: [model("m", 10)],
    },
    row: [0.5, 1],
    want: answers([0.5, 0.5]),
  },
  {
    name: "ONE_HOT_ENCODER",
    tree: {
      name: "s",
      unit: node("ONE_HOT_ENCODER", { categories: "[[1,2],[5,6]]" }),
      children: [model("m", 1)],
    },
    row: [2, 5],
    want: answers([0, 1, 1, 0]),
  },
  {
    name: "AVERAGE_COMBINER with weights",
    tree: {
      name: "c",
      unit: node("AVERAGE_COMBINER", { weights: "3,1" }),
      children: [model("a", 1), model("b", 5)],
    },
    row: [1, 2],
    want: answers([2, 4]),
  },
  {
    name: "CONCATENATE_COMBINER",
    tree: {
      name: "c",
      unit: node("CONCATENATE_COMBINER"),
      children: [model("a", 1), model("b", 5)],
    },
    row: [1, 2],
    want: answers([1, 2, 5, 10]),
  },
  {
    name: "MAX_SCORE_COMBINER",
    tree: { name: "c", unit: node("MAX_SCORE_COMBINER"), children: [model("a", 1), model("b", 5)] },
    row: [0.1, 0.2],
    want: answers([0.5, 1]),
  },
  {
    name: "IQR_DETECTOR that routes",
    tree: {
      name: "d",
      unit: node("IQR_DETECTOR", { q1: "0,0", q3: "1,1" }, { type: "ROUTER" }),
      children: [model("usual", 1), model("odd", -1)],
    },
    row: [9, 0],
    want: { row: [-9, 0].map((one) => one + 0), route: "d=1" },
  },
  {
    name: "EPSILON_GREEDY before its first reward",
    tree: {
      name: "eg",
      unit: node("EPSILON_GREEDY", { epsilon: "0", best_branch: "1" }),
      children: [model("a", 2), model("b", 3)],
    },
    row: [1, 2],
    want: { row: [3, 6], route: "eg=1" },
  },
];

/** Negative zero is no other number to a client. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("a graph with a built-in node", () => {
  it.each(
    dialects.flatMap((dialect) => cases.map((one) => ({ ...one, dialect, where: dialect.name }))),
  )("answers over $where: $name", async ({ dialect, tree, row, want }) => {
    const grown = await grow(later, dialect, tree);
    const engine = await start(grown.unit, dialect.protocol);
    const predicted = await dialect.predict(later, engine, row);
    // gRPC of tensorflow has no place for routes
    const told =
      dialect.name === "tensorflow over gRPC" ? { ...predicted, route: undefined } : predicted;
    const expected =
      dialect.name === "tensorflow over gRPC" ? { ...(want as object), route: undefined } : want;
    expect(plain(told)).toEqual(plain(expected));
  });

  const refusals = [
    {
      name: "an outlier",
      unit: node("IQR_DETECTOR", { q1: "0", q3: "1", action: "block" }),
      http: 422,
      grpc: 3,
      says: /row 0/,
    },
    {
      name: "what a schema forbids",
      unit: node("SCHEMA_VALIDATOR", { schema: '{"required":["nothing"]}' }),
      http: 400,
      grpc: 3,
      says: /nothing/,
    },
    {
      name: "a row of another width",
      unit: node("STANDARD_SCALER", { mean: "1,2,3" }),
      http: 400,
      grpc: 3,
      says: /3/,
    },
    {
      name: "what malformed parameters say",
      unit: node("IQR_DETECTOR", { threshold: "high" }),
      http: 500,
      grpc: 2,
      says: /threshold|parameters\[0\]/,
    },
  ];

  it.each(
    dialects.flatMap((dialect) =>
      refusals.map((one) => ({ ...one, dialect, where: dialect.name })),
    ),
  )("refuses over $where: $name", async ({ dialect, unit, http, grpc, says }) => {
    const engine = await start({ name: "n", ...unit, children: [constant("m")] }, dialect.protocol);
    const predicted = await dialect.predict(later, engine, [99]);
    expect(predicted).toEqual({
      failed: dialect.transport === "REST" ? http : grpc,
      why: expect.stringMatching(says),
    });
  });
});

const bandit = (
  implementation: string,
  parameters: Readonly<Record<string, string>>,
): UnitSource => ({
  name: "r",
  ...node(implementation, parameters),
  children: [constant("a"), constant("b")],
});

type Branches = {
  readonly branches: readonly { pulls: number; rewards: number; reward: number }[];
};

const learned = async (engine: Engine): Promise<Branches> => {
  const { status, headers, body } = await get(engine.httpPort, "/api/v1.0/routers");
  expect([status, headers["content-type"]]).toEqual([200, "application/json"]);
  return JSON.parse(body.toString()).r;
};

describe("a router that learns", () => {
  it.each(dialects.map((dialect) => ({ dialect, where: dialect.name })))(
    "hears rewards by puid alone and by routing over $where",
    async ({ dialect }) => {
      const engine = await start(
        bandit("EPSILON_GREEDY", { epsilon: "0", best_branch: "1" }),
        dialect.protocol,
      );
      const { predict, feedback } = open(later, dialect, engine);
      await predict("first");
      await feedback({ puid: "first", reward: 1 });
      expect((await learned(engine)).branches).toMatchObject([
        { pulls: 0, rewards: 0, reward: 0 },
        { pulls: 1, rewards: 1, reward: 1 },
      ]);
      await feedback({ routing: { r: 0 }, reward: 0.5 });
      await feedback({ puid: "nobody knows", reward: 1 });
      expect((await learned(engine)).branches).toMatchObject([
        { pulls: 0, rewards: 1, reward: 0.5 },
        { pulls: 1, rewards: 1, reward: 1 },
      ]);
      const { body } = await get(engine.httpPort, "/metrics");
      const own = 'deployment="dep",predictor="p",node="r"';
      expect(body.toString()).toContain(`espalier_router_pulls_total{branch="b",${own}} 1\n`);
      expect(body.toString()).toContain(`espalier_router_feedback_unattributed_total{${own}} 1\n`);
    },
  );

  it.each(["EPSILON_GREEDY", "THOMPSON_SAMPLING", "UCB1", "EXP3", "LINUCB"])(
    "comes to prefer the better branch: %s",
    async (implementation) => {
      const parameters = implementation === "LINUCB" ? { n_features: "2" } : {};
      const engine = await start(bandit(implementation, { seed: "7", ...parameters }));
      const { predict, feedback } = open(later, named("seldon over REST"), engine);
      for (let i = 0; i < 200; i += 1) {
        const { route } = await predict(`q${i}`);
        await feedback({ puid: `q${i}`, reward: route === "r=1" ? 1 : 0, row: [1, 2] });
      }
      const [worse, better] = (await learned(engine)).branches;
      expect(better?.pulls).toBeGreaterThan(2 * (worse?.pulls ?? 0));
    },
    30_000,
  );

  it("refuses a reward that is none, and learns nothing of it", async () => {
    const engine = await start(bandit("UCB1", {}));
    for (const reward of ['"x"', "NaN", "2", "[1]"]) {
      const body = `{"puid":"p","routing":{"r":0},"reward":${reward}}`;
      const { status } = await post(engine.httpPort, "/api/v1.0/feedback", body);
      expect({ reward, status }).toEqual({ reward, status: 400 });
    }
    const body = '{"routing":{"r":7},"reward":1}';
    expect((await post(engine.httpPort, "/api/v1.0/feedback", body)).status).toBe(500);
    expect((await learned(engine)).branches.map(({ rewards }) => rewards)).toEqual([0, 0]);
  });

  it("names itself to clients of v2 that name no model", async () => {
    const engine = await start(constant("m"), "v2");
    const rest = await post(engine.httpPort, "/v2/models/m/infer", '{"id":"i","inputs":[]}');
    expect(JSON.parse(rest.body.toString())).toMatchObject({ model_name: "m", id: "i" });
    const client = openGrpcClient(later, engine.grpcPort);
    const grpc = await client.ask("/inference.GRPCInferenceService/ModelInfer", Buffer.alloc(0));
    expect(decode("inference.ModelInferResponse", grpc.body)).toMatchObject({ model_name: "m" });
  });

  it("is not offered feedback by v2 where nothing learns", async () => {
    const engine = await start(constant("m"), "v2");
    expect((await post(engine.httpPort, "/api/v1.0/feedback", "{}")).status).toBe(404);
    const { body } = await get(engine.httpPort, "/api/v1.0/routers");
    expect(body.toString()).toBe("{}");
    const client = openGrpcClient(later, engine.grpcPort);
    const { code } = await client.ask("/seldon.protos.Seldon/SendFeedback", Buffer.alloc(0));
    expect(code).toBe(12);
  });
});

describe("RANDOM_ABTEST", () => {
  const ab = (parameters: Readonly<Record<string, string>>): UnitSource => ({
    name: "ab",
    ...node("RANDOM_ABTEST", { weights: "1,1,1", ...parameters }),
    children: [constant("a"), constant("b"), constant("c")],
  });

  it("sends a user the same way over REST and gRPC, in every engine", async () => {
    const engines = [
      await start(ab({ sticky_header: "X-User" })),
      await start(ab({ sticky_header: "x-user" })),
    ];
    const client = openGrpcClient(later, engines[1]?.grpcPort ?? 0);
    const taken = new Set<string>();
    for (const user of ["ann", "bob", "cem", "dan", "eva", "fox", "gus", "hal"]) {
      const headers = { "content-type": "application/json", "x-user": user };
      const rest = await post(engines[0]?.httpPort ?? 0, "/api/v1.0/predictions", "{}", headers);
      const grpc = await client.ask("/seldon.protos.Seldon/Predict", Buffer.alloc(0), {
        metadata: { "X-User": user },
      });
      const route = rest.headers["seldon-route"];
      expect(grpc.initial.get("seldon-route")).toEqual([route]);
      taken.add(String(route));
    }
    expect(taken.size).toBe(3);
  });

  it("tells the way that an error came over REST and gRPC", async () => {
    const scaler: UnitSource = { name: "s", ...node("STANDARD_SCALER", { mean: "0" }) };
    const engine = await start({ ...ab({ weights: "0,1" }), children: [constant("a"), scaler] });
    const client = openGrpcClient(later, engine.grpcPort);
    const rest = await post(engine.httpPort, "/api/v1.0/predictions", "{}");
    const grpc = await client.ask("/seldon.protos.Seldon/Predict", Buffer.alloc(0));
    expect({ rest: rest.status, grpc: grpc.code }).toEqual({ rest: 400, grpc: 3 });
    expect(rest.headers["seldon-route"]).toBe("ab=1");
    expect(grpc.initial.get("seldon-route")).toEqual(["ab=1"]);
  });
});

describe("tags of a built-in node", () => {
  const detector: UnitSource = {
    name: "d",
    ...node("IQR_DETECTOR", { q1: "0", q3: "1" }),
    children: [{ name: "s", ...node("STANDARD_SCALER", { mean: "0" }) }],
  };

  it("are in meta.tags over REST and gRPC", async () => {
    const engine = await start(detector);
    const body = '{"meta":{"tags":{"own":1.0}},"data":{"ndarray":[[99]]}}';
    const rest = await post(engine.httpPort, "/api/v1.0/predictions", body);
    expect(JSON.parse(rest.body.toString()).meta.tags).toMatchObject({ own: 1, is_outlier: true });
    const { told } = open(later, named("seldon over gRPC"), engine);
    expect(await told([99])).toMatchObject({ is_outlier: { boolValue: true } });
  });
});

describe("metadata of built-in nodes", () => {
  const graph: UnitSource = {
    name: "r",
    ...node("UCB1", { seed: "1" }),
    children: [constant("a"), constant("b")],
  };

  it("tell of kind, parameters and ends", async () => {
    const engine = await start(graph);
    const { body } = await get(engine.httpPort, "/api/v1.0/metadata");
    expect(JSON.parse(body.toString())).toMatchObject({
      models: {
        r: {
          name: "r",
          platform: "espalier",
          versions: ["UCB1"],
          custom: { kind: "router", seed: "1" },
        },
        a: { outputs: [{ name: "output", datatype: "FP64", shape: [1, 3] }] },
      },
      graphoutputs: [{ name: "output" }],
    });
    const client = openGrpcClient(later, engine.grpcPort);
    const answer = await client.ask("/seldon.protos.Seldon/GraphMetadata", Buffer.alloc(0));
    expect(decode("seldon.protos.SeldonGraphMetadata", answer.body)).toMatchObject({
      models: { r: { custom: { kind: "router", seed: "1" } } },
      outputs: [{ name: "output", datatype: "FP64", shape: [1, 3] }],
    });
    const { body: status } = await get(engine.httpPort, "/api/v1.0/status/r");
    expect(JSON.parse(status.toString())).toEqual({ strData: "healthy" });
    expect((await get(engine.httpPort, "/ready")).status).toBe(200);
  });

  it.each<{ protocol: Protocol; path: string; told: object }>([
    { protocol: "v2", path: "/v2/models/m/ready", told: { name: "m", ready: true } },
    {
      protocol: "tensorflow",
      path: "/v1/models/m",
      told: { model_version_status: [{ state: "AVAILABLE" }] },
    },
  ])("tell their status in words of $protocol", async ({ protocol, path, told }) => {
    const engine = await start(constant("m"), protocol);
    const { status, body } = await get(engine.httpPort, path);
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject(told);
  });
});
