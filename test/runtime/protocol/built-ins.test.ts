/** What codecs do for built-in nodes alone: read feedback, tag messages, show them as JSON. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { NumericView } from "../../../runtime/nodes/view.ts";
import type { Payload } from "../../../runtime/payload.ts";
import { makeOpenInferenceJson } from "../../../runtime/protocol/open-inference-json.ts";
import { openInferenceProto } from "../../../runtime/protocol/open-inference-proto.ts";
import { makeSeldonJson } from "../../../runtime/protocol/seldon-json.ts";
import { seldonProto } from "../../../runtime/protocol/seldon-proto.ts";
import { makeTensorflowJson } from "../../../runtime/protocol/tensorflow-json.ts";
import { tensorflowProto } from "../../../runtime/protocol/tensorflow-proto.ts";
import { decodePayload, protoList, protoPayload, protoValue, rawPayload } from "./messages.ts";
import { codeOf, outcome } from "./outcome.ts";

const limit = 1_000_000;
const seldonJson = makeSeldonJson(limit);
const v2Json = makeOpenInferenceJson(limit);
const tensorflowJson = makeTensorflowJson(limit);
const jsonCodecs = [
  { name: "seldon", codec: seldonJson },
  { name: "v2", codec: v2Json },
  { name: "tensorflow", codec: tensorflowJson },
];
const protoCodecs = [
  { name: "seldon", codec: seldonProto },
  { name: "v2", codec: openInferenceProto },
  { name: "tensorflow", codec: tensorflowProto },
];

const rest = (body: string | object): Payload => ({
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  contentType: "application/json",
  contentEncoding: undefined,
});
const textOf = ({ body }: Payload): string => body.toString();
const row = (...values: readonly number[]): NumericView => ({
  shape: [1, values.length],
  values,
  names: [],
});
const ndarray = (...values: readonly number[]): object => ({ data: { ndarray: [values] } });
const meta = (puid: string): object => ({ meta: { puid } });

describe.each(jsonCodecs)("feedback as JSON under $name", ({ codec }) => {
  it.each([
    { name: "nothing", feedback: {}, id: undefined, reward: 0 },
    { name: "a puid", feedback: { puid: "a", reward: 0.25 }, id: "a", reward: 0.25 },
    {
      name: "an answer's puid",
      feedback: { response: meta("a"), request: meta("b") },
      id: "a",
      reward: 0,
    },
    {
      name: "a request's puid",
      feedback: { response: {}, request: meta("b") },
      id: "b",
      reward: 0,
    },
    { name: "both", feedback: { puid: "a", response: meta("b") }, id: "a", reward: 0 },
    { name: "empty puids", feedback: { puid: "", response: meta("") }, id: undefined, reward: 0 },
    {
      name: "a puid that is none",
      feedback: { puid: 1, response: { meta: [] } },
      id: undefined,
      reward: 0,
    },
    { name: "a number as text", feedback: { reward: "-1.5" }, id: undefined, reward: -1.5 },
    { name: "null", feedback: { reward: null }, id: undefined, reward: 0 },
  ])("is read with $name", ({ feedback, id, reward }) => {
    expect(codec.feedback(rest(feedback))).toMatchObject({ id, reward });
  });

  it.each([
    "",
    "[]",
    "1",
    "{",
    '{"reward":"x"}',
    '{"reward":true}',
    '{"reward":[1]}',
    '{"reward":" "}',
  ])("is refused: %s", (body) => {
    expect(codeOf(() => codec.feedback(rest(body)))).toBe("MESSAGE_UNREADABLE");
  });

  it("holds the numbers of its request and of the truth, of seldon or of its own", () => {
    const read = codec.feedback(rest({ request: ndarray(1, 2), truth: ndarray(1) }));
    expect([read.request(), read.truth()]).toEqual([row(1, 2), row(1)]);
    const none = codec.feedback(rest({ request: 1, truth: null }));
    expect([none.request(), none.truth()]).toEqual([undefined, undefined]);
    const unfit = codec.feedback(rest({ request: { strData: "x" } }));
    expect(codeOf(() => unfit.request())).toBe("PAYLOAD_UNFIT");
  });

  it.each([
    { name: "in short", feedback: { routing: { r: 1, s: -2 }, reward: 1 }, want: [1, -2, -1] },
    {
      name: "as an answer has it",
      feedback: { response: { meta: { routing: { r: 1 } } }, reward: 1 },
      want: [1, -1, -1],
    },
    {
      name: "in both ways",
      feedback: { routing: { s: 0 }, response: { meta: { routing: { r: 1, s: 1 } } } },
      want: [1, 0, -1],
    },
    { name: "nowhere", feedback: { puid: "x", response: { outputs: [] } }, want: [-1, -1, -1] },
    {
      name: "beside a field nobody knows",
      feedback: { routing: { r: 1 }, x: 1 },
      want: [-1, -1, -1],
    },
    { name: "as no whole number", feedback: { routing: { r: 0.5 } }, want: [-1, -1, -1] },
    { name: "in no JSON", feedback: "x", want: [-1, -1, -1] },
  ])("carries routes $name", ({ feedback, want }) => {
    const routes = codec.feedbackRoutes(rest(feedback));
    expect(["r", "s", "constructor"].map(routes)).toEqual(want);
  });
});

describe.each(protoCodecs)("a Feedback over gRPC under $name", ({ codec }) => {
  const message = "seldon.protos.Feedback";
  it("is read", () => {
    const read = codec.feedback(
      protoPayload(message, {
        request: { ...meta("b"), data: { ndarray: protoList([[1, 2]]) } },
        response: meta("a"),
        truth: { data: { tensor: { shape: [1, 1], values: [3] } } },
        reward: 0.5,
      }),
    );
    expect(read).toMatchObject({ id: "a", reward: 0.5 });
    expect([read.request(), read.truth()]).toEqual([row(1, 2), row(3)]);
    const own = codec.feedback(protoPayload(message, { request: meta("b") }));
    expect(own).toMatchObject({ id: "b", reward: 0 });
    expect(codec.feedback(protoPayload(message, {})).request()).toBeUndefined();
  });

  it("carries routes", () => {
    const routes = codec.feedbackRoutes(
      protoPayload(message, { response: { meta: { routing: { r: 1, s: -2 } } } }),
    );
    expect(["r", "s", "t"].map(routes)).toEqual([1, -2, -1]);
  });

  it("is refused where its bytes are cut off", () => {
    const cut = rawPayload(message, Buffer.from([0x12, 0xff]));
    expect(codeOf(() => codec.feedback(cut))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("v2 and tensorflow feedback", () => {
  it("may hold messages of their own", () => {
    const inputs = [{ name: "x", datatype: "FP64", shape: [1, 2], data: [1, 2] }];
    expect(v2Json.feedback(rest({ request: { inputs } })).request()).toEqual(row(1, 2));
    const instances = [[1, 2]];
    expect(tensorflowJson.feedback(rest({ request: { instances } })).request()).toEqual(row(1, 2));
  });
});

const tags = { is_outlier: true, score: 0.5, rows: [0, 1], name: "é" };

describe("tag", () => {
  it.each([
    { name: "no meta", body: '{"data":1.0}', want: '{"meta":{"tags":T},"data":1.0}' },
    { name: "nothing", body: " { } ", want: ' {"meta":{"tags":T} } ' },
    {
      name: "a meta without tags",
      body: '{"meta":{"puid":"p"}}',
      want: '{"meta":{"tags":T,"puid":"p"}}',
    },
    { name: "null", body: '{"meta":null}', want: '{"meta":{"tags":T}}' },
    {
      name: "tags",
      body: '{"meta":{"tags":{"name":1, "k":2}},"x":1.0}',
      want: '{"meta":{"tags":{"name":"é","k":2,"is_outlier":true,"score":0.5,"rows":[0,1]}},"x":1.0}',
    },
  ])("puts tags into a SeldonMessage with $name, and leaves the rest", ({ body, want }) => {
    expect(textOf(seldonJson.tag(rest(body), tags))).toBe(want.replace("T", JSON.stringify(tags)));
  });

  it.each(["[]", "x", '{"meta":1}', '{"meta":{"tags":[]}}', "{"])("leaves %s alone", (body) => {
    expect(textOf(seldonJson.tag(rest(body), tags))).toBe(body);
  });

  it("merges into the tags of a SeldonMessage over gRPC", () => {
    const message = protoPayload("seldon.protos.SeldonMessage", {
      meta: { puid: "p", tags: { name: protoValue(1), k: protoValue(2) } },
      strData: "x",
    });
    expect(decodePayload(seldonProto.tag(message, tags))).toEqual({
      meta: {
        puid: "p",
        tags: {
          ...{ k: protoValue(2), is_outlier: protoValue(true), score: protoValue(0.5) },
          ...{ rows: protoValue([0, 1]), name: protoValue("é") },
        },
      },
      strData: "x",
    });
  });

  const parameters = { is_outlier: true, score: 0.5, rows: "[0,1]", name: "é" };

  it("puts parameters into a v2 message, before its binary tensors", () => {
    const json = '{"parameters":{"k":1},"inputs":[]}';
    const message = { ...rest(`${json}\u0000\u0001`), jsonBytes: json.length };
    const tagged = v2Json.tag(message, tags);
    expect(JSON.parse(tagged.body.toString("utf8", 0, tagged.jsonBytes))).toEqual({
      parameters: { k: 1, ...parameters },
      inputs: [],
    });
    expect([...tagged.body.subarray(tagged.jsonBytes)]).toEqual([0, 1]);
  });

  it("puts parameters into a v2 message over gRPC, where none is a fraction", () => {
    const message = protoPayload("inference.ModelInferResponse", { id: "q" });
    const { parameters: written } = decodePayload(
      openInferenceProto.tag(message, { ...tags, n: 3 }),
    );
    expect(written).toEqual({
      is_outlier: { bool_param: true },
      score: { string_param: "0.5" },
      rows: { string_param: "[0,1]" },
      name: { string_param: "é" },
      n: { int64_param: 3 },
    });
  });

  it("is nothing to tensorflow", () => {
    const message = rest("{}");
    expect(tensorflowJson.tag(message, tags)).toBe(message);
    expect(tensorflowProto.tag(message, tags)).toBe(message);
  });
});

const infer = "inference.ModelInferRequest";

describe("json", () => {
  it.each(jsonCodecs)("is what was sent as JSON under $name", ({ codec }) => {
    expect(codec.json(rest('{"a":[1,{"b":null}]}'))).toEqual({ a: [1, { b: null }] });
    expect(codeOf(() => codec.json(rest("{")))).toBe("PAYLOAD_UNFIT");
  });

  it("is the whole SeldonMessage over gRPC", () => {
    const { json } = seldonProto;
    const of = (plain: object) => json(protoPayload("seldon.protos.SeldonMessage", plain));
    expect(of({ meta: { puid: "p", tags: { a: protoValue([1]) } }, strData: "x" })).toEqual({
      meta: { puid: "p", tags: { a: [1] } },
      strData: "x",
    });
    expect(of({ data: { names: ["a"], tensor: { shape: [1], values: [2] } } })).toEqual({
      data: { names: ["a"], tensor: { shape: [1], values: [2] } },
    });
    expect(of({ binData: Buffer.from("x") })).toEqual({ binData: "eA==" });
    expect(of({ jsonData: protoValue({ a: [true, null, "x"] }) })).toEqual({
      jsonData: { a: [true, null, "x"] },
    });
  });

  const tensors = [
    { name: "i", datatype: "INT64", shape: [2], contents: { int64_contents: [1, -1] } },
    { name: "b", datatype: "BOOL", shape: [2], contents: { bool_contents: [true, false] } },
    { name: "t", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("é")] } },
  ];
  const shown = [
    { name: "i", datatype: "INT64", shape: [2], data: [1, -1] },
    { name: "b", datatype: "BOOL", shape: [2], data: [true, false] },
    { name: "t", datatype: "BYTES", shape: [1], data: ["é"] },
  ];

  it("is every tensor and parameter of a v2 message over gRPC", () => {
    const parameters = {
      a: { bool_param: true },
      b: { int64_param: -2 },
      c: { string_param: "x" },
    };
    const message = { model_name: "m", id: "q", parameters, inputs: tensors };
    expect(openInferenceProto.json(protoPayload(infer, message))).toEqual({
      model_name: "m",
      id: "q",
      parameters: { a: true, b: -2, c: "x" },
      inputs: shown,
    });
    expect(
      openInferenceProto.json(protoPayload("inference.ModelInferResponse", { outputs: tensors })),
    ).toEqual({
      outputs: shown,
    });
  });

  it("is raw tensors of v2 too", () => {
    const heads = tensors.map(({ contents: _, ...head }) => head);
    const numbers = Buffer.alloc(16);
    numbers.writeBigInt64LE(1n, 0);
    numbers.writeBigInt64LE(-1n, 8);
    const raw = [numbers, Buffer.from([1, 0]), Buffer.from([2, 0, 0, 0, 0xc3, 0xa9])];
    const message = { inputs: heads, raw_input_contents: raw };
    expect(openInferenceProto.json(protoPayload(infer, message))).toEqual({ inputs: shown });
    const cut = { ...message, raw_input_contents: [...raw.slice(0, 2), Buffer.from([9, 0])] };
    expect(codeOf(() => openInferenceProto.json(protoPayload(infer, cut)))).toBe("PAYLOAD_UNFIT");
  });

  it("is tensorflow's tensors by column", () => {
    const tensor = {
      dtype: "DT_FLOAT",
      tensor_shape: { dim: [{ size: 1 }, { size: 2 }] },
      float_val: [1, 2],
    };
    const of = (message: string, plain: object) =>
      tensorflowProto.json(protoPayload(`tensorflow.serving.${message}`, plain));
    expect(of("PredictRequest", { inputs: { x: tensor } })).toEqual({ inputs: { x: [[1, 2]] } });
    expect(of("PredictResponse", { outputs: { y: tensor } })).toEqual({ outputs: { y: [[1, 2]] } });
    const texts = { inputs: { x: { dtype: "DT_STRING", string_val: [Buffer.from("a")] } } };
    expect(codeOf(() => of("PredictRequest", texts))).toBe("PAYLOAD_UNFIT");
  });
});

describe("write, for numbers that stand for those of a request", () => {
  const how = { transforms: true };
  const view = row(0.5, 0.25);
  it.each(["FP32", "FP64", "INT64"])("keeps the name of a v2 tensor of %s", (datatype) => {
    const wide = datatype === "FP32" ? "FP32" : "FP64";
    const head = { name: "x", datatype, shape: [1, 2] };
    const json = v2Json.write(view, [rest({ inputs: [{ ...head, data: [1, 2] }] })], how);
    const [output] = JSON.parse(textOf(json)).outputs;
    expect(output).toEqual({ name: "x", datatype: wide, shape: [1, 2], data: view.values });
    const contents = { [`${wide.toLowerCase()}_contents`]: view.values };
    const proto = openInferenceProto.write(view, [protoPayload(infer, { inputs: [head] })], how);
    expect(decodePayload(proto)).toMatchObject({
      outputs: [{ name: "x", datatype: wide, contents }],
    });
    const inputs = { inputs: [head], raw_input_contents: [Buffer.alloc(16)] };
    const raw = openInferenceProto.write(view, [protoPayload(infer, inputs)], how);
    expect(openInferenceProto.view(raw)).toEqual(view);
  });

  it.each(["DT_FLOAT", "DT_DOUBLE"])("keeps the name of a tensorflow tensor of %s", (dtype) => {
    const request = { inputs: { x: { dtype } } };
    const message = protoPayload("tensorflow.serving.PredictRequest", request);
    const written = tensorflowProto.write(view, [message], how);
    expect(decodePayload(written)).toMatchObject({ outputs: { x: { dtype } } });
    expect(tensorflowProto.view(written)).toEqual(view);
  });

  it("names an answer that does not stand for a request otherwise", () => {
    const message = rest({ inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [1] }] });
    const [output] = JSON.parse(textOf(v2Json.write(view, [message]))).outputs;
    expect(output).toMatchObject({ name: "output", datatype: "FP64" });
  });
});

describe("codecs, for built-in nodes", () => {
  it("throw nothing but EngineError for any text", () => {
    const sample = fc.oneof(
      fc.json().map((text) => rest(text)),
      fc.string().map((text) => rest(text)),
    );
    fc.assert(
      fc.property(sample, fc.constantFrom(...jsonCodecs), (message, { codec }) => {
        outcome(() => codec.feedback(message).request());
        outcome(() => codec.feedbackRoutes(message)("r"));
        outcome(() => codec.json(message));
        const tagged = outcome(() => codec.tag(message, tags));
        if (typeof tagged === "object") outcome(() => codec.json(tagged));
      }),
      { numRuns: 2000 },
    );
  });

  it("leave tagged JSON as it was but for the tags", () => {
    const object = fc.dictionary(
      fc.string().filter((key) => key !== "meta" && key !== "__proto__"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(object, fc.boolean(), (message, hasMeta) => {
        const whole = hasMeta ? { meta: { puid: "p" }, ...message } : message;
        const tagged = JSON.parse(textOf(seldonJson.tag(rest(whole), tags)));
        const had = JSON.parse(JSON.stringify(whole));
        expect(tagged).toEqual({ ...had, meta: { ...(hasMeta && { puid: "p" }), tags } });
      }),
    );
  });
});
