import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { seldonProto } from "../../../runtime/protocol/seldon-proto.ts";
import {
  decode,
  decodePayload,
  encode,
  protoList,
  protoPayload,
  protoValue,
  rawPayload,
} from "./messages.ts";
import { codeOf, outcome } from "./outcome.ts";

const name = "seldon.protos.SeldonMessage";
const seldon = (plain: object) => protoPayload(name, plain);
const ndarray = (json: readonly unknown[]) => ({ data: { ndarray: protoList(json) } });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("seldonProto.chain", () => {
  it("passes messages on as they are", () => {
    const message = rawPayload(name, hex("ff00"));
    expect(seldonProto.chain(message, "m")).toBe(message);
  });
});

describe("seldonProto.join", () => {
  it("puts answers into one list, in their order", () => {
    const joined = seldonProto.join(
      [seldon({ strData: "a" }), seldon({}), seldon({ strData: "c" })],
      "m",
    );
    expect(joined.message).toBe("seldon.protos.SeldonMessageList");
    expect(decodePayload(joined)).toEqual({
      seldonMessages: [{ strData: "a" }, {}, { strData: "c" }],
    });
  });

  it("keeps each answer's bytes", () => {
    const odd = hex("2a00 f8ff0101"); // strData "", and a field nobody knows
    expect(seldonProto.join([rawPayload(name, odd)], "m").body.toString("hex")).toBe(
      `0a06${odd.toString("hex")}`,
    );
  });

  it("makes an empty list of no answers", () => {
    expect(seldonProto.join([], "m").body).toHaveLength(0);
  });
});

describe("seldonProto.route", () => {
  const packed = { dtype: "DT_INT32", int_val: [3] };
  it.each([
    { name: "a list of numbers", plain: ndarray([1, 7]), route: 1 },
    { name: "a fraction, truncated", plain: ndarray([1.9]), route: 1 },
    { name: "a negative fraction, truncated", plain: ndarray([-1.9]), route: -1 },
    { name: "all", plain: ndarray([-1]), route: -1 },
    { name: "none", plain: ndarray([-2]), route: -2 },
    { name: "rows", plain: ndarray([[2, 0], [1]]), route: 2 },
    { name: "a string", plain: ndarray(["1"]), route: 0 },
    { name: "a string in a row", plain: ndarray([["1"]]), route: 0 },
    { name: "rows of rows", plain: ndarray([[[1]]]), route: 0 },
    { name: "null", plain: ndarray([null]), route: 0 },
    { name: "a boolean", plain: ndarray([true]), route: 0 },
    { name: "an object", plain: ndarray([{ a: 1 }]), route: 0 },
    {
      name: "a tensor",
      plain: { data: { tensor: { shape: [1, 2], values: [1.5, 0] } } },
      route: 1,
    },
    { name: "a tftensor", plain: { data: { tftensor: packed } }, route: 3 },
    { name: "data without a payload", plain: { data: {} }, route: -1 },
    { name: "data with names only", plain: { data: { names: ["a"] } }, route: -1 },
    { name: "meta beside it", plain: { ...ndarray([1]), meta: { routing: { r: 0 } } }, route: 1 },
  ])("reads $name", ({ plain, route }) => {
    expect(seldonProto.route(seldon(plain))).toBe(route);
  });

  it.each([
    { name: "a packed int_val", bytes: "1a05 2203 3a0102", route: 2 },
    { name: "an unpacked int_val", bytes: "1a04 2202 3802", route: 2 },
    { name: "an unpacked tensor", bytes: "1a0b 1209 110000000000000040", route: 2 },
    { name: "data in two parts", bytes: "1a00 1a04 2202 3802", route: 2 },
    {
      name: "the last form that is written",
      bytes: "1a0f 1209 110000000000000040 2202 3801",
      route: 1,
    },
  ])("reads $name on the wire", ({ bytes, route }) => {
    expect(seldonProto.route(rawPayload(name, hex(bytes)))).toBe(route);
  });

  it.each([
    { name: "no data", message: seldon({ strData: "1" }) },
    { name: "an empty message", message: seldon({}) },
    { name: "data replaced by a string", message: rawPayload(name, hex("1a04 2202 3802 2a0131")) },
    { name: "an empty list", message: seldon(ndarray([])) },
    { name: "an empty row", message: seldon(ndarray([[]])) },
    { name: "-3", message: seldon(ndarray([-3])) },
    { name: "NaN", message: seldon(ndarray([Number.NaN])) },
    { name: "infinity", message: seldon(ndarray([Number.POSITIVE_INFINITY])) },
    { name: "a tensor without values", message: seldon({ data: { tensor: { shape: [1] } } }) },
    { name: "a tftensor of floats", message: seldon({ data: { tftensor: { float_val: [1] } } }) },
    { name: "bytes cut off", message: rawPayload(name, hex("1a04 22")) },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => seldonProto.route(message))).toBe("ROUTE_UNREADABLE");
  });

  it("throws nothing but EngineError, whatever the bytes", () => {
    const data = fc.uint8Array({ maxLength: 40 });
    const wrapped = data.map((bytes) => {
      const inner = Buffer.from([0x1a, bytes.length + 2, 0x1a, bytes.length, ...bytes]);
      return inner;
    });
    fc.assert(
      fc.property(fc.oneof(data, wrapped), (bytes) => {
        const message = rawPayload(name, Buffer.from(bytes));
        expect(["number", "string"]).toContain(typeof outcome(() => seldonProto.route(message)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("seldonProto.feedbackRoutes", () => {
  const feedback = (plain: object) => protoPayload("seldon.protos.Feedback", plain);

  it("reads response.meta.routing", () => {
    const routes = seldonProto.feedbackRoutes(
      feedback({
        response: { meta: { routing: { r: 1, all: -1, none: -2, zero: 0 } } },
        reward: 1,
      }),
    );
    expect(["r", "all", "none", "zero", "other"].map(routes)).toEqual([1, -1, -2, 0, -1]);
  });

  it.each([
    { name: "nothing", plain: {} },
    { name: "a response without meta", plain: { response: { strData: "x" } } },
    { name: "routing in the request", plain: { request: { meta: { routing: { r: 1 } } } } },
  ])("sends feedback with $name everywhere", ({ plain }) => {
    expect(seldonProto.feedbackRoutes(feedback(plain))("r")).toBe(-1);
  });

  it("takes an entry without a value as 0", () => {
    const bytes = hex("1207 1205 1a03 0a0172");
    expect(seldonProto.feedbackRoutes(rawPayload("seldon.protos.Feedback", bytes))("r")).toBe(0);
  });

  it("refuses malformed bytes", () => {
    const bytes = rawPayload("seldon.protos.Feedback", hex("12ff"));
    expect(codeOf(() => seldonProto.feedbackRoutes(bytes))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("seldonProto.record", () => {
  const routes = new Map([
    ["r", 1],
    ["a", -1],
  ]);

  it("replaces the routing", () => {
    const message = seldon({
      meta: { tags: { k: protoValue("v") }, routing: { old: 4 } },
      strData: "x",
    });
    expect(decodePayload(seldonProto.record(message, routes))).toEqual({
      meta: { tags: { k: protoValue("v") }, routing: { r: 1, a: -1 } },
      strData: "x",
    });
  });

  it("writes into an empty meta", () => {
    const recorded = seldonProto.record(rawPayload(name, hex("1200")), routes);
    expect(decodePayload(recorded)).toEqual({ meta: { routing: { r: 1, a: -1 } } });
  });

  it("leaves a message without meta alone", () => {
    const message = seldon({ strData: "x" });
    expect(seldonProto.record(message, routes)).toBe(message);
  });

  it("clears the routing when nothing was decided", () => {
    const message = seldon({ meta: { puid: "p", routing: { old: 4 } } });
    expect(decodePayload(seldonProto.record(message, new Map()))).toEqual({ meta: { puid: "p" } });
  });

  it("cleans both parts of a meta and writes into the last", () => {
    // meta {routing {o: 1}, puid "p"}, strData "x", meta {routing {o: 2}}
    const parts = hex("120a 1a05 0a016f1001 0a0170 2a0178 1207 1a05 0a016f1002");
    const recorded = seldonProto.record(rawPayload(name, parts), new Map([["r", 1]]));
    expect(recorded.body.toString("hex")).toBe(
      hex("1203 0a0170 2a0178 1207 1a05 0a01721001").toString("hex"),
    );
  });

  it("keeps every other byte as it was", () => {
    // Fields out of order, unknown ones, a tag of two bytes, unpacked values.
    const before = hex("2a0178 9a0603 616263");
    const kept = hex("0a0170 f2060101".replace(" ", ""));
    const after = hex("0a02 0801 f8ff0105");
    const meta = Buffer.concat([kept, hex("1a07 0a036f6c641004")]);
    const message = Buffer.concat([before, hex("12"), Buffer.from([meta.length]), meta, after]);
    const { body } = seldonProto.record(rawPayload(name, message), new Map([["r", 1]]));
    const routing = hex("1a05 0a01721001");
    const written = Buffer.concat([kept, routing]);
    expect(body.toString("hex")).toBe(
      Buffer.concat([before, hex("12"), Buffer.from([written.length]), written, after]).toString(
        "hex",
      ),
    );
  });

  it("changes nothing but the routing of any message", () => {
    const meta = fc.record(
      {
        puid: fc.string(),
        routing: fc.dictionary(fc.string(), fc.integer({ min: -2, max: 9 })),
        requestPath: fc.dictionary(fc.string(), fc.string()),
      },
      { requiredKeys: [] },
    );
    const message = fc.record({ meta, binData: fc.uint8Array() }, { requiredKeys: ["meta"] });
    fc.assert(
      fc.property(
        message,
        fc.dictionary(fc.string(), fc.integer({ min: -2, max: 9 })),
        (plain, taken) => {
          const payload = seldon(plain);
          const recorded = seldonProto.record(payload, new Map(Object.entries(taken)));
          const { routing: _, ...others } = { routing: {}, ...plain.meta };
          expect(decodePayload(recorded)).toEqual(
            decode(name, encode(name, { ...plain, meta: { ...others, routing: taken } })),
          );
        },
      ),
    );
  });

  it("refuses malformed bytes", () => {
    expect(codeOf(() => seldonProto.record(rawPayload(name, hex("12ff")), routes))).toBe(
      "MESSAGE_UNREADABLE",
    );
  });
});

const content = (type: "Float32Array" | "Float64Array" | "Int16Array", values: number[]) =>
  Buffer.from(new globalThis[type](values).buffer);
const shape = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) });
const tf = (tftensor: object) => ({ data: { names: ["c"], tftensor } });

describe("seldonProto.view", () => {
  it.each([
    {
      name: "a tensor",
      plain: { data: { names: ["a", "b"], tensor: { shape: [1, 2], values: [1.5, -2] } } },
      view: { shape: [1, 2], values: [1.5, -2], names: ["a", "b"] },
    },
    {
      name: "a tensor without shape",
      plain: { data: { tensor: { values: [1, 2] } } },
      view: { shape: [2], values: [1, 2], names: [] },
    },
    {
      name: "an ndarray",
      plain: ndarray([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      view: { shape: [3, 2], values: [1, 2, 3, 4, 5, 6], names: [] },
    },
    { name: "an empty ndarray", plain: ndarray([]), view: { shape: [0], values: [], names: [] } },
    {
      name: "floats",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(2), float_val: [0.5, 2] }),
      view: { shape: [2], values: [0.5, 2], names: ["c"] },
    },
    {
      name: "doubles in raw content",
      plain: tf({
        dtype: "DT_DOUBLE",
        tensor_shape: shape(1, 2),
        tensor_content: content("Float64Array", [0.1, -7]),
      }),
      view: { shape: [1, 2], values: [0.1, -7], names: ["c"] },
    },
    {
      name: "floats in raw content",
      plain: tf({
        dtype: "DT_FLOAT",
        tensor_shape: shape(2),
        tensor_content: content("Float32Array", [0.5, -7]),
      }),
      view: { shape: [2], values: [0.5, -7], names: ["c"] },
    },
    {
      name: "small integers in raw content",
      plain: tf({
        dtype: "DT_INT16",
        tensor_shape: shape(2),
        tensor_content: content("Int16Array", [-3, 300]),
      }),
      view: { shape: [2], values: [-3, 300], names: ["c"] },
    },
    {
      name: "64-bit integers",
      plain: tf({ dtype: "DT_INT64", tensor_shape: shape(2), int64_val: [-1, 9007199254740991] }),
      view: { shape: [2], values: [-1, 9007199254740991], names: ["c"] },
    },
    {
      name: "booleans",
      plain: tf({ dtype: "DT_BOOL", tensor_shape: shape(2), bool_val: [true, false] }),
      view: { shape: [2], values: [1, 0], names: ["c"] },
    },
    {
      name: "half precision",
      plain: tf({ dtype: "DT_HALF", tensor_shape: shape(2), half_val: [0x3c00, 0xc500] }),
      view: { shape: [2], values: [1, -5], names: ["c"] },
    },
    {
      name: "bfloat16",
      plain: tf({ dtype: "DT_BFLOAT16", tensor_shape: shape(1), half_val: [0x3fc0] }),
      view: { shape: [1], values: [1.5], names: ["c"] },
    },
    {
      name: "a value that repeats",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(2, 2), float_val: [1, 3] }),
      view: { shape: [2, 2], values: [1, 3, 3, 3], names: ["c"] },
    },
    {
      name: "zeros",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(3) }),
      view: { shape: [3], values: [0, 0, 0], names: ["c"] },
    },
    {
      name: "a scalar",
      plain: tf({ dtype: "DT_UINT64", uint64_val: [5] }),
      view: { shape: [], values: [5], names: ["c"] },
    },
  ])("reads $name", ({ plain, view }) => {
    expect(seldonProto.view(seldon(plain))).toEqual(view);
  });

  it.each([
    { name: "no data", plain: { strData: "x" } },
    { name: "data without a payload", plain: { data: {} } },
    {
      name: "a tensor with too few values",
      plain: { data: { tensor: { shape: [3], values: [1] } } },
    },
    { name: "a negative shape", plain: { data: { tensor: { shape: [-1], values: [1] } } } },
    { name: "a string in an ndarray", plain: ndarray([1, "x"]) },
    { name: "a boolean in an ndarray", plain: ndarray([true]) },
    { name: "null in an ndarray", plain: ndarray([1, null]) },
    { name: "an object in an ndarray", plain: ndarray([{ a: 1 }]) },
    { name: "rows of two lengths", plain: ndarray([[1, 2], [3]]) },
    { name: "rows and numbers", plain: ndarray([[1], 2]) },
    { name: "33 levels", plain: ndarray(JSON.parse("[".repeat(33) + "]".repeat(33))) },
    { name: "strings", plain: tf({ dtype: "DT_STRING", string_val: [Buffer.from("x")] }) },
    { name: "complex numbers", plain: tf({ dtype: "DT_COMPLEX64", scomplex_val: [1, 2] }) },
    { name: "no dtype", plain: tf({ float_val: [1] }) },
    {
      name: "an unknown rank",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: { unknown_rank: true } }),
    },
    {
      name: "too many values",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(1), float_val: [1, 2] }),
    },
    {
      name: "a shape that fills the memory",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(2 ** 40) }),
    },
    {
      name: "a negative size",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(-1), float_val: [1] }),
    },
    {
      name: "raw content of another size",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(2), tensor_content: Buffer.alloc(4) }),
    },
    {
      name: "raw content cut off",
      plain: tf({ dtype: "DT_FLOAT", tensor_shape: shape(2), tensor_content: Buffer.alloc(7) }),
    },
  ])("refuses $name", ({ plain }) => {
    expect(codeOf(() => seldonProto.view(seldon(plain)))).toBe("PAYLOAD_UNFIT");
  });

  it("does not overflow the stack on deep lists", () => {
    // Value {list: ListValue {values: ...}}, each level inside the next.
    let list: Buffer = Buffer.alloc(0);
    const head = (number: number, bytes: Buffer): Buffer => {
      const length = [];
      for (let rest = bytes.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
        if (rest <= 0x7f) break;
      }
      return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
    };
    for (let i = 0; i < 5000; i += 1) list = head(1, head(6, list));
    const message = rawPayload(name, head(3, head(3, list)));
    expect(codeOf(() => seldonProto.view(message))).toBe("PAYLOAD_UNFIT");
    expect(seldonProto.route(message)).toBe(0);
  });

  it("throws nothing but EngineError, whatever the bytes", () => {
    const form = fc.constantFrom(0x12, 0x1a, 0x22);
    fc.assert(
      fc.property(form, fc.uint8Array({ maxLength: 60 }), (tag, bytes) => {
        const body = Buffer.from([0x1a, bytes.length + 2, tag, bytes.length, ...bytes]);
        outcome(() => seldonProto.view(rawPayload(name, body)));
        outcome(() => seldonProto.view(rawPayload(name, Buffer.from(bytes))));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("seldonProto.write", () => {
  const view = { shape: [2, 2], values: [1, 2, 3, 4.5], names: ["a", "b"] };
  const tensor = { tensor: { shape: [2, 2], values: [1, 2, 3, 4.5] } };
  const rows = {
    ndarray: protoList([
      [1, 2],
      [3, 4.5],
    ]),
  };
  const tftensor = {
    tftensor: { dtype: "DT_DOUBLE", tensor_shape: shape(2, 2), double_val: [1, 2, 3, 4.5] },
  };

  it.each([
    { name: "like a tensor", like: [{ data: { tensor: { values: [1] } } }], data: tensor },
    { name: "like an ndarray", like: [ndarray([1])], data: rows },
    { name: "like a tftensor", like: [tf({ dtype: "DT_FLOAT" })], data: tftensor },
    { name: "like a string", like: [{ strData: "x" }], data: rows },
    { name: "like nothing", like: [], data: rows },
    { name: "as a tensor when asked", like: [ndarray([1])], form: "tensor" as const, data: tensor },
    { name: "as an ndarray when asked", like: [tf({})], form: "ndarray" as const, data: rows },
  ])("writes $name", ({ like, form, data }) => {
    const written = seldonProto.write(view, like.map(seldon), { form });
    expect(written.message).toBe(name);
    expect(decodePayload(written)).toEqual({ meta: {}, data: { names: ["a", "b"], ...data } });
  });

  it("merges meta: later tags and paths win, metrics follow each other, the first puid stays", () => {
    const like = [
      {
        meta: {
          tags: { a: protoValue(1), b: protoValue([true]) },
          requestPath: { x: "i" },
          metrics: [{ key: "m", value: 1 }],
          routing: { r: 1 },
        },
      },
      { strData: "no meta" },
      {
        meta: {
          puid: "p",
          tags: { a: protoValue("late") },
          metrics: [{ key: "n", type: "TIMER" }],
        },
      },
      { meta: { puid: "q", requestPath: { y: "j" } } },
    ].map(seldon);
    expect(decodePayload(seldonProto.write(view, like))["meta"]).toEqual({
      puid: "p",
      tags: { a: protoValue("late"), b: protoValue([true]) },
      requestPath: { x: "i", y: "j" },
      metrics: [
        { key: "m", value: 1 },
        { key: "n", type: "TIMER" },
      ],
    });
  });

  it("writes what view reads", () => {
    const value = fc.double({ noNaN: true });
    const grid = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .chain(([rows, columns]) =>
        fc.record({
          shape: fc.constant([rows, columns]),
          values: fc.array(value, { minLength: rows * columns, maxLength: rows * columns }),
          names: fc.array(fc.string({ unit: "grapheme" })),
        }),
      );
    const like = fc.constantFrom(seldon(ndarray([1])), seldon(tf({})), seldon({ data: tensor }));
    fc.assert(
      fc.property(grid, like, (numbers, one) => {
        expect(seldonProto.view(seldonProto.write(numbers, [one]))).toEqual(numbers);
      }),
    );
  });
});
