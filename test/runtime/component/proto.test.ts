import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { writeMessage } from "../../../runtime/component/proto-write.ts";
import { ComponentError } from "../../../runtime/component/user.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { readMessage } from "../../../runtime/protocol/proto-read.ts";
import type { Schema } from "../../../runtime/protocol/proto-schema.ts";
import {
  feedback,
  modelMetadata,
  seldonMessage,
  seldonMessageList,
} from "../../../runtime/protocol/seldon-schema.ts";
import { decode, encode, ours, protoList, protoValue } from "../protocol/messages.ts";

const asIs = (bytes: Buffer): Buffer => bytes;
const read = (bytes: Buffer, schema: Schema = seldonMessage) => readMessage(bytes, schema, asIs);
const write = (message: unknown, schema: Schema = seldonMessage): Buffer =>
  Buffer.concat(writeMessage(message, schema));

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("schemas", () => {
  const all = [seldonMessage, seldonMessageList, feedback, modelMetadata];
  const within = (schema: Schema): readonly Schema[] => [
    schema,
    ...[...schema.byNumber.values()].flatMap(({ kind }) =>
      typeof kind === "object" && "message" in kind ? within(kind.message) : [],
    ),
  ];
  const schemas = [...new Map(all.flatMap(within).map((each) => [each.type, each])).values()];

  it.each(schemas)("$type has the fields of the .proto file", ({ type, byNumber }) => {
    const { fields } = ours.lookupType(type);
    const byName = new Map(Object.values(fields).map((field) => [field.id, field]));
    for (const [number, { name, oneof, many }] of byNumber) {
      const field = byName.get(number);
      const written = (field?.name ?? "").replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
      expect(type === "google.protobuf.Any" ? field !== undefined : written === name).toBe(true);
      expect(field?.partOf?.name).toBe(oneof);
      expect(field?.map === true).toBe(many === "map");
      expect(field?.repeated === true).toBe(many === "list");
    }
  });
});

/** A message in its JSON form, and in that of protobufjs where it is another. */
const rows: readonly { name: string; json: object; plain?: object; schema?: Schema }[] = [
  { name: "nothing", json: {} },
  { name: "a text", json: { strData: "ü" } },
  { name: "an empty text, which is there all the same", json: { strData: "" } },
  {
    name: "bytes",
    json: { binData: Buffer.from("\u0000b") },
    plain: { binData: base64("\u0000b") },
  },
  {
    name: "a tensor",
    json: { data: { names: ["a"], tensor: { shape: [2, 1], values: [1.5, -2] } } },
  },
  {
    name: "an ndarray",
    json: { data: { ndarray: [[1, 2.5], ["a", null, true, { b: [0] }], [], -1] } },
    plain: { data: { ndarray: protoList([[1, 2.5], ["a", null, true, { b: [0] }], [], -1]) } },
  },
  {
    name: "a tftensor",
    json: {
      data: {
        tftensor: {
          dtype: "DT_INT64",
          tensorShape: { dim: [{ size: 2 }] },
          int64Val: [-1, 2 ** 40],
        },
      },
    },
    plain: {
      data: {
        tftensor: {
          dtype: "DT_INT64",
          tensor_shape: { dim: [{ size: 2 }] },
          int64_val: [-1, 2 ** 40],
        },
      },
    },
  },
  { name: "JSON", json: { jsonData: { a: [1] } }, plain: { jsonData: protoValue({ a: [1] }) } },
  { name: "JSON that is null", json: { jsonData: null }, plain: { jsonData: { nullValue: 0 } } },
  {
    name: "a custom message",
    json: { customData: { "@type": "t/x", value: Buffer.from("v") } },
    plain: { customData: { type_url: "t/x", value: base64("v") } },
  },
  {
    name: "all of meta and status",
    json: {
      status: { code: -1, info: "i", reason: "r", status: "FAILURE" },
      meta: {
        puid: "p",
        tags: { a: "b", c: [1] },
        routing: { r: -1 },
        requestPath: { m: "image:1" },
        metrics: [{ key: "k", type: "TIMER", value: 0.5, tags: { a: "b" } }],
      },
    },
    plain: {
      status: { code: -1, info: "i", reason: "r", status: "FAILURE" },
      meta: {
        puid: "p",
        tags: { a: protoValue("b"), c: protoValue([1]) },
        routing: { r: -1 },
        requestPath: { m: "image:1" },
        metrics: [{ key: "k", type: "TIMER", value: 0.5, tags: { a: "b" } }],
      },
    },
  },
  {
    name: "a list of messages",
    schema: seldonMessageList,
    json: { seldonMessages: [{ strData: "a" }, {}] },
  },
  {
    name: "feedback",
    schema: feedback,
    json: { request: { strData: "a" }, response: {}, truth: {}, reward: -0.5 },
  },
  {
    name: "metadata",
    schema: modelMetadata,
    json: {
      name: "n",
      versions: ["1"],
      platform: "p",
      inputs: [{ messagetype: "jsonData", schema: { type: "object" } }],
      outputs: [{ name: "o", datatype: "FP64", shape: [-1, 3] }],
      custom: { author: "me" },
    },
    plain: {
      name: "n",
      versions: ["1"],
      platform: "p",
      inputs: [{ messagetype: "jsonData", schema: protoValue({ type: "object" }) }],
      outputs: [{ name: "o", datatype: "FP64", shape: [-1, 3] }],
      custom: { author: "me" },
    },
  },
];

describe("readMessage", () => {
  it.each(rows)("reads $name", ({ json, plain = json, schema = seldonMessage }) => {
    expect(read(encode(schema.type, plain), schema)).toEqual(json);
  });

  it("hands out bytes as it is told", () => {
    const bytes = encode("seldon.protos.SeldonMessage", { binData: base64("b") });
    const asBase64 = (each: Buffer): string => each.toString("base64");
    expect(readMessage(bytes, seldonMessage, asBase64)).toEqual({ binData: base64("b") });
  });

  const text = (number: number, value: string): number[] => [
    number * 8 + 2,
    value.length,
    ...Buffer.from(value),
  ];
  it.each([
    {
      name: "the last member of a oneof",
      bytes: [...text(5, "a"), ...text(4, "b")],
      json: { binData: Buffer.from("b") },
    },
    {
      name: "the last of two texts",
      bytes: [...text(5, "a"), ...text(5, "b")],
      json: { strData: "b" },
    },
    {
      name: "a message in two parts",
      bytes: [...text(2, "\x0a\x01p"), ...text(2, "\x1a\x04\x0a\x02ab")],
      json: { meta: { puid: "p", routing: { ab: 0 } } },
    },
    {
      name: "fields of a newer version",
      bytes: [...text(15, "x"), ...text(5, "a")],
      json: { strData: "a" },
    },
    { name: "no field of another type", bytes: [5 * 8, 1], json: {} },
    {
      name: "an enum of a newer version",
      bytes: text(1, "\x20\x07"),
      json: { status: { status: 7 } },
    },
    {
      name: "values that are not packed",
      bytes: text(3, "\x12\x04\x08\x01\x08\x02"),
      json: { data: { tensor: { shape: [1, 2] } } },
    },
    { name: "a Value that is empty", bytes: text(6, ""), json: { jsonData: null } },
  ])("takes $name", ({ bytes, json }) => {
    expect(read(Buffer.from(bytes))).toEqual(json);
  });

  it("does not take a key for a prototype", () => {
    const text = '{"jsonData":{"__proto__":{"a":1}}}';
    expect(JSON.stringify(read(write(JSON.parse(text))))).toBe(text);
  });

  const nest = (levels: number): Buffer => {
    let value: Buffer = Buffer.alloc(0);
    const lengthOf = ({ length }: Buffer): Buffer => {
      const bytes: number[] = [];
      for (let rest = length; ; rest >>= 7) {
        if (rest < 0x80) return Buffer.from([...bytes, rest]);
        bytes.push((rest & 0x7f) | 0x80);
      }
    };
    const within = (tag: number, inner: Buffer): Buffer =>
      Buffer.concat([Buffer.from([tag]), lengthOf(inner), inner]);
    for (let i = 0; i < levels; i += 1) value = within(0x32, within(0x0a, value));
    return within(0x32, value);
  };

  it.each([
    { name: "a message that is cut off", bytes: Buffer.from([0x2a, 5, 1]) },
    { name: "text that is not UTF-8", bytes: Buffer.from([0x2a, 1, 0xff]) },
    { name: "a tag that is none", bytes: Buffer.from([0]) },
    { name: "a group", bytes: Buffer.from([0x2b, 0x2c]) },
    { name: "values without end", bytes: nest(2000) },
  ])("refuses $name", ({ bytes }) => {
    expect(() => read(bytes)).toThrow(EngineError);
  });

  it("throws nothing but an EngineError for any bytes", () => {
    const schemas = fc.constantFrom(seldonMessage, seldonMessageList, feedback);
    const known = fc.constantFrom(...rows.map(({ json, schema }) => write(json, schema)));
    const cut = fc.tuple(known, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at % copy.length] = byte;
      return copy;
    });
    const any = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(schemas, fc.oneof(any, cut), (schema, bytes) => {
        try {
          read(bytes, schema);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("writeMessage", () => {
  it.each(rows)("writes $name", ({ json, plain = json, schema = seldonMessage }) => {
    const bytes = write(json, schema);
    expect(decode(schema.type, bytes)).toEqual(decode(schema.type, encode(schema.type, plain)));
    expect(read(bytes, schema)).toEqual(json);
  });

  it.each([
    {
      name: "numbers as strings",
      json: { data: { tensor: { shape: ["1"], values: ["NaN"] } } },
      as: { data: { tensor: { shape: [1], values: [Number.NaN] } } },
    },
    { name: "bytes as base64", json: { binData: "aGk=" }, as: { binData: Buffer.from("hi") } },
    {
      name: "a word of an enum as a number",
      json: { status: { status: 1 } },
      as: { status: { status: "FAILURE" } },
    },
    {
      name: "null where nothing is meant",
      json: { status: null, meta: undefined, strData: "a" },
      as: { strData: "a" },
    },
    {
      name: "what JSON makes of a date",
      json: { jsonData: new Date(0) },
      as: { jsonData: "1970-01-01T00:00:00.000Z" },
    },
    {
      name: "no functions and nothing undefined",
      json: { jsonData: { a: undefined, b: () => 0, c: [undefined] } },
      as: { jsonData: { c: [null] } },
    },
    {
      name: "NaN in an ndarray",
      json: { data: { ndarray: [Number.NaN] } },
      as: { data: { ndarray: [Number.NaN] } },
    },
  ])("takes $name", ({ json, as }) => {
    expect(read(write(json))).toEqual(as);
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  it.each([
    { name: "what is no message", json: [1] },
    { name: "nothing", json: undefined },
    { name: "a field that is not known", json: { strdata: "a" } },
    { name: "an inner field that is not known", json: { data: { nd: [] } } },
    { name: "two contents", json: { strData: "a", jsonData: 1 } },
    { name: "a text that is a number", json: { strData: 1 } },
    { name: "a list that is none", json: { data: { names: "a" } } },
    { name: "an ndarray that is none", json: { data: { ndarray: 1 } } },
    { name: "a map that is none", json: { meta: { tags: [] } } },
    { name: "a value that is no number", json: { data: { tensor: { values: ["x"] } } } },
    { name: "a size that is not whole", json: { data: { tensor: { shape: [0.5] } } } },
    { name: "a size beyond 32 bits", json: { data: { tensor: { shape: [2 ** 31] } } } },
    { name: "a word that is not known", json: { status: { status: "MAYBE" } } },
    { name: "bytes that are none", json: { binData: 1 } },
    { name: "an object in itself", json: { jsonData: cyclic } },
    { name: "a symbol", json: { jsonData: [Symbol("s")] } },
  ])("refuses $name", ({ json }) => {
    expect(() => write(json)).toThrow(ComponentError);
  });

  it("writes any JSON so that it reads the same", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const message = read(write({ jsonData: value }));
        // -0 is written as it is
        expect(JSON.stringify(message)).toBe(JSON.stringify({ jsonData: value }));
      }),
    );
  });

  it("writes values as protobufjs does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const own = decode("seldon.protos.SeldonMessage", write({ jsonData: value }));
        const bytes = encode("seldon.protos.SeldonMessage", { jsonData: protoValue(value) });
        expect(own).toEqual(decode("seldon.protos.SeldonMessage", bytes));
      }),
    );
  });
});
