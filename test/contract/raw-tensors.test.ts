/** Tensors as raw bytes, over both transports of v2: through nodes that do not look inside, and those that do. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { decode, encode } from "../runtime/protocol/messages.ts";
import { closeAfterEach } from "./cleanup.ts";
import { at, openEngine } from "./engine.ts";
import { type GrpcHost, openGrpcClient, openGrpcHost } from "./grpc.ts";
import { openRestHost, post, type RestHost } from "./rest.ts";

const later = closeAfterEach();

const requestName = "inference.ModelInferRequest";
const responseName = "inference.ModelInferResponse";
const infer = "/inference.GRPCInferenceService/ModelInfer";

/** A message as protobufjs reads it, bytes in base64. */
type Message = {
  readonly model_name?: string;
  readonly inputs?: readonly Readonly<Record<string, unknown>>[];
  readonly outputs?: readonly Readonly<Record<string, unknown>>[];
  readonly raw_input_contents?: readonly string[];
  readonly raw_output_contents?: readonly string[];
};
const requestOf = (body: Buffer): Message => decode(requestName, body);
const responseOf = (body: Buffer): Message => decode(responseName, body);
const base64 = (bytes: readonly Buffer[]): readonly string[] =>
  bytes.map((one) => one.toString("base64"));

const length = (bytes: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, bytes]);
};

/** Datatypes whose values a JSON number or a typed list could not keep. */
const tensors = [
  { name: "half", datatype: "FP16", shape: [2, 3] },
  { name: "brain", datatype: "BF16", shape: [4] },
  { name: "text", datatype: "BYTES", shape: [2] },
  { name: "none", datatype: "INT8", shape: [0] },
  { name: "large", datatype: "UINT64", shape: [30_000] },
];
const raws = [
  randomBytes(12),
  Buffer.from("0000c07fffff0180", "hex"),
  Buffer.concat([length(Buffer.from("é")), length(randomBytes(7))]),
  Buffer.alloc(0),
  randomBytes(240_000),
];

const doublesOf = (...values: number[]): Buffer => Buffer.from(new Float64Array(values).buffer);
const fp64 = (name: string, count: number) => ({ name, datatype: "FP64", shape: [1, count] });

/** Answers with the tensors it was asked with. */
const openEcho = (): Promise<GrpcHost> =>
  openGrpcHost(later, {
    unary: {
      [infer]: ({ body }) => {
        const { inputs = [], raw_input_contents: raw_output_contents = [] } = requestOf(body);
        return encode(responseName, { model_name: "echo", outputs: inputs, raw_output_contents });
      },
    },
  });

const openAnswering = (answer: object): Promise<GrpcHost> =>
  openGrpcHost(later, { unary: { [infer]: () => encode(responseName, answer) } });

const model = (name: string, host: GrpcHost, children: readonly UnitSource[] = []): UnitSource => ({
  name,
  type: "MODEL",
  endpoint: at(host),
  children,
});

const ask = async (graph: UnitSource, body: Buffer): Promise<Message> => {
  const engine = await openEngine(later, graph, { protocol: "v2" });
  const answer = await openGrpcClient(later, engine.grpcPort).ask(infer, body);
  expect({ code: answer.code, details: answer.details }).toEqual({ code: 0, details: "" });
  return responseOf(answer.body);
};

describe("raw contents over gRPC", () => {
  it("pass through a chain of three models to the bit", async () => {
    const hosts = [await openEcho(), await openEcho(), await openEcho()] as const;
    const graph = model("a", hosts[0], [model("b", hosts[1], [model("c", hosts[2])])]);
    const answer = await ask(
      graph,
      encode(requestName, { inputs: tensors, raw_input_contents: raws }),
    );
    expect(answer.raw_output_contents).toEqual(base64(raws));
    expect(answer.outputs).toEqual(responseOf(encode(responseName, { outputs: tensors })).outputs);
    for (const [i, { seen }] of hosts.entries()) {
      const heard = requestOf(seen[0]?.body ?? Buffer.alloc(0));
      expect(heard.model_name).toBe("abc"[i]);
      expect(heard.raw_input_contents).toEqual(base64(raws));
    }
  });

  it("reach a combiner child by child, what was typed made raw", async () => {
    const typed = { ...fp64("y", 2), contents: { fp64_contents: [3, 4] } };
    const combiner = await openEcho();
    const children = [
      await openAnswering({
        outputs: [fp64("x", 1), fp64("z", 1)],
        raw_output_contents: [doublesOf(1), doublesOf(2)],
      }),
      await openAnswering({ outputs: [typed] }),
    ];
    const answer = await ask(
      {
        name: "c",
        type: "COMBINER",
        endpoint: at(combiner),
        children: children.map((host, i) => model(`m${i}`, host)),
      },
      encode(requestName, { inputs: [fp64("q", 1)], raw_input_contents: [doublesOf(0)] }),
    );
    expect(answer.raw_output_contents).toEqual(
      base64([doublesOf(1), doublesOf(2), doublesOf(3, 4)]),
    );
    expect(answer.outputs?.map(({ name }) => name)).toEqual(["x", "z", "y"]);
  });

  it("reach a router behind a transformer as a request", async () => {
    const transformer = await openAnswering({
      outputs: [fp64("x", 1)],
      raw_output_contents: [doublesOf(7)],
    });
    const route = { name: "r", datatype: "INT32", shape: [1] };
    const router = await openAnswering({
      outputs: [route],
      raw_output_contents: [Buffer.from([1, 0, 0, 0])],
    });
    const children = [await openEcho(), await openEcho()];
    await ask(
      {
        name: "t",
        type: "TRANSFORMER",
        endpoint: at(transformer),
        children: [
          {
            name: "r",
            type: "ROUTER",
            endpoint: at(router),
            children: children.map((host, i) => model(`m${i}`, host)),
          },
        ],
      },
      encode(requestName, { inputs: [fp64("x", 1)], raw_input_contents: [doublesOf(0)] }),
    );
    const heard = requestOf(router.seen[0]?.body ?? Buffer.alloc(0));
    expect(heard.raw_input_contents).toEqual(base64([doublesOf(7)]));
    expect(heard.model_name).toBe("r");
    expect(children.map(({ seen }) => seen.length)).toEqual([0, 1]);
  });

  it("are read by AVERAGE_COMBINER, and its answer is raw too", async () => {
    const children = [
      await openAnswering({ outputs: [fp64("x", 2)], raw_output_contents: [doublesOf(1, 2)] }),
      await openAnswering({ outputs: [fp64("x", 2)], raw_output_contents: [doublesOf(3, 6)] }),
    ];
    const answer = await ask(
      {
        name: "c",
        implementation: "AVERAGE_COMBINER",
        children: children.map((host, i) => model(`m${i}`, host)),
      },
      encode(requestName, { inputs: [fp64("q", 1)], raw_input_contents: [doublesOf(0)] }),
    );
    expect(answer.raw_output_contents).toEqual(base64([doublesOf(2, 4)]));
  });
});

const binaryHead = "inference-header-content-length";
const binaryType = (json: Buffer): Readonly<Record<string, string>> => ({
  "content-type": "application/octet-stream",
  [binaryHead]: String(json.length),
});

/** A message with binary tensors; the spaces and the order of the JSON are to be kept. */
const binaryMessage = (key: string): { readonly json: Buffer; readonly whole: Buffer } => {
  const listed = tensors.map(({ name, datatype, shape }, i) => {
    const size = raws[i]?.length ?? 0;
    const head = `"name":"${name}", "shape":[${shape}], "datatype":"${datatype}"`;
    return `{${head}, "parameters":{"binary_data_size":${size}}}`;
  });
  const json = Buffer.from(`{ "id" : "1.0", "${key}":[${listed.join(" , ")}], "x": 1e400 }`);
  return { json, whole: Buffer.concat([json, ...raws]) };
};

const openBinaryEcho = (name: string): Promise<RestHost> =>
  openRestHost(later, {
    [`/v2/models/${name}/infer`]: ({ body, headers }) => {
      const size = Number(headers[binaryHead]);
      const json = Buffer.from(body.toString("utf8", 0, size).replace('"inputs"', '"outputs"'));
      return { body: Buffer.concat([json, body.subarray(size)]), headers: binaryType(json) };
    },
  });

const restModel = (
  name: string,
  host: RestHost,
  children: readonly UnitSource[] = [],
): UnitSource => ({ name, type: "MODEL", endpoint: at(host), children });

describe("binary tensors over REST", () => {
  it("pass through a chain of three models to the bit", async () => {
    const names = ["a", "b", "c"] as const;
    const hosts = [
      await openBinaryEcho("a"),
      await openBinaryEcho("b"),
      await openBinaryEcho("c"),
    ] as const;
    const graph = restModel("a", hosts[0], [restModel("b", hosts[1], [restModel("c", hosts[2])])]);
    const engine = await openEngine(later, graph, { protocol: "v2" });
    const sent = binaryMessage("inputs");
    const answer = await post(
      engine.httpPort,
      "/v2/models/infer",
      sent.whole,
      binaryType(sent.json),
    );
    const want = binaryMessage("outputs");
    expect(answer.status).toBe(200);
    expect(answer.headers[binaryHead]).toBe(String(want.json.length));
    expect(answer.body.equals(want.whole)).toBe(true);
    for (const [i] of names.entries()) {
      const [heard] = hosts[i]?.seen ?? [];
      expect(heard?.body.equals(sent.whole)).toBe(true);
      expect(heard?.headers[binaryHead]).toBe(String(sent.json.length));
    }
  });

  it("become JSON for a combiner, which gets one array of answers", async () => {
    const head = `{"name":"x","datatype":"INT64","shape":[2],"parameters":{"binary_data_size":16}}`;
    const json = Buffer.from(`{"outputs":[${head}]}`);
    const values = Buffer.from(new BigInt64Array([9007199254740993n, -1n]).buffer);
    const child = (name: string): Promise<RestHost> =>
      openRestHost(later, {
        [`/v2/models/${name}/infer`]: () => ({
          body: Buffer.concat([json, values]),
          headers: binaryType(json),
        }),
      });
    const combiner = await openRestHost(later, {
      "/v2/models/c/aggregate": () => ({ body: '{"outputs":[]}' }),
    });
    const engine = await openEngine(
      later,
      {
        name: "c",
        type: "COMBINER",
        endpoint: at(combiner),
        children: [restModel("a", await child("a")), restModel("b", await child("b"))],
      },
      { protocol: "v2" },
    );
    const { status } = await post(engine.httpPort, "/v2/models/infer", '{"inputs":[]}');
    expect(status).toBe(200);
    const [heard] = combiner.seen;
    expect(heard?.headers[binaryHead]).toBeUndefined();
    const one = '"data":[9007199254740993,-1]'; // more digits than a double has
    expect(heard?.body.toString().split(one)).toHaveLength(3);
    expect(JSON.parse(heard?.body.toString() ?? "")).toHaveLength(2);
  });
});
