import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { openInferenceProto } from "../../../runtime/protocol/open-inference-proto.ts";
import { decodePayload, protoPayload, rawPayload } from "./messages.ts";
import { codeOf, outcome } from "./outcome.ts";

const requestName = "inference.ModelInferRequest";
const responseName = "inference.ModelInferResponse";
const request = (plain: object) => protoPayload(requestName, plain);
const response = (plain: object) => protoPayload(responseName, plain);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const base64 = (bytes: Buffer): string => bytes.toString("base64");
const fp32 = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);

const tensor = (datatype: string, contents: object | undefined, more: object = {}) => ({
  name: "t",
  datatype,
  shape: [1],
  ...(contents && { contents }),
  ...more,
});

describe("openInferenceProto.chain", () => {
  it("passes on a request that names a model", () => {
    const message = request({ model_name: "abc", id: "q" });
    expect(openInferenceProto.chain(message, "m")).toBe(message);
  });

  it.each([
    { name: "no name", bytes: "1a0171" },
    { name: "an empty name", bytes: "0a00 1a0171" },
    { name: "a name taken back", bytes: "0a0161 1a0171 0a00" },
  ])("names the model in a request with $name", ({ bytes }) => {
    const chained = openInferenceProto.chain(rawPayload(requestName, hex(bytes)), "m");
    expect(chained.body.toString("hex")).toBe("0a016d1a0171");
    expect(chained.message).toBe(requestName);
  });

  it("makes a response a request", () => {
    const parameters = {
      b: { bool_param: true },
      i: { int64_param: 7 },
      s: { string_param: "x" },
    };
    const outputs = [
      {
        ...tensor("BYTES", { bytes_contents: ["eA=="] }),
        parameters: { k: { string_param: "v" } },
      },
      tensor("FP32", { fp32_contents: [0.5] }),
    ];
    const answer = response({
      model_name: "from-a",
      model_version: "1",
      id: "q",
      parameters,
      outputs,
    });
    const chained = openInferenceProto.chain(answer, "b");
    expect(chained.message).toBe(requestName);
    expect(decodePayload(chained)).toEqual({ model_name: "b", parameters, inputs: outputs });
  });

  it("keeps raw contents and what it does not know inside tensors", () => {
    // outputs {name "t", unknown field 99}, raw_output_contents 01020304
    const bytes = hex("2a07 0a0174 9a060178 3204 01020304");
    const chained = openInferenceProto.chain(rawPayload(responseName, bytes), "b");
    expect(chained.body.toString("hex")).toBe(
      hex("0a0162 2a07 0a0174 9a060178 3a04 01020304").toString("hex"),
    );
  });

  it.each([
    { name: "another message", message: rawPayload("inference.ModelReadyRequest", hex("")) },
    { name: "a message without a name", message: { ...request({}), message: "" } },
    { name: "a malformed request", message: rawPayload(requestName, hex("0aff")) },
    { name: "a malformed response", message: rawPayload(responseName, hex("2aff")) },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => openInferenceProto.chain(message, "m"))).toBe("MESSAGE_UNREADABLE");
  });
});

const parameterOf = (child: number) => ({ "espalier.child": { int64_param: child } });

describe("openInferenceProto.join", () => {
  it("puts typed tensors into one request and says whose they are", () => {
    const joined = openInferenceProto.join(
      [
        response({
          model_name: "a",
          id: "1",
          parameters: { p: { int64_param: 1 }, q: { bool_param: true } },
          outputs: [
            tensor("FP32", { fp32_contents: [1] }),
            {
              ...tensor("BOOL", { bool_contents: [true] }),
              parameters: { k: { string_param: "v" } },
            },
          ],
        }),
        response({ model_name: "b", parameters: { p: { int64_param: 2 } } }),
        response({ outputs: [tensor("INT64", { int64_contents: [3] })] }),
      ],
      "c",
    );
    expect(joined.message).toBe(requestName);
    expect(decodePayload(joined)).toEqual({
      model_name: "c",
      parameters: { p: { int64_param: 2 }, q: { bool_param: true } },
      inputs: [
        { ...tensor("FP32", { fp32_contents: [1] }), parameters: parameterOf(0) },
        {
          ...tensor("BOOL", { bool_contents: [true] }),
          parameters: { k: { string_param: "v" }, ...parameterOf(0) },
        },
        { ...tensor("INT64", { int64_contents: [3] }), parameters: parameterOf(2) },
      ],
    });
  });

  it("keeps raw contents in order", () => {
    const raw = (...contents: Buffer[]) =>
      response({
        outputs: contents.map(() => tensor("FP32", undefined)),
        raw_output_contents: contents,
      });
    const joined = decodePayload(
      openInferenceProto.join([raw(fp32(1), fp32(2)), raw(fp32(3))], "c"),
    );
    expect(joined["raw_input_contents"]).toEqual([fp32(1), fp32(2), fp32(3)].map(base64));
    expect(joined["inputs"]).toEqual(
      [0, 0, 1].map((child) => ({ ...tensor("FP32", undefined), parameters: parameterOf(child) })),
    );
  });

  it.each([
    { datatype: "BOOL", contents: { bool_contents: [true, false] }, raw: "0100" },
    { datatype: "INT8", contents: { int_contents: [-1, 127] }, raw: "ff7f" },
    { datatype: "INT16", contents: { int_contents: [-2, 300] }, raw: "feff2c01" },
    { datatype: "INT32", contents: { int_contents: [-3, 70000] }, raw: "fdffffff70110100" },
    {
      datatype: "INT64",
      contents: { int64_contents: ["-4", "9007199254740993"] },
      raw: "fcffffffffffffff0100000000002000",
    },
    { datatype: "UINT8", contents: { uint_contents: [255] }, raw: "ff" },
    { datatype: "UINT16", contents: { uint_contents: [65535] }, raw: "ffff" },
    { datatype: "UINT32", contents: { uint_contents: [4294967295] }, raw: "ffffffff" },
    {
      datatype: "UINT64",
      contents: { uint64_contents: ["18446744073709551615"] },
      raw: "ffffffffffffffff",
    },
    { datatype: "FP32", contents: { fp32_contents: [1, -0.5] }, raw: "0000803f000000bf" },
    { datatype: "FP64", contents: { fp64_contents: [0.1] }, raw: "9a9999999999b93f" },
    {
      datatype: "BYTES",
      contents: { bytes_contents: ["eA==", "", "YWI="] },
      raw: "0100000078 00000000 020000006162",
    },
    { datatype: "FP32", contents: undefined, raw: "" },
  ])("makes typed $datatype raw where other tensors are", ({ datatype, contents, raw }) => {
    const typed = response({ outputs: [tensor(datatype, contents)] });
    const other = response({
      outputs: [tensor("FP16", undefined)],
      raw_output_contents: [hex("003c")],
    });
    const joined = decodePayload(openInferenceProto.join([typed, other], "c"));
    expect(joined["raw_input_contents"]).toEqual([base64(hex(raw)), base64(hex("003c"))]);
    expect(joined["inputs"]).toEqual([
      { ...tensor(datatype, undefined), parameters: parameterOf(0) },
      { ...tensor("FP16", undefined), parameters: parameterOf(1) },
    ]);
  });

  it("takes a request that passed through a child without a model", () => {
    const passed = request({
      model_name: "x",
      inputs: [tensor("FP32", undefined)],
      outputs: [{ name: "wanted" }],
      raw_input_contents: [fp32(1)],
    });
    expect(decodePayload(openInferenceProto.join([passed], "c"))).toEqual({
      model_name: "c",
      inputs: [{ ...tensor("FP32", undefined), parameters: parameterOf(0) }],
      raw_input_contents: [base64(fp32(1))],
    });
  });

  const raw = { outputs: [tensor("FP32", undefined)], raw_output_contents: [fp32(1)] };
  it.each([
    {
      name: "fewer raw contents than tensors",
      answers: [response({ ...raw, outputs: [...raw.outputs, ...raw.outputs] })],
    },
    { name: "more raw contents than tensors", answers: [response({ ...raw, outputs: [] })] },
    {
      name: "typed contents of an unknown datatype",
      answers: [response(raw), response({ outputs: [tensor("FP16", {})] })],
    },
    { name: "another message", answers: [protoPayload("inference.ModelReadyResponse", {})] },
    { name: "malformed bytes", answers: [rawPayload(responseName, hex("2aff"))] },
  ])("refuses $name", ({ answers }) => {
    expect(codeOf(() => openInferenceProto.join(answers, "c"))).toBe("MESSAGE_UNREADABLE");
  });
});

const rawTensor = (datatype: string, raw: string, more: object = {}) =>
  response({ outputs: [tensor(datatype, undefined, more)], raw_output_contents: [hex(raw)] });
const typed = (datatype: string, contents: object, more: object = {}) =>
  response({ outputs: [tensor(datatype, contents, more)] });

describe("openInferenceProto.route", () => {
  it.each([
    { name: "INT32", answer: typed("INT32", { int_contents: [1, 9] }), route: 1 },
    { name: "all", answer: typed("INT64", { int64_contents: [-1] }), route: -1 },
    { name: "FP32, truncated", answer: typed("FP32", { fp32_contents: [1.9] }), route: 1 },
    { name: "UINT64", answer: typed("UINT64", { uint64_contents: [2] }), route: 2 },
    { name: "BOOL", answer: typed("BOOL", { bool_contents: [true] }), route: 1 },
    { name: "raw INT64", answer: rawTensor("INT64", "feffffffffffffff"), route: -2 },
    { name: "raw FP16", answer: rawTensor("FP16", "003c"), route: 1 },
    {
      name: "unpacked FP64",
      answer: rawPayload(responseName, hex("2a11 1204 46503634 2a09 39 000000000000f03f")),
      route: 1,
    },
  ])("reads $name", ({ answer, route }) => {
    expect(openInferenceProto.route(answer)).toBe(route);
  });

  it.each([
    { name: "no outputs", answer: response({}) },
    { name: "no contents", answer: response({ outputs: [tensor("INT32", undefined)] }) },
    { name: "BYTES", answer: typed("BYTES", { bytes_contents: ["MQ=="] }) },
    { name: "raw BYTES", answer: rawTensor("BYTES", "0100000031") },
    { name: "half a raw value", answer: rawTensor("INT64", "01") },
    { name: "-3", answer: typed("INT32", { int_contents: [-3] }) },
    { name: "NaN", answer: typed("FP32", { fp32_contents: [Number.NaN] }) },
    { name: "another message", answer: rawPayload("inference.X", hex("")) },
    { name: "malformed bytes", answer: rawPayload(responseName, hex("2aff")) },
  ])("refuses $name", ({ answer }) => {
    expect(codeOf(() => openInferenceProto.route(answer))).toBe("ROUTE_UNREADABLE");
  });
});

describe("openInferenceProto.view", () => {
  it.each([
    {
      name: "typed FP32 of a response",
      message: typed("FP32", { fp32_contents: [0.5, 2] }, { shape: [1, 2] }),
      view: { shape: [1, 2], values: [0.5, 2] },
    },
    {
      name: "typed INT8 of a request",
      message: request({ inputs: [tensor("INT8", { int_contents: [-1] })] }),
      view: { shape: [1], values: [-1] },
    },
    {
      name: "BOOL",
      message: typed("BOOL", { bool_contents: [true] }),
      view: { shape: [1], values: [1] },
    },
    {
      name: "raw UINT8",
      message: rawTensor("UINT8", "0708", { shape: [2] }),
      view: { shape: [2], values: [7, 8] },
    },
    { name: "raw BF16", message: rawTensor("BF16", "c03f"), view: { shape: [1], values: [1.5] } },
    {
      name: "the first of two raw tensors",
      message: response({
        outputs: [tensor("FP32", undefined), tensor("BYTES", undefined)],
        raw_output_contents: [fp32(4), hex("00000000")],
      }),
      view: { shape: [1], values: [4] },
    },
    {
      name: "an empty tensor",
      message: typed("FP64", {}, { shape: [0] }),
      view: { shape: [0], values: [] },
    },
  ])("reads $name", ({ message, view }) => {
    expect(openInferenceProto.view(message)).toEqual({ ...view, names: [] });
  });

  it.each([
    { name: "no tensor", message: response({}) },
    { name: "BYTES", message: typed("BYTES", { bytes_contents: ["eA=="] }) },
    { name: "raw BYTES", message: rawTensor("BYTES", "0100000031") },
    {
      name: "less data than the shape",
      message: typed("FP32", { fp32_contents: [1] }, { shape: [2] }),
    },
    { name: "contents of another datatype", message: typed("FP32", { fp64_contents: [1] }) },
    { name: "a negative shape", message: typed("FP32", { fp32_contents: [1] }, { shape: [-1] }) },
    { name: "raw data of another size", message: rawTensor("FP32", "0000803f", { shape: [2] }) },
    { name: "raw data cut off", message: rawTensor("FP32", "000080") },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => openInferenceProto.view(message))).toBe("PAYLOAD_UNFIT");
  });
});

describe("openInferenceProto.write", () => {
  const view = { shape: [1, 2], values: [0.5, 2], names: [] };
  const written = { datatype: "FP64", shape: [1, 2], contents: { fp64_contents: [0.5, 2] } };

  it("keeps name, id, parameters and tensor name of the first", () => {
    const like = response({
      model_name: "a",
      model_version: "1",
      id: "q",
      parameters: { p: { int64_param: 1 } },
      outputs: [{ ...tensor("INT64", {}), name: "proba" }],
    });
    const answer = openInferenceProto.write(view, [like, response({ id: "other" })]);
    expect(answer.message).toBe(responseName);
    expect(decodePayload(answer)).toEqual({
      model_name: "a",
      id: "q",
      parameters: { p: { int64_param: 1 } },
      outputs: [{ name: "proba", ...written }],
    });
  });

  it("writes raw contents where the first has them", () => {
    const answer = decodePayload(openInferenceProto.write(view, [rawTensor("FP32", "0000803f")]));
    expect(answer["outputs"]).toEqual([{ name: "t", datatype: "FP64", shape: [1, 2] }]);
    expect(answer["raw_output_contents"]).toEqual([
      base64(Buffer.from(new Float64Array([0.5, 2]).buffer)),
    ]);
  });

  it.each([
    { name: "nothing", like: [], kept: {} },
    {
      name: "a request",
      like: [
        request({ model_name: "m", id: "q", inputs: [tensor("FP32", { fp32_contents: [1] })] }),
      ],
      kept: { model_name: "m", id: "q" },
    },
  ])("names the tensor itself like $name", ({ like, kept }) => {
    expect(decodePayload(openInferenceProto.write(view, like))).toEqual({
      ...kept,
      outputs: [{ name: "output", ...written }],
    });
  });

  it("writes what view reads, typed and raw", () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
    const like = fc.constantFrom(response({}), rawTensor("FP32", "0000803f"));
    fc.assert(
      fc.property(values, like, (numbers, one) => {
        const given = { shape: [numbers.length], values: numbers, names: [] };
        expect(openInferenceProto.view(openInferenceProto.write(given, [one]))).toEqual(given);
      }),
    );
  });
});

describe("openInferenceProto", () => {
  it("records nothing and sends feedback everywhere", () => {
    const message = response({});
    expect(openInferenceProto.record(message, new Map([["r", 1]]))).toBe(message);
    expect(openInferenceProto.feedbackRoutes(message)("r")).toBe(-1);
  });

  it("throws nothing but EngineError, whatever the bytes", () => {
    const junk = fc.uint8Array({ maxLength: 50 });
    // A response with one tensor of a random datatype, whose inside is random.
    const shaped = fc
      .tuple(
        fc.constantFrom("BOOL", "INT8", "INT64", "UINT64", "FP32", "FP64", "BYTES"),
        junk,
        junk,
      )
      .map(([datatype, rest, raw]) => {
        const inside = Buffer.concat([
          Buffer.from([0x12, datatype.length]),
          Buffer.from(datatype),
          Buffer.from(rest),
        ]);
        return Buffer.concat([
          Buffer.from([0x2a, inside.length]),
          inside,
          ...(raw.length > 25 ? [Buffer.from([0x32, raw.length]), Buffer.from(raw)] : []),
        ]);
      });
    fc.assert(
      fc.property(
        fc.oneof(junk, shaped),
        fc.constantFrom(requestName, responseName),
        (bytes, name) => {
          const message = rawPayload(name, Buffer.from(bytes));
          const other = rawTensor("FP32", "0000803f");
          outcome(() => openInferenceProto.chain(message, "m"));
          outcome(() => openInferenceProto.join([message, other], "m"));
          outcome(() => openInferenceProto.route(message));
          outcome(() => openInferenceProto.view(message));
          outcome(() =>
            openInferenceProto.write({ shape: [1], values: [1], names: [] }, [message]),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
