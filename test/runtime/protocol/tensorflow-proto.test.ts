import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { tensorflowProto } from "../../../runtime/protocol/tensorflow-proto.ts";
import { decodePayload, protoPayload, rawPayload } from "./messages.ts";
import { codeOf, outcome } from "./outcome.ts";

const requestName = "tensorflow.serving.PredictRequest";
const responseName = "tensorflow.serving.PredictResponse";
const request = (plain: object) => protoPayload(requestName, plain);
const response = (plain: object) => protoPayload(responseName, plain);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const floats = (...values: number[]) => ({
  dtype: "DT_FLOAT",
  tensor_shape: { dim: [{ size: values.length }] },
  float_val: values,
});
const strings = { dtype: "DT_STRING", tensor_shape: { dim: [{ size: 1 }] }, string_val: ["eA=="] };

describe("tensorflowProto.chain", () => {
  it.each([
    requestName,
    "tensorflow.serving.ClassificationRequest",
    "tensorflow.serving.RegressionRequest",
    "tensorflow.serving.MultiInferenceRequest",
  ])("passes on a %s as it is", (name) => {
    const message = rawPayload(name, hex("0a00"));
    expect(tensorflowProto.chain(message, "m")).toBe(message);
  });

  it("makes a response a request", () => {
    const answer = response({
      outputs: { t1: strings, t2: floats(1, 2) },
      model_spec: { name: "from-a", signature_name: "sig" },
    });
    const chained = tensorflowProto.chain(answer, "b");
    expect(chained.message).toBe(requestName);
    expect(decodePayload(chained)).toEqual({
      model_spec: { name: "b" },
      inputs: { t1: strings, t2: floats(1, 2) },
    });
  });

  it("keeps the bytes of tensors", () => {
    // outputs {key "t", value {dtype FLOAT, unknown field 99}}, model_spec {}
    const bytes = hex("0a0b 0a0174 1206 0801 9a060178 1200");
    const chained = tensorflowProto.chain(rawPayload(responseName, bytes), "b");
    expect(chained.body.toString("hex")).toBe(
      hex("0a03 0a0162 120b 0a0174 1206 0801 9a060178").toString("hex"),
    );
  });

  it.each([
    {
      name: "an answer to Classify",
      message: rawPayload("tensorflow.serving.ClassificationResponse", hex("")),
    },
    {
      name: "an answer to MultiInference",
      message: rawPayload("tensorflow.serving.MultiInferenceResponse", hex("")),
    },
    { name: "a message without a name", message: { ...request({}), message: "" } },
    { name: "a malformed response", message: rawPayload(responseName, hex("0aff")) },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => tensorflowProto.chain(message, "m"))).toBe("MESSAGE_UNREADABLE");
  });

  it("says in v1's words why it cannot chain", () => {
    const message = rawPayload("tensorflow.serving.ClassificationResponse", hex(""));
    expect(() => tensorflowProto.chain(message, "m")).toThrow(/^Invalid type /);
  });
});

describe("tensorflowProto.join", () => {
  it("names tensors by child and name", () => {
    const joined = tensorflowProto.join(
      [
        response({ outputs: { x: floats(1), y: strings }, model_spec: { name: "a" } }),
        request({ inputs: { x: floats(2) }, output_filter: ["f"] }),
      ],
      "c",
    );
    expect(joined.message).toBe(requestName);
    expect(decodePayload(joined)).toEqual({
      model_spec: { name: "c" },
      inputs: { "0/x": floats(1), "0/y": strings, "1/x": floats(2) },
    });
  });

  it.each([
    {
      name: "an answer to Classify",
      answer: rawPayload("tensorflow.serving.ClassificationResponse", hex("")),
    },
    { name: "malformed bytes", answer: rawPayload(responseName, hex("0aff")) },
  ])("refuses $name", ({ answer }) => {
    expect(codeOf(() => tensorflowProto.join([answer], "m"))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("tensorflowProto.route", () => {
  it.each([
    { name: "floats", answer: response({ outputs: { o: floats(1.9, 0) } }), route: 1 },
    {
      name: "int_val",
      answer: response({ outputs: { o: { dtype: "DT_INT32", int_val: [-1] } } }),
      route: -1,
    },
    {
      name: "int64_val",
      answer: response({ outputs: { o: { dtype: "DT_INT64", int64_val: [2] } } }),
      route: 2,
    },
    {
      name: "raw content",
      answer: response({ outputs: { o: { dtype: "DT_INT32", tensor_content: hex("01000000") } } }),
      route: 1,
    },
    {
      name: "half precision",
      answer: response({ outputs: { o: { dtype: "DT_HALF", half_val: [0x3c00] } } }),
      route: 1,
    },
    {
      name: "the output whose name comes first",
      answer: response({ outputs: { z: floats(0), a: floats(1) } }),
      route: 1,
    },
  ])("reads $name", ({ answer, route }) => {
    expect(tensorflowProto.route(answer)).toBe(route);
  });

  it.each([
    { name: "no outputs", answer: response({}) },
    { name: "strings", answer: response({ outputs: { o: strings } }) },
    { name: "an empty tensor", answer: response({ outputs: { o: { dtype: "DT_FLOAT" } } }) },
    { name: "-3", answer: response({ outputs: { o: floats(-3) } }) },
    {
      name: "another message",
      answer: rawPayload("tensorflow.serving.ClassificationResponse", hex("")),
    },
    { name: "malformed bytes", answer: rawPayload(responseName, hex("0aff")) },
  ])("refuses $name", ({ answer }) => {
    expect(codeOf(() => tensorflowProto.route(answer))).toBe("ROUTE_UNREADABLE");
  });
});

describe("tensorflowProto.view", () => {
  it.each([
    { name: "a response", message: response({ outputs: { o: floats(1, 2) } }), values: [1, 2] },
    { name: "a request", message: request({ inputs: { i: floats(3) } }), values: [3] },
    {
      name: "the first by name",
      message: response({ outputs: { b: strings, a: floats(4) } }),
      values: [4],
    },
  ])("reads $name", ({ message, values }) => {
    expect(tensorflowProto.view(message)).toEqual({ shape: [values.length], values, names: [] });
  });

  it.each([
    { name: "no tensor", message: response({}) },
    { name: "strings", message: response({ outputs: { o: strings } }) },
    {
      name: "too many values",
      message: response({ outputs: { o: { ...floats(1), float_val: [1, 2] } } }),
    },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => tensorflowProto.view(message))).toBe("PAYLOAD_UNFIT");
  });
});

describe("tensorflowProto.write", () => {
  const view = { shape: [1, 2], values: [0.5, 2], names: [] };
  const written = {
    dtype: "DT_DOUBLE",
    tensor_shape: { dim: [{ size: 1 }, { size: 2 }] },
    double_val: [0.5, 2],
  };

  it.each([
    {
      name: "a response",
      like: [response({ outputs: { z: floats(1), p: floats(1) }, model_spec: { name: "a" } })],
      want: { outputs: { p: written }, model_spec: { name: "a" } },
    },
    {
      name: "a request",
      like: [request({ model_spec: { name: "m", signature_name: "s" }, inputs: { i: floats(1) } })],
      want: { outputs: { outputs: written }, model_spec: { name: "m", signature_name: "s" } },
    },
    {
      name: "a request to classify",
      like: [rawPayload("tensorflow.serving.ClassificationRequest", hex("0a00"))],
      want: { outputs: { outputs: written } },
    },
    { name: "nothing", like: [], want: { outputs: { outputs: written } } },
  ])("writes a response like $name", ({ like, want }) => {
    const answer = tensorflowProto.write(view, like);
    expect(answer.message).toBe(responseName);
    expect(decodePayload(answer)).toEqual(want);
    expect(tensorflowProto.view(answer)).toEqual(view);
  });
});

describe("tensorflowProto", () => {
  it("records nothing and sends feedback everywhere", () => {
    const message = response({});
    expect(tensorflowProto.record(message, new Map([["r", 1]]))).toBe(message);
    expect(tensorflowProto.feedbackRoutes(message)("r")).toBe(-1);
  });

  it("throws nothing but EngineError, whatever the bytes", () => {
    const junk = fc.uint8Array({ maxLength: 60 });
    const shaped = fc
      .tuple(fc.constantFrom(1, 2, 3, 7, 9, 10, 14, 19, 23, 101), junk)
      .map(([dtype, rest]) => {
        const tensor = Buffer.from([0x08, dtype, ...rest]);
        const entry = Buffer.concat([Buffer.from([0x0a, 1, 0x61, 0x12, tensor.length]), tensor]);
        return Buffer.concat([Buffer.from([0x0a, entry.length]), entry]);
      });
    fc.assert(
      fc.property(
        fc.oneof(junk, shaped),
        fc.constantFrom(requestName, responseName),
        (bytes, name) => {
          const message = rawPayload(name, Buffer.from(bytes));
          outcome(() => tensorflowProto.chain(message, "m"));
          outcome(() => tensorflowProto.join([message], "m"));
          outcome(() => tensorflowProto.route(message));
          outcome(() => tensorflowProto.view(message));
          outcome(() => tensorflowProto.write({ shape: [1], values: [1], names: [] }, [message]));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
