import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeSeldonJson } from "../../../runtime/protocol/seldon-json.ts";
import { codeOf, outcome } from "./outcome.ts";

const codec = makeSeldonJson(1000);
const reply = (body: string | Buffer, contentEncoding?: string) => ({
  body: Buffer.from(body),
  contentType: "application/json",
  contentEncoding,
});
const route = (answer: unknown): number => codec.route(reply(JSON.stringify(answer)));

describe("route", () => {
  it.each([
    { answer: { data: { ndarray: [1] } }, want: 1 },
    { answer: { data: { ndarray: [1.9] } }, want: 1 },
    { answer: { data: { ndarray: [-1.9] } }, want: -1 },
    { answer: { data: { ndarray: [-0.5] } }, want: -0 },
    { answer: { data: { ndarray: [-2] } }, want: -2 },
    { answer: { data: { ndarray: ["1"] } }, want: 0 },
    { answer: { data: { ndarray: [2, 1, 0] } }, want: 2 },
    { answer: { data: { ndarray: [[3, 1], [0]] } }, want: 3 },
    { answer: { data: { ndarray: [["x"]] } }, want: 0 },
    { answer: { data: { ndarray: [[[1]]] } }, want: 0 },
    { answer: { data: { ndarray: [true] } }, want: 0 },
    { answer: { data: { ndarray: [null] } }, want: 0 },
    { answer: { data: { ndarray: [{}] } }, want: 0 },
    { answer: { data: { tensor: { shape: [1, 2], values: [2.7, 1] } } }, want: 2 },
    { answer: { data: { tensor: { values: ["2.7"] } } }, want: 2 },
    { answer: { data: { tftensor: { dtype: "DT_INT32", intVal: [4] } } }, want: 4 },
    { answer: { data: { tftensor: { intVal: ["4"] } } }, want: 4 },
    { answer: { data: { tftensor: { int_val: [4] } } }, want: 4 },
    { answer: { data: {} }, want: -1 },
    { answer: { data: { names: ["a"] } }, want: -1 },
    { answer: [1], want: 1 },
    { answer: [0, 5], want: 0 },
    { answer: [-1], want: -1 },
    { answer: { data: { ndarray: [1] }, meta: { tags: { a: [1] }, routing: { x: 1 } } }, want: 1 },
    { answer: { status: { code: 200, status: "SUCCESS" }, data: { ndarray: [1] } }, want: 1 },
    { answer: { status: { status: 1 }, data: { ndarray: [1] } }, want: 1 },
    { answer: { meta: null, data: { ndarray: [1] } }, want: 1 },
    { answer: { meta: { request_path: { r: "i" } }, data: { ndarray: [1] } }, want: 1 },
  ])("of $answer is $want", ({ answer, want }) => {
    expect(route(answer) + 0).toBe(want + 0);
  });

  const unreadable: readonly unknown[] = [
    {},
    { data: null },
    { strData: "1" },
    { jsonData: [1] },
    { data: { ndarray: [] } },
    { data: { ndarray: [[]] } },
    { data: { ndarray: 1 } },
    { data: { ndarray: [-3] } },
    { data: { ndarray: [1e300] } },
    { data: { tensor: { values: [] } } },
    { data: { tensor: {} } },
    { data: { tensor: { values: ["NaN"] } } },
    { data: { tftensor: { floatVal: [1] } } },
    { data: { ndarray: [1] }, extra: 1 },
    { data: { ndarray: [1], extra: 1 } },
    { data: { ndarray: [1] }, meta: { extra: 1 } },
    { data: { ndarray: [1] }, meta: { routing: { a: 1.5 } } },
    { data: { ndarray: [1] }, meta: { routing: { a: 3e9 } } },
    { data: { ndarray: [1] }, meta: { metrics: [{ type: "SUM" }] } },
    { data: { ndarray: [1] }, status: { status: "OK" } },
    { data: { ndarray: [1] }, toString: 1 },
    [],
    [1.5],
    ["1"],
    [[1]],
    [1, "x"],
    1,
    "1",
    null,
    true,
  ];
  it.each(unreadable.map((answer) => JSON.stringify(answer)))("refuses %s", (text) => {
    expect(codeOf(() => codec.route(reply(text)))).toBe("ROUTE_UNREADABLE");
  });

  it.each(["", "no", "[1", '{"data":', "\ufeff[1]"])("refuses %j, which is no JSON", (text) => {
    expect(codeOf(() => codec.route(reply(text)))).toBe("ROUTE_UNREADABLE");
  });

  it("reads a compressed reply", () => {
    expect(codec.route(reply(gzipSync("[1]"), "gzip"))).toBe(1);
  });

  it("answers a whole number of -2 or more, or throws an EngineError", () => {
    const leaf = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null));
    const data = fc.record(
      {
        names: fc.jsonValue(),
        ndarray: fc.oneof(fc.array(leaf), fc.array(fc.array(leaf)), fc.jsonValue()),
        tensor: fc.oneof(fc.record({ values: fc.array(leaf) }), fc.jsonValue()),
        tftensor: fc.oneof(fc.record({ intVal: fc.array(leaf) }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const answer = fc.oneof(fc.record({ data }), fc.jsonValue(), fc.array(leaf));
    fc.assert(
      fc.property(answer, (one) => {
        const got = outcome(() => route(one));
        return got === "ROUTE_UNREADABLE" || (Number.isSafeInteger(got) && Number(got) >= -2);
      }),
      { seed: 20_261_122, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        outcome(() => codec.route(reply(Buffer.from(bytes))));
        outcome(() => codec.route(reply(Buffer.from(bytes), "gzip")));
      }),
      { seed: 20_261_122 },
    );
  });
});
