import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeSeldonJson } from "../../../runtime/protocol/seldon-json.ts";
import { jsonOf, rest } from "./json-messages.ts";
import { codeOf, outcome } from "./outcome.ts";

const codec = makeSeldonJson(1_000_000);
const message = (tftensor: unknown) => rest({ data: { names: ["c"], tftensor } });
const shape = (...sizes: unknown[]) => ({ dim: sizes.map((size) => ({ size })) });
const base64 = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString("base64");
const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;

describe("a tftensor in JSON", () => {
  it.each([
    {
      name: "floats",
      tensor: { dtype: "DT_FLOAT", tensorShape: shape("1", "2"), floatVal: [0.5, 2] },
      shape: [1, 2],
      values: [0.5, 2],
    },
    {
      name: "a dtype by number and sizes as numbers",
      tensor: { dtype: 2, tensorShape: shape(2), doubleVal: [0.1, -2] },
      shape: [2],
      values: [0.1, -2],
    },
    {
      name: "integers as strings, NaN and infinity",
      tensor: { dtype: "DT_DOUBLE", tensorShape: shape(3), doubleVal: ["1", "NaN", "-Infinity"] },
      shape: [3],
      values: [1, Number.NaN, Number.NEGATIVE_INFINITY],
    },
    {
      name: "64-bit integers",
      tensor: { dtype: "DT_INT64", tensorShape: shape(1), int64Val: ["-7"] },
      shape: [1],
      values: [-7],
    },
    {
      name: "booleans",
      tensor: { dtype: "DT_BOOL", tensorShape: shape(2), boolVal: [true, false] },
      shape: [2],
      values: [1, 0],
    },
    {
      name: "raw content",
      tensor: {
        dtype: "DT_FLOAT",
        tensorShape: shape(2),
        tensorContent: base64(new Float32Array([1.5, -3]).buffer),
      },
      shape: [2],
      values: [1.5, -3],
    },
    {
      name: "half precision",
      tensor: { dtype: "DT_HALF", tensorShape: shape(1), halfVal: [0x3c00] },
      shape: [1],
      values: [1],
    },
    {
      name: "a value that repeats",
      tensor: { dtype: "DT_INT32", tensorShape: shape(3), intVal: [4] },
      shape: [3],
      values: [4, 4, 4],
    },
    { name: "a scalar", tensor: { dtype: "DT_INT8", intVal: [4] }, shape: [], values: [4] },
  ])("is read: $name", ({ tensor, shape: wanted, values }) => {
    expect(codec.view(message(tensor))).toEqual({ shape: wanted, values, names: ["c"] });
  });

  it.each([
    { name: "strings", tensor: { dtype: "DT_STRING", stringVal: ["eA=="] } },
    { name: "no dtype", tensor: { floatVal: [1] } },
    { name: "a list that is none", tensor: { dtype: "DT_FLOAT", floatVal: 1 } },
    { name: "words", tensor: { dtype: "DT_FLOAT", floatVal: ["one"] } },
    { name: "an empty word", tensor: { dtype: "DT_FLOAT", floatVal: [""] } },
    {
      name: "too many values",
      tensor: { dtype: "DT_FLOAT", tensorShape: shape(1), floatVal: [1, 2] },
    },
    {
      name: "a negative size",
      tensor: { dtype: "DT_FLOAT", tensorShape: shape(-1), floatVal: [1] },
    },
    { name: "a size that is no number", tensor: { dtype: "DT_FLOAT", tensorShape: shape("x") } },
    {
      name: "a shape that fills the memory",
      tensor: { dtype: "DT_FLOAT", tensorShape: shape(2 ** 40) },
    },
    { name: "a shape without dimensions", tensor: { dtype: "DT_FLOAT", tensorShape: { dim: 1 } } },
    { name: "an unknown rank", tensor: { dtype: "DT_FLOAT", tensorShape: { unknownRank: true } } },
    { name: "raw content cut off", tensor: { dtype: "DT_FLOAT", tensorContent: "AAAA" } },
  ])("is refused: $name", ({ tensor }) => {
    expect(codeOf(() => codec.view(message(tensor)))).toBe("PAYLOAD_UNFIT");
  });

  it.each([
    `{"dtype":${deep}}`,
    `{"dtype":"DT_FLOAT","tensorShape":{"dim":${deep}}}`,
    `{"dtype":"DT_FLOAT","tensorShape":${deep}}`,
    `{"dtype":"DT_FLOAT","floatVal":${deep}}`,
  ])("does not overflow the stack", (text) => {
    expect(codeOf(() => codec.view(rest(`{"data":{"tftensor":${text}}}`)))).toBe("PAYLOAD_UNFIT");
  });

  it("throws nothing but EngineError, whatever the JSON", () => {
    const tensor = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom("DT_FLOAT", "DT_BOOL", 3), fc.jsonValue()),
        tensorShape: fc.oneof(fc.record({ dim: fc.jsonValue() }), fc.jsonValue()),
        floatVal: fc.jsonValue(),
        tensorContent: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(tensor, (value) => {
        outcome(() => codec.view(message(value)));
        outcome(() => codec.route(message(value)));
      }),
    );
  });

  const view = { shape: [1, 2], values: [0.5, Number.POSITIVE_INFINITY], names: [] };

  it("is written where the first message has one", () => {
    const written = codec.write(view, [message({ dtype: "DT_FLOAT" })]);
    expect(jsonOf(written)).toEqual({
      meta: {},
      data: {
        tftensor: {
          dtype: "DT_DOUBLE",
          tensorShape: shape("1", "2"),
          doubleVal: [0.5, "Infinity"],
        },
      },
    });
    expect(codec.view(written)).toEqual(view);
  });

  it("writes what JSON has no number for as a string in a tensor, and refuses it in an ndarray", () => {
    expect(jsonOf(codec.write(view, [], { form: "tensor" }))).toEqual({
      meta: {},
      data: { tensor: { shape: [1, 2], values: [0.5, "Infinity"] } },
    });
    expect(codeOf(() => codec.write(view, [], { form: "ndarray" }))).toBe("PAYLOAD_UNFIT");
  });

  it("refuses meta that is nested too deeply to be written", () => {
    const like = rest(`{"meta":{"tags":{"t":${deep}}}}`);
    expect(codeOf(() => codec.write(view, [like], { form: "tensor" }))).toBe("PAYLOAD_UNFIT");
  });
});
