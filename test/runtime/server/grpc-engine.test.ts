/** The gRPC face of a running engine: metadata, statuses, and metadata of units and graphs. */
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../../api/plan.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, openEngine } from "../../contract/engine.ts";
import {
  type GrpcHost,
  type Handler,
  metadataOf,
  openGrpcClient,
  openGrpcHost,
} from "../../contract/grpc.ts";
import { framed, openH2 } from "../../contract/http2.ts";
import { decode, encode } from "../protocol/messages.ts";

const later = closeAfterEach();

const predict = "/seldon.protos.Seldon/Predict";
const feedback = "/seldon.protos.Seldon/SendFeedback";
const graphMetadata = "/seldon.protos.Seldon/GraphMetadata";
const modelMetadata = "/seldon.protos.Seldon/ModelMetadata";
const nothing = Buffer.alloc(0);
const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

const echo: Handler = ({ body }) => body;

const openModel = (handler: Handler = echo): Promise<GrpcHost> =>
  openGrpcHost(later, {
    unary: {
      "/seldon.protos.Model/Predict": handler,
      "/seldon.protos.Model/SendFeedback": handler,
    },
  });

const model = (name: string, host: GrpcHost, over: Partial<UnitSource> = {}): UnitSource => ({
  name,
  type: "MODEL",
  endpoint: at(host),
  ...over,
});

describe("metadata of a call", () => {
  it("reach every node, all values, binary ones too", async () => {
    const hosts = [await openModel(), await openModel()] as const;
    const graph = model("a", hosts[0], { children: [model("b", hosts[1])] });
    const engine = await openEngine(later, graph);
    const metadata = {
      seldon: "dep",
      namespace: "ns",
      authorization: "Bearer x.y.z",
      "x-many": ["1", "2, 3"],
      "x-empty": "",
      "x-trace-bin": [Buffer.from([0, 255, 10]), Buffer.alloc(0), Buffer.from("é")],
      "x_odd.key-1": "~!@#$%^&*(){}",
    };
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, nothing, { metadata })).code).toBe(0);
    for (const { seen } of hosts) {
      const heard = seen[0]?.metadata;
      for (const [key, values] of Object.entries(metadataOf(metadata).toJSON())) {
        // Several values of a key are one, joined: HTTP/2 allows servers and proxies to do that.
        const want = key.endsWith("-bin") ? values : [values.join(", ")];
        expect({ key, values: heard?.get(key) }).toEqual({ key, values: want });
      }
    }
  });

  it("that are of the connection or of gRPC itself do not", async () => {
    const host = await openModel();
    const engine = await openEngine(later, model("m", host));
    const client = await openH2(later, engine.grpcPort);
    const message = framed(encode("seldon.protos.SeldonMessage", { strData: "x" }));
    const outcome = await client.send(predict, message, {
      "content-length": message.length,
      "content-type": "application/grpc+proto",
      "user-agent": "theirs/1",
      "grpc-accept-encoding": "gzip",
      "grpc-something": "theirs",
      "accept-encoding": "br",
      "x-own": "kept",
      trailer: "x-later",
    });
    expect(outcome.status).toBe(0);
    const heard = host.seen[0]?.metadata.toJSON() ?? {};
    expect(Object.keys(heard).sort()).toEqual(["seldon-puid", "user-agent", "x-own"]);
    expect(heard["user-agent"]).not.toContain("theirs/1");
  });

  it.each([predict, feedback])("hold the id of the call, in %s", async (rpc) => {
    const host = await openModel();
    const engine = await openEngine(later, model("m", host));
    const client = openGrpcClient(later, engine.grpcPort);
    const given = await client.ask(rpc, nothing, { metadata: { "seldon-puid": "mine" } });
    expect(given.initial.get("seldon-puid")).toEqual(["mine"]);
    const made = await client.ask(rpc, nothing, { metadata: { "seldon-puid": "" } });
    const absent = await client.ask(rpc, nothing);
    for (const { initial } of [made, absent]) {
      expect(initial.get("seldon-puid")[0]).toMatch(uuid);
    }
    expect(host.seen.map(({ metadata }) => metadata.get("seldon-puid"))).toEqual(
      [given, made, absent].map(({ initial }) => initial.get("seldon-puid")),
    );
  });

  it("of containers do not reach the client", async () => {
    const failing: Handler = () => {
      const metadata = metadataOf({ "x-secret": "1", "seldon-puid": "theirs" });
      throw { code: grpcCodes.ABORTED, details: "no", metadata };
    };
    const engine = await openEngine(later, model("m", await openModel(failing)));
    const answer = await openGrpcClient(later, engine.grpcPort).ask(predict, nothing);
    expect(answer.code).toBe(grpcCodes.ABORTED);
    expect(answer.initial.get("seldon-puid")[0]).toMatch(uuid);
    expect(answer.trailing.get("x-secret")).toEqual([]);
  });
});

describe("the status of a node", () => {
  it.each([
    { code: grpcCodes.INVALID_ARGUMENT, details: "plain" },
    { code: grpcCodes.UNAVAILABLE, details: "ünicode ✓ % %20 \n end" },
    { code: grpcCodes.DATA_LOSS, details: "" },
    { code: grpcCodes.CANCELLED, details: "given up by the node itself" },
    { code: 42, details: "a code that nobody knows" },
  ])("$code reaches the client with its details", async ({ code, details }) => {
    const rich = Buffer.from([8, 3, 18, 2, 104, 105]);
    const failing: Handler = () => {
      throw { code, details, metadata: metadataOf({ "grpc-status-details-bin": rich }) };
    };
    const engine = await openEngine(later, model("m", await openModel(failing)));
    const client = await openH2(later, engine.grpcPort); // codes as they are on the wire
    const raw = await client.send(predict, framed(nothing));
    expect({ code: raw.status, details: raw.details }).toEqual({ code, details });
    const answer = await openGrpcClient(later, engine.grpcPort).ask(predict, nothing);
    expect(answer.trailing.get("grpc-status-details-bin")).toEqual([rich]);
  });
});

describe("an RPC that is not there", () => {
  it.each([
    ["seldon", "/seldon.protos.Seldon/Nothing"],
    ["seldon", "/seldon.protos.Model/Predict"],
    ["seldon", "/inference.GRPCInferenceService/ModelInfer"],
    ["v2", "/inference.GRPCInferenceService/RepositoryIndex"],
    ["v2", predict],
    ["tensorflow", "/tensorflow.serving.PredictionService/Nothing"],
    ["tensorflow", "/x"],
    ["tensorflow", "/"],
  ])("is UNIMPLEMENTED under %s: %s", async (protocol, rpc) => {
    const graph = { name: "m", implementation: "SIMPLE_MODEL" };
    const engine = await openEngine(later, graph, { protocol });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(rpc, nothing)).code).toBe(grpcCodes.UNIMPLEMENTED);
  });

  it("is UNIMPLEMENTED where a node lacks it", async () => {
    const host = await openGrpcHost(later, { unary: {} });
    const engine = await openEngine(later, model("m", host));
    const { code } = await openGrpcClient(later, engine.grpcPort).ask(predict, nothing);
    expect(code).toBe(grpcCodes.UNIMPLEMENTED);
  });
});

/** A container that describes itself by its name. */
const openDescribed = (name: string): Promise<GrpcHost> =>
  openGrpcHost(later, {
    unary: {
      "/seldon.protos.Model/Metadata": () =>
        encode("seldon.protos.SeldonModelMetadata", {
          name: `${name}-1`,
          versions: ["v"],
          inputs: [{ name: `in-${name}`, datatype: "FP32", shape: [2, -1] }],
          outputs: [{ messagetype: `out-${name}` }],
          custom: { k: name },
        }),
    },
  });

type Node = { readonly name: string; readonly type?: string; readonly children?: readonly Node[] };

const described = async ({ name, type, children = [] }: Node): Promise<UnitSource> => {
  const below: UnitSource[] = [];
  for (const child of children) below.push(await described(child));
  const host = await openDescribed(name);
  return { name, ...(type !== undefined && { type }), endpoint: at(host), children: below };
};

const leaf = (name: string): Node => ({ name, type: "MODEL" });

/** Source: engine contract, 6.9. */
const ends: readonly { readonly graph: Node; readonly inputs: string; readonly outputs: string }[] =
  [
    { graph: leaf("m"), inputs: "m", outputs: "m" },
    { graph: { name: "r", type: "ROUTER" }, inputs: "r", outputs: "r" },
    { graph: { ...leaf("a"), children: [leaf("b")] }, inputs: "a", outputs: "b" },
    {
      graph: { ...leaf("a"), children: [{ ...leaf("b"), children: [leaf("c")] }, leaf("d")] },
      inputs: "a",
      outputs: "c",
    },
    {
      graph: { name: "t", type: "TRANSFORMER", children: [leaf("m")] },
      inputs: "t",
      outputs: "m",
    },
    {
      graph: { name: "o", type: "OUTPUT_TRANSFORMER", children: [leaf("m")] },
      inputs: "m",
      outputs: "o",
    },
    {
      graph: { name: "c", type: "COMBINER", children: [leaf("a"), leaf("b")] },
      inputs: "a",
      outputs: "c",
    },
    {
      graph: { name: "r", type: "ROUTER", children: [leaf("a"), leaf("b")] },
      inputs: "a",
      outputs: "a",
    },
  ];

const namesOf = ({ name, children = [] }: Node): readonly string[] => [
  name,
  ...children.flatMap(namesOf),
];

describe("GraphMetadata", () => {
  it.each(ends.map((row) => ({ ...row, shape: JSON.stringify(row.graph) })))(
    "tells what goes in and out of $shape",
    async ({ graph, inputs, outputs }) => {
      const engine = await openEngine(later, await described(graph));
      const answer = await openGrpcClient(later, engine.grpcPort).ask(graphMetadata, nothing);
      expect(answer.code).toBe(0);
      expect(answer.initial.get("seldon-puid")).toEqual([]);
      const message = decode("seldon.protos.SeldonGraphMetadata", answer.body);
      expect(message).toMatchObject({
        name: "p",
        inputs: [{ name: `in-${inputs}`, datatype: "FP32", shape: [2, -1] }],
        outputs: [{ messagetype: `out-${outputs}` }],
      });
      const { models } = message as { models: Readonly<Record<string, { name: string }>> };
      expect(Object.entries(models).map(([key, { name }]) => [key, name])).toEqual(
        namesOf(graph).map((name) => [name, `${name}-1`]),
      );
    },
  );

  it("has built-in nodes describe themselves", async () => {
    const engine = await openEngine(later, {
      name: "ab",
      implementation: "RANDOM_ABTEST",
      children: [await described(leaf("a")), { name: "s", implementation: "SIMPLE_MODEL" }],
    });
    const client = openGrpcClient(later, engine.grpcPort);
    const { code, body } = await client.ask(graphMetadata, nothing);
    expect(code).toBe(0);
    expect(decode("seldon.protos.SeldonGraphMetadata", body)).toMatchObject({
      models: { ab: { name: "ab", versions: ["RANDOM_ABTEST"] }, s: { platform: "espalier" } },
    });
  });

  it("fails as a whole when one unit does, and tells its status", async () => {
    const failing = await openGrpcHost(later, {
      unary: {
        "/seldon.protos.Model/Metadata": () => {
          throw { code: grpcCodes.PERMISSION_DENIED, details: "not for you" };
        },
      },
    });
    const engine = await openEngine(later, {
      ...(await described(leaf("a"))),
      children: [model("b", failing)],
    });
    const answer = await openGrpcClient(later, engine.grpcPort).ask(graphMetadata, nothing);
    expect(answer).toMatchObject({ code: grpcCodes.PERMISSION_DENIED, details: "not for you" });
  });

  it("is an error where a unit has no endpoint", async () => {
    const engine = await openEngine(later, {
      ...(await described(leaf("a"))),
      children: [{ name: "b", type: "MODEL" }],
    });
    const { code } = await openGrpcClient(later, engine.grpcPort).ask(graphMetadata, nothing);
    expect(code).toBe(grpcCodes.FAILED_PRECONDITION);
  });
});

describe("ModelMetadata", () => {
  const asked = (name: string): Buffer =>
    encode("seldon.protos.SeldonModelMetadataRequest", { name });

  it("is that of the unit that is named, however deep", async () => {
    const engine = await openEngine(
      later,
      await described({
        ...leaf("a"),
        children: [leaf("b"), { ...leaf("c"), children: [leaf("d")] }],
      }),
    );
    const client = openGrpcClient(later, engine.grpcPort);
    for (const name of ["a", "b", "c", "d"]) {
      const { body } = await client.ask(modelMetadata, asked(name));
      expect(decode("seldon.protos.SeldonModelMetadata", body)).toMatchObject({
        name: `${name}-1`,
      });
    }
    for (const name of ["", "e", "a ", "\u0000"]) {
      const { code, details } = await client.ask(modelMetadata, asked(name));
      expect({ code, details }).toEqual({
        code: grpcCodes.UNKNOWN,
        details: `Failed to find model ${name}`,
      });
    }
  });

  it("bounds a name that it does not know in its error", async () => {
    const engine = await openEngine(later, { name: "m", implementation: "SIMPLE_MODEL" });
    const client = openGrpcClient(later, engine.grpcPort);
    const { code, details } = await client.ask(modelMetadata, asked("x".repeat(1_000_000)));
    expect(code).toBe(grpcCodes.UNKNOWN);
    expect(details.length).toBeLessThan(2000);
  });
});

/** What protocols ask of one unit. */
const ofUnits = [
  {
    protocol: "v2",
    rpc: "/inference.GRPCInferenceService/ModelReady",
    request: (name: string) => encode("inference.ModelReadyRequest", { name }),
    answer: "inference.ModelReadyResponse",
    says: { ready: true },
  },
  {
    protocol: "v2",
    rpc: "/inference.GRPCInferenceService/ModelMetadata",
    request: (name: string) => encode("inference.ModelMetadataRequest", { name }),
    answer: "inference.ModelMetadataResponse",
    says: {
      name: "built-in",
      versions: ["SIMPLE_MODEL"],
      platform: "espalier",
      outputs: [{ name: "output", datatype: "FP64", shape: [1, 3] }],
    },
  },
  {
    protocol: "tensorflow",
    rpc: "/tensorflow.serving.ModelService/GetModelStatus",
    request: (name: string) =>
      encode("tensorflow.serving.GetModelStatusRequest", { model_spec: { name } }),
    answer: "tensorflow.serving.GetModelStatusResponse",
    says: { model_version_status: [{ version: 1, state: "AVAILABLE" }] },
  },
  {
    protocol: "tensorflow",
    rpc: "/tensorflow.serving.PredictionService/GetModelMetadata",
    request: (name: string) =>
      encode("tensorflow.serving.GetModelMetadataRequest", { model_spec: { name } }),
    answer: "tensorflow.serving.GetModelMetadataResponse",
    says: { model_spec: { name: "built-in" } },
  },
] as const;

describe("a unit that is asked under another protocol", () => {
  it.each(ofUnits)("answers $rpc", async ({ protocol, rpc, request, answer, says }) => {
    const host = await openGrpcHost(later, { unary: { [rpc]: ({ body }) => body } });
    const engine = await openEngine(
      later,
      model("m", host, {
        children: [
          { name: "built-in", implementation: "SIMPLE_MODEL" },
          { name: "nowhere", type: "MODEL" },
        ],
      }),
      { protocol },
    );
    const client = openGrpcClient(later, engine.grpcPort);
    const ask = (name: string) => client.ask(rpc, request(name));
    const asked = await ask("m");
    expect(asked.code).toBe(0);
    expect(asked.body.equals(request("m"))).toBe(true); // as it was sent and answered
    expect(decode(answer, (await ask("built-in")).body)).toEqual(says);
    expect((await ask("nowhere")).code).toBe(grpcCodes.FAILED_PRECONDITION);
    expect((await ask("unknown")).code).toBe(grpcCodes.UNKNOWN);
  });
});
