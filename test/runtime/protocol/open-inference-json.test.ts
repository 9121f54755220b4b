import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeOpenInferenceJson } from "../../../runtime/protocol/open-inference-json.ts";
import { gzipped, jsonOf, rest, textOf, withBinary } from "./json-messages.ts";
import { objectWith } from "./json-text.ts";
import { codeOf, outcome } from "./outcome.ts";

const codec = makeOpenInferenceJson(1_000_000);
const fp32 = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
const fp64 = (...values: number[]) => Buffer.from(new Float64Array(values).buffer);
const int64 = (...values: bigint[]) => Buffer.from(new BigInt64Array(values).buffer);
const bytes = (...values: (string | Buffer)[]) =>
  Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(value));
      return [length, Buffer.from(value)];
    }),
  );

describe("makeOpenInferenceJson chain", () => {
  it.each([
    '{"inputs":[]}',
    '{"id":"q", "inputs": [{"data":[1.0]}], "outputs":[{"name":"o"}]}',
    '{"outputs":[], "inputs":[]}',
  ])("passes on a request as it is: %s", (text) => {
    const message = rest(text);
    expect(codec.chain(message, "m")).toBe(message);
  });

  it("makes a response a request and keeps everything else", () => {
    const text =
      '{ "model_name":"A","id":"a-1","parameters":{"p":1.0},"outputs":[{"data":[1.50,12345678901234567890]}],"more":[] }';
    const chained = codec.chain(rest(text, { contentType: "application/json; v=2" }), "m");
    expect(textOf(chained)).toBe(text.replace('"outputs"', '"inputs"'));
    expect(chained.contentType).toBe("application/json; v=2");
  });

  it("unpacks what it changes, and only that", () => {
    const changed = codec.chain(gzipped({ outputs: [] }), "m");
    expect([textOf(changed), changed.contentEncoding]).toEqual(['{"inputs":[]}', undefined]);
    const kept = gzipped({ inputs: [] });
    expect(codec.chain(kept, "m")).toBe(kept);
  });

  it("keeps a binary part and tells the new length of the JSON part", () => {
    const raw = fp32(1, 2);
    const message = withBinary({ outputs: [{ parameters: { binary_data_size: 8 } }] }, raw);
    const { body, jsonBytes } = codec.chain(message, "m");
    expect(body.toString("utf8", 0, jsonBytes)).toBe(
      '{"inputs":[{"parameters":{"binary_data_size":8}}]}',
    );
    expect(body.subarray(jsonBytes)).toEqual(raw);
  });

  it("looks for keys in the JSON part only", () => {
    const message = withBinary({ outputs: [] }, Buffer.from('{"inputs":[]}'));
    expect(textOf(codec.chain(message, "m"))).toBe('{"inputs":[]}{"inputs":[]}');
  });

  it.each([
    { name: "neither inputs nor outputs", message: rest({ predictions: [1] }) },
    { name: "an empty object", message: rest({}) },
    { name: "an array", message: rest([{ outputs: [] }]) },
    { name: "a string", message: rest('"outputs"') },
    { name: "nothing", message: rest("") },
    { name: "half a response", message: rest('{"outputs":[1') },
    {
      name: "a JSON part longer than the body",
      message: { ...rest({ outputs: [] }), jsonBytes: 99 },
    },
    { name: "an empty JSON part", message: { ...rest({ outputs: [] }), jsonBytes: 0 } },
    { name: "another coding", message: rest({ outputs: [] }, { contentEncoding: "br" }) },
    { name: "gzip that is none", message: rest({ outputs: [] }, { contentEncoding: "gzip" }) },
    { name: "a gzip bomb", message: gzipped({ outputs: "x".repeat(2_000_000) }) },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => codec.chain(message, "m"))).toBe("MESSAGE_UNREADABLE");
  });

  it("says in v1's words why it cannot chain", () => {
    expect(() => codec.chain(rest({}), "m")).toThrow(
      /^Failed to convert kfserving response so it could be chained to new input$/,
    );
  });

  it("chains any JSON or throws EngineError", () => {
    fc.assert(
      fc.property(objectWith(["inputs", "outputs", "id"]), fc.nat(20), (text, jsonBytes) => {
        const chained = outcome(() => codec.chain(rest(text), "m"));
        if (typeof chained === "object") expect(jsonOf(chained)).toHaveProperty("inputs");
        outcome(() => codec.chain(rest(text, { jsonBytes }), "m"));
      }),
    );
  });
});

describe("makeOpenInferenceJson join", () => {
  it("makes a bare array of the bodies, byte for byte", () => {
    const joined = codec.join([rest('{ "outputs": [1.0] }'), gzipped({ outputs: [] })], "m");
    expect(textOf(joined)).toBe('[{ "outputs": [1.0] },{"outputs":[]}]');
    expect(joined.contentType).toBe("application/json");
  });

  it("writes binary tensors into the JSON, exactly", () => {
    const tensor = (name: string, datatype: string, size: number, more = "") =>
      `{"name":"${name}", "datatype":"${datatype}","shape":[2],"parameters":{${more}"binary_data_size":${size}}}`;
    const text = `{"id": 1.0,"outputs":[${[
      tensor("f", "FP32", 8, '"a" : 1.50 , '),
      tensor("i", "INT64", 16),
      '{"name":"j","datatype":"INT64","shape":[1],"data":[12345678901234567890]}',
      tensor("u", "UINT8", 2),
      tensor("b", "BOOL", 2),
      tensor("h", "FP16", 4),
      tensor("s", "BYTES", 13),
      tensor("e", "FP64", 0),
    ].join(",")}]}`;
    const message = withBinary(
      text,
      fp32(1.5, -0),
      int64(9007199254740993n, -1n),
      Buffer.from([0, 255]),
      Buffer.from([1, 0]),
      Buffer.from([0x00, 0x3c, 0x00, 0xc0]),
      bytes('a"\u00e9', "x"),
    );
    const joined = codec.join([message, rest("{}")], "m");
    const head = (name: string, datatype: string, data: string, parameters = "{}") =>
      `{"data":${data},"name":"${name}", "datatype":"${datatype}","shape":[2],"parameters":${parameters}}`;
    expect(textOf(joined)).toBe(
      `[{"id": 1.0,"outputs":[${[
        head("f", "FP32", "[1.5,-0]", '{"a" : 1.50}'),
        head("i", "INT64", "[9007199254740993,-1]"),
        '{"name":"j","datatype":"INT64","shape":[1],"data":[12345678901234567890]}',
        head("u", "UINT8", "[0,255]"),
        head("b", "BOOL", "[true,false]"),
        head("h", "FP16", "[1,-2]"),
        head("s", "BYTES", '["a\\"\u00e9","x"]'),
        head("e", "FP64", "[]"),
      ].join(",")}]},{}]`,
    );
    expect([joined.contentType, joined.jsonBytes]).toEqual(["application/json", undefined]);
  });

  it("writes large binary tensors", () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i / 2);
    const message = withBinary(
      { outputs: [{ datatype: "FP32", parameters: { binary_data_size: 40_000 } }] },
      fp32(...values),
    );
    expect(jsonOf(codec.join([message], "m"))).toEqual([
      { outputs: [{ data: values, datatype: "FP32", parameters: {} }] },
    ]);
  });

  const sized = (datatype: string, binary_data_size: unknown) => ({
    outputs: [{ name: "o", datatype, shape: [1], parameters: { binary_data_size } }],
  });

  it.each([
    { name: "text", message: rest("hello") },
    { name: "more than the binary part has", message: withBinary(sized("FP32", 8), fp32(1)) },
    { name: "less than the binary part has", message: withBinary(sized("FP32", 4), fp32(1, 2)) },
    { name: "a negative size", message: withBinary(sized("FP32", -4), fp32(1)) },
    { name: "a size that is no number", message: withBinary(sized("FP32", [[4]]), fp32(1)) },
    { name: "half a value", message: withBinary(sized("FP32", 3), Buffer.alloc(3)) },
    { name: "an unknown datatype", message: withBinary(sized("FP7", 4), fp32(1)) },
    { name: "NaN", message: withBinary(sized("FP32", 4), fp32(Number.NaN)) },
    {
      name: "BYTES that are cut off",
      message: withBinary(sized("BYTES", 5), bytes("ab").subarray(0, 5)),
    },
    {
      name: "BYTES that are not UTF-8",
      message: withBinary(sized("BYTES", 5), bytes(Buffer.from([255]))),
    },
    {
      name: "more JSON than the limit",
      message: withBinary(sized("UINT8", 600_000), Buffer.alloc(600_000, 255)),
    },
    { name: "bytes that no tensor claims", message: withBinary({}, fp32(1)) },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => codec.join([message], "m"))).toBe("MESSAGE_UNREADABLE");
  });
});

const response = (tensor: object) => ({
  outputs: [{ name: "o", datatype: "INT32", shape: [1], ...tensor }],
});
const binary = (datatype: string, raw: Buffer) =>
  withBinary(response({ datatype, parameters: { binary_data_size: raw.length } }), raw);

describe("makeOpenInferenceJson route", () => {
  it.each([
    { name: "a v2 response", answer: rest(response({ data: [1, 0] })), route: 1 },
    { name: "nested data", answer: rest(response({ data: [[[2]]] })), route: 2 },
    { name: "a fraction", answer: rest(response({ datatype: "FP32", data: [1.9] })), route: 1 },
    { name: "a boolean", answer: rest(response({ datatype: "BOOL", data: [true] })), route: 1 },
    { name: "all", answer: rest(response({ data: [-1] })), route: -1 },
    { name: "a binary tensor", answer: binary("INT64", int64(1n)), route: 1 },
    { name: "a SeldonMessage", answer: rest({ data: { ndarray: [[1, 0]] } }), route: 1 },
    { name: "a bare array", answer: rest([1]), route: 1 },
    { name: "gzip", answer: gzipped([0]), route: 0 },
  ])("reads $name", ({ answer, route }) => {
    expect(codec.route(answer)).toBe(route);
  });

  it.each([
    { name: "no JSON", answer: rest("1]") },
    { name: "no outputs", answer: rest({ outputs: [] }) },
    { name: "no data", answer: rest(response({})) },
    { name: "empty data", answer: rest(response({ data: [[]] })) },
    { name: "a string", answer: rest(response({ datatype: "BYTES", data: ["1"] })) },
    { name: "raw BYTES", answer: binary("BYTES", bytes("1")) },
    { name: "an empty binary tensor", answer: binary("INT64", Buffer.alloc(0)) },
    { name: "half a binary value", answer: binary("INT64", Buffer.alloc(4)) },
    { name: "-3", answer: rest(response({ data: [-3] })) },
    { name: "null", answer: rest("null") },
    {
      name: "deep data",
      answer: rest(`{"outputs":[{"data":${"[".repeat(1e5)}${"]".repeat(1e5)}}]}`),
    },
  ])("refuses $name", ({ answer }) => {
    expect(codeOf(() => codec.route(answer))).toBe("ROUTE_UNREADABLE");
  });

  it("throws nothing but EngineError, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(30), (text, jsonBytes) => {
        for (const answer of [
          rest(text),
          rest(`{"outputs":[${text}]}`),
          rest(text, { jsonBytes }),
        ]) {
          outcome(() => codec.route(answer));
          outcome(() => codec.view(answer));
          outcome(() => codec.join([answer], "m"));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("makeOpenInferenceJson view", () => {
  it.each([
    { name: "outputs", message: rest(response({ data: [7] })), view: { shape: [1], values: [7] } },
    {
      name: "inputs rather than requested outputs",
      message: rest({
        outputs: [{ name: "o" }],
        inputs: [{ shape: [2], datatype: "FP32", data: [1, 2] }],
      }),
      view: { shape: [2], values: [1, 2] },
    },
    {
      name: "flat data of two dimensions",
      message: rest(response({ shape: [2, 2], data: [1, 2, 3, 4] })),
      view: { shape: [2, 2], values: [1, 2, 3, 4] },
    },
    {
      name: "nested data",
      message: rest(response({ shape: [2, 1], data: [[1], [2]] })),
      view: { shape: [2, 1], values: [1, 2] },
    },
    {
      name: "booleans",
      message: rest(response({ datatype: "BOOL", shape: [2], data: [true, false] })),
      view: { shape: [2], values: [1, 0] },
    },
    {
      name: "binary FP64",
      message: withBinary(
        response({ datatype: "FP64", shape: [1, 2], parameters: { binary_data_size: 16 } }),
        fp64(0.1, -2),
      ),
      view: { shape: [1, 2], values: [0.1, -2] },
    },
    {
      name: "binary UINT16",
      message: binary("UINT16", Buffer.from([1, 2])),
      view: { shape: [1], values: [513] },
    },
    {
      name: "binary BF16",
      message: binary("BF16", Buffer.from([0xc0, 0x3f])),
      view: { shape: [1], values: [1.5] },
    },
    {
      name: "an empty tensor",
      message: rest(response({ shape: [0], data: [] })),
      view: { shape: [0], values: [] },
    },
    {
      name: "a scalar",
      message: rest(response({ shape: [], data: [3] })),
      view: { shape: [], values: [3] },
    },
  ])("reads $name", ({ message, view }) => {
    expect(codec.view(message)).toEqual({ ...view, names: [] });
  });

  it.each([
    { name: "no JSON", message: rest("x") },
    { name: "no tensor", message: rest({ inputs: [] }) },
    { name: "a tensor that is no object", message: rest({ inputs: [1] }) },
    { name: "no shape", message: rest({ inputs: [{ datatype: "FP32", data: [1] }] }) },
    { name: "a shape of -1", message: rest(response({ shape: [-1], data: [1] })) },
    {
      name: "a shape that is no list",
      message: rest(response({ shape: { length: 1 }, data: [1] })),
    },
    { name: "less data than the shape", message: rest(response({ shape: [2], data: [1] })) },
    {
      name: "nested data of another shape",
      message: rest(
        response({
          shape: [4],
          data: [
            [1, 2],
            [3, 4],
          ],
        }),
      ),
    },
    {
      name: "more values than a built-in node takes",
      message: binary("UINT8", Buffer.alloc(16_777_217)),
    },
    { name: "BYTES", message: rest(response({ datatype: "BYTES", data: ["x"] })) },
    { name: "BYTES that are numbers", message: rest(response({ datatype: "BYTES", data: [1] })) },
    { name: "binary BYTES", message: binary("BYTES", bytes("x")) },
    { name: "a string among numbers", message: rest(response({ shape: [2], data: [1, "2"] })) },
    {
      name: "rows of two lengths",
      message: rest(response({ shape: [2, 1], data: [[1], [2, 3]] })),
    },
    { name: "no data", message: rest(response({})) },
    {
      name: "more than the binary part has",
      message: withBinary(response({ parameters: { binary_data_size: 8 } }), fp32(1)),
    },
    { name: "raw data of another size", message: binary("FP32", fp32(1, 2)) },
    {
      name: "deep data",
      message: rest(`{"inputs":[{"shape":[1],"data":${"[".repeat(1e5)}${"]".repeat(1e5)}}]}`),
    },
    {
      name: "a deep shape",
      message: rest(`{"inputs":[{"data":[1],"shape":${"[".repeat(1e5)}${"]".repeat(1e5)}}]}`),
    },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => codec.view(message))).toBe("PAYLOAD_UNFIT");
  });
});

describe("makeOpenInferenceJson write", () => {
  const view = { shape: [1, 2], values: [0.5, 2], names: [] };
  const tensor = { datatype: "FP64", shape: [1, 2], data: [0.5, 2] };

  it("writes a response with the name, id, parameters and tensor name of the first", () => {
    const like =
      '{"outputs":[{"name":"p"}],"id":"q","model_name":"a","model_version":"1","parameters":{"n":12345678901234567890}}';
    expect(textOf(codec.write(view, [rest(like), rest({ id: "other" })]))).toBe(
      `{"model_name":"a","id":"q","parameters":{"n":12345678901234567890},"outputs":[${JSON.stringify({ name: "p", ...tensor })}]}`,
    );
  });

  it.each([
    { name: "nothing", like: [] },
    { name: "what is no JSON", like: [rest("x")] },
    { name: "what cannot be unpacked", like: [rest("x", { contentEncoding: "gzip" })] },
    { name: "a request", like: [rest({ inputs: [{ name: "i" }] })] },
  ])("writes one like $name", ({ like }) => {
    const written = codec.write(view, like);
    expect(jsonOf(written)).toEqual({ model_name: "", outputs: [{ name: "output", ...tensor }] });
    expect(written.contentType).toBe("application/json");
  });

  it("refuses what JSON cannot write", () => {
    const broken = { shape: [1], values: [Number.NaN], names: [] };
    expect(codeOf(() => codec.write(broken, []))).toBe("PAYLOAD_UNFIT");
  });

  it("writes what view reads", () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, (numbers) => {
        const plus = numbers.map((one) => one + 0);
        const given = { shape: [plus.length], values: plus, names: [] };
        expect(codec.view(codec.write(given, []))).toEqual(given);
      }),
    );
  });
});

describe("makeOpenInferenceJson", () => {
  it("records nothing", () => {
    const message = rest({ meta: {} });
    expect(codec.record(message, new Map([["r", 1]]))).toBe(message);
  });
});
