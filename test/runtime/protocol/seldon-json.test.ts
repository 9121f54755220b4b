import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Payload } from "../../../runtime/payload.ts";
import { plain } from "../../../runtime/protocol/plain.ts";
import { makeSeldonJson } from "../../../runtime/protocol/seldon-json.ts";
import { codeOf, outcome } from "./outcome.ts";

const codec = makeSeldonJson(1000);
const message = (body: string | Buffer, over: { type?: string; coding?: string } = {}) => ({
  body: Buffer.from(body),
  contentType: over.type ?? "application/json",
  contentEncoding: over.coding,
});

describe("plain", () => {
  it.each([undefined, "", "identity", " Identity "])(
    "leaves a body coded as %j alone",
    (coding) => {
      const { body, contentType } = message("x");
      expect(plain({ body, contentType, contentEncoding: coding }, 10)).toBe(body);
    },
  );

  it.each(["gzip", "GZIP", "x-gzip"])("unpacks %s", (coding) => {
    expect(plain(message(gzipSync("hello"), { coding }), 5).toString()).toBe("hello");
  });

  it.each([
    { name: "another coding", body: Buffer.from("x"), coding: "br" },
    { name: "two codings", body: gzipSync(gzipSync("x")), coding: "gzip, gzip" },
    { name: "no gzip", body: Buffer.from("x"), coding: "gzip" },
    { name: "too much", body: gzipSync("123456"), coding: "gzip" },
  ])("refuses $name", ({ body, coding }) => {
    expect(codeOf(() => plain(message(body, { coding }), 5))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("join", () => {
  it("puts bodies into an array byte for byte, under the first one's type", () => {
    const joined = codec.join(
      [
        message(' {"a": 1.0}', { type: "a/b" }),
        message("2e0 "),
        message(gzipSync('"x"'), { coding: "gzip" }),
      ],
      "m",
    );
    expect(joined).toEqual({
      body: Buffer.from('[ {"a": 1.0},2e0 ,"x"]'),
      contentType: "a/b",
      contentEncoding: undefined,
    });
  });

  it("makes an array of one", () => {
    expect(codec.join([message("{}")], "m").body.toString()).toBe("[{}]");
  });

  it.each(["", "no", "{", "1 2"])("refuses %j, which is no JSON", (text) => {
    expect(codeOf(() => codec.join([message("{}"), message(text)], "m"))).toBe(
      "MESSAGE_UNREADABLE",
    );
  });
});

describe("record", () => {
  const routes = new Map([
    ['a"b', -1],
    ["r", 1],
  ]);
  const body = '{"meta":{},"data":1.0}';

  it("writes the routes and keeps every other byte", () => {
    expect(codec.record(message(body), routes).body.toString()).toBe(
      '{"meta":{"routing":{"a\\"b":-1,"r":1}},"data":1.0}',
    );
  });

  it.each([
    { name: "a compressed one", one: message(gzipSync(body), { coding: "gzip" }) },
    { name: "one without meta", one: message('{"data":1}') },
    { name: "one that is no JSON", one: message("meta") },
  ])("leaves $name alone", ({ one }) => {
    expect(codec.record(one, routes)).toBe(one);
  });
});

describe("feedbackRoutes", () => {
  const routesOf = (feedback: unknown) => {
    const route = codec.feedbackRoutes(message(JSON.stringify(feedback)));
    return { a: route("a"), b: route("b"), proto: route("__proto__"), to: route("toString") };
  };
  const all = { a: -1, b: -1, proto: -1, to: -1 };

  it.each([
    { name: "a route", feedback: { response: { meta: { routing: { a: 1 } } } }, want: { a: 1 } },
    { name: "none", feedback: { response: { meta: { routing: { a: -2 } } } }, want: { a: -2 } },
    {
      name: "a number as text",
      feedback: { response: { meta: { routing: { a: "1" } } } },
      want: { a: 1 },
    },
    { name: "null", feedback: { response: { meta: { routing: { a: null } } } }, want: {} },
    { name: "no routing", feedback: { response: { meta: {} } }, want: {} },
    { name: "no meta", feedback: { response: {} }, want: {} },
    { name: "no response", feedback: { reward: 1 }, want: {} },
    { name: "null everywhere", feedback: { response: null, reward: null }, want: {} },
    {
      name: "a fraction",
      feedback: { response: { meta: { routing: { a: 1.5 } } } },
      want: {},
    },
    {
      name: "an unknown field",
      feedback: { response: { meta: { routing: { a: 1 } } }, more: 1 },
      want: {},
    },
    {
      name: "an unknown field in its request",
      feedback: { request: { more: 1 }, response: { meta: { routing: { a: 1 } } } },
      want: {},
    },
    { name: "a list", feedback: [], want: {} },
    { name: "text", feedback: "x", want: {} },
  ])("reads $name", ({ feedback, want }) => {
    expect(routesOf(feedback)).toEqual({ ...all, ...want });
  });

  it("reads names of the prototype", () => {
    const text = '{"response":{"meta":{"routing":{"__proto__":1,"toString":0}}}}';
    const route = codec.feedbackRoutes(message(text));
    expect([route("__proto__"), route("toString"), route("a")]).toEqual([1, 0, -1]);
  });

  it("reads compressed feedback, and sends what it cannot read to all", () => {
    const text = '{"response":{"meta":{"routing":{"a":1}}}}';
    expect(codec.feedbackRoutes(message(gzipSync(text), { coding: "gzip" }))("a")).toBe(1);
    expect(codec.feedbackRoutes(message(text, { coding: "br" }))("a")).toBe(-1);
    expect(codec.feedbackRoutes(message("{"))("a")).toBe(-1);
  });
});

describe("view and write", () => {
  const read = (data: unknown) => codec.view(message(JSON.stringify({ data })));

  it.each([
    { data: { ndarray: [] }, shape: [0], values: [] },
    { data: { ndarray: [1, 2] }, shape: [2], values: [1, 2] },
    {
      data: {
        ndarray: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      shape: [2, 3],
      values: [1, 2, 3, 4, 5, 6],
    },
    { data: { ndarray: [[[1]], [[2]]] }, shape: [2, 1, 1], values: [1, 2] },
    { data: { ndarray: [[], []] }, shape: [2, 0], values: [] },
    { data: { tensor: { shape: [2, 1], values: [1, 2] } }, shape: [2, 1], values: [1, 2] },
    { data: { tensor: { shape: ["2"], values: [1, 2] } }, shape: [2], values: [1, 2] },
    { data: { tensor: { values: [1, 2] } }, shape: [2], values: [1, 2] },
    { data: { tensor: {} }, shape: [0], values: [] },
  ])("reads $data", ({ data, shape, values }) => {
    expect(read({ ...data, names: ["a", 1] })).toEqual({ shape, values, names: ["a", "1"] });
  });

  it.each([
    { name: "ragged rows", data: { ndarray: [[1, 2], [3]] }, says: "data.ndarray[1] does not" },
    { name: "a row that is none", data: { ndarray: [[1], 2] }, says: "data.ndarray[1] does not" },
    { name: "a row too many", data: { ndarray: [1, [2]] }, says: "data.ndarray[1] is an array" },
    { name: "text", data: { ndarray: [[1, "x"]] }, says: 'data.ndarray[0][1] is "x"' },
    { name: "null", data: { ndarray: [null] }, says: "data.ndarray[0] is null" },
    { name: "no list", data: { ndarray: 1 }, says: "neither an ndarray nor a tensor" },
    {
      name: "a shape that does not fit",
      data: { tensor: { shape: [2, 2], values: [1] } },
      says: "data.tensor has 1 values",
    },
    {
      name: "a negative shape",
      data: { tensor: { shape: [-1, -1], values: [1] } },
      says: "data.tensor has 1 values",
    },
    {
      name: "text in a tensor",
      data: { tensor: { shape: [2], values: [1, "x"] } },
      says: 'data.tensor.values[1] is "x"',
    },
    { name: "neither", data: { names: [] }, says: "neither an ndarray nor a tensor" },
    { name: "no data", data: undefined, says: 'no "data"' },
    { name: "data that is a list", data: [1], says: 'no "data"' },
  ])("refuses $name, naming the place", ({ data, says }) => {
    expect(codeOf(() => read(data))).toBe("PAYLOAD_UNFIT");
    expect(() => read(data)).toThrow(says);
  });

  it.each(["", "no", "[]", "1"])("refuses %j", (text) => {
    expect(codeOf(() => codec.view(message(text)))).toBe("PAYLOAD_UNFIT");
  });

  it("refuses arrays of any depth without running out of stack", () => {
    const deep = (depth: number): string => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    const attempt = (text: string) =>
      codeOf(() => codec.view(message(`{"data":{"ndarray":${text}}}`)));
    expect(attempt(deep(100_000))).toBe("PAYLOAD_UNFIT");
    expect(attempt(`[1,${deep(100_000)}]`)).toBe("PAYLOAD_UNFIT");
    expect(attempt(deep(32))).toBeUndefined();
  });

  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  const view = shape.chain((lengths) =>
    fc
      .array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: lengths.reduce((a, b) => a * b, 1),
        maxLength: lengths.reduce((a, b) => a * b, 1),
      })
      .map((values) => ({ shape: lengths, values, names: ["x", "y"] })),
  );

  it.each(["tensor", "ndarray"] as const)("writes as %s what it reads back", (form) => {
    fc.assert(
      fc.property(view, (one) => {
        const written = codec.write(one, [], { form });
        expect(codec.view(written)).toEqual(one); // not by way of the bytes
        expect(codec.view(message(written.body.toString()))).toEqual({
          ...one,
          values: one.values.map((value) => value + 0), // JSON has no -0
        });
      }),
      { seed: 20_261_122 },
    );
  });

  it("says the same whether or not its bytes were asked for before", () => {
    const meta = { puid: "p", tags: { a: [1] }, routing: { old: 1 } };
    const request = message(
      JSON.stringify({ meta, data: { tensor: { shape: [1], values: [4] } } }),
    );
    const numbers = { shape: [1, 2], values: [1, 2], names: ["x", "y"] };
    const routes = new Map([["r", 1]]);
    const make = (isRead: boolean): readonly string[] => {
      const seen = (one: Payload): Payload => (isRead ? message(one.body.toString()) : one);
      const first = seen(codec.write(numbers, [request], { form: "ndarray" }));
      const second = seen(codec.write(codec.view(first), [first, request]));
      const tagged = seen(codec.tag(second, { b: 2 }));
      const routed = codec.record(tagged, routes);
      const last = codec.record(seen(codec.write(codec.view(routed), [routed])), routes);
      return [first, second, tagged, routed, last].map(({ body }) => body.toString());
    };
    expect(make(false)).toEqual(make(true));
    expect(make(false)[4]).toBe(
      '{"meta":{"routing":{"r":1},"puid":"p","tags":{"a":[1],"b":2}},"data":{"names":["x","y"],"ndarray":[[1,2]]}}',
    );
  });

  it("refuses what cannot be written before its bytes are asked for", () => {
    const write = (values: number[], shape: number[]) => () =>
      codec.write({ shape, values, names: [] }, [], { form: "ndarray" });
    expect(codeOf(write([Number.NaN], [1]))).toBe("PAYLOAD_UNFIT");
    expect(codeOf(write([], [1_000_000, 0]))).toBe("PAYLOAD_UNFIT");
    const deep = `{"meta":{"tags":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}`;
    const one = { shape: [1], values: [1], names: [] };
    expect(codeOf(() => codec.write(one, [message(deep)], { form: "tensor" }))).toBe(
      "PAYLOAD_UNFIT",
    );
  });

  const like = (data: unknown, meta: unknown = undefined) =>
    message(JSON.stringify({ meta, data }));
  const one = { shape: [1, 2], values: [1, 2], names: [] };
  const written = (likes: ReturnType<typeof like>[]) =>
    JSON.parse(codec.write(one, likes).body.toString());

  it("takes the form of the first message", () => {
    expect(written([like({ tensor: {} }), like({ ndarray: [] })]).data).toEqual({
      tensor: { shape: [1, 2], values: [1, 2] },
    });
    expect(written([like({ ndarray: [] }), like({ tensor: {} })]).data).toEqual({
      ndarray: [[1, 2]],
    });
    expect(written([message("no")]).data).toEqual({ ndarray: [[1, 2]] });
  });

  it("merges tags and request paths, appends metrics, keeps the first puid", () => {
    const first = { puid: "", tags: { a: 1, b: 1 }, metrics: [{ key: "m" }] };
    const second = {
      puid: "p",
      tags: { b: 2 },
      requestPath: { m: "i" },
      routing: { x: 1 },
      metrics: [{ key: "n" }],
    };
    expect(written([like({}, first), like({}, second), like({}, "odd")]).meta).toEqual({
      puid: "p",
      tags: { a: 1, b: 2 },
      requestPath: { m: "i" },
      metrics: [{ key: "m" }, { key: "n" }],
    });
    expect(written([like({})]).meta).toEqual({});
  });

  it("reads or refuses, whatever comes", () => {
    const data = fc.record(
      { names: fc.jsonValue(), ndarray: fc.jsonValue(), tensor: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(data, fc.jsonValue()), (one) => {
        const got = outcome(() => read(one));
        return got === "PAYLOAD_UNFIT" || (typeof got === "object" && got.values.length >= 0);
      }),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
