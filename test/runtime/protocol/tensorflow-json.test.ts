import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeTensorflowJson } from "../../../runtime/protocol/tensorflow-json.ts";
import { gzipped, jsonOf, rest, textOf } from "./json-messages.ts";
import { objectWith } from "./json-text.ts";
import { codeOf, outcome } from "./outcome.ts";

const codec = makeTensorflowJson(1_000_000);
const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;

describe("makeTensorflowJson chain", () => {
  it.each([
    '{"instances":[1.0]}',
    '{"inputs":{"x":[1]}}',
    '{"predictions":[1],"instances":[2]}',
    '{"signature_name":"s", "inputs":1, "predictions":1}',
  ])("passes on a request as it is: %s", (text) => {
    const message = rest(text);
    expect(codec.chain(message, "m")).toBe(message);
  });

  it("makes a response a request and keeps everything else", () => {
    const text =
      '{ "predictions" : [ 1.50, NaN, 12345678901234567890 ], "extra":{"predictions":1} }';
    expect(textOf(codec.chain(rest(text), "m"))).toBe(text.replace('"predictions"', '"instances"'));
  });

  it("unpacks what it changes", () => {
    const changed = codec.chain(gzipped({ predictions: [] }), "m");
    expect([textOf(changed), changed.contentEncoding]).toEqual(['{"instances":[]}', undefined]);
  });

  it.each([{ outputs: [1] }, {}, [{ predictions: 1 }], null, 1])("refuses %j", (body) => {
    expect(codeOf(() => codec.chain(rest(body), "m"))).toBe("MESSAGE_UNREADABLE");
  });

  it("says in v1's words why it cannot chain", () => {
    expect(() => codec.chain(rest({ outputs: [1] }), "m")).toThrow(
      /^Failed to convert tensorflow response so it could be chained to new input$/,
    );
  });

  it("chains any JSON or throws EngineError", () => {
    fc.assert(
      fc.property(objectWith(["instances", "predictions", "inputs"]), (text) => {
        const chained = outcome(() => codec.chain(rest(text), "m"));
        if (typeof chained !== "object") return;
        const keys = Object.keys(jsonOf(chained) as object); // chain refuses all but objects
        expect(keys.includes("instances") || keys.includes("inputs")).toBe(true);
      }),
    );
  });
});

describe("makeTensorflowJson join", () => {
  it("makes a bare array of the bodies, byte for byte", () => {
    const joined = codec.join([rest('{ "predictions": [1.0] }'), gzipped([2])], "m");
    expect(textOf(joined)).toBe('[{ "predictions": [1.0] },[2]]');
  });

  it("refuses what is not JSON", () => {
    expect(codeOf(() => codec.join([rest("{}"), rest("x")], "m"))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("makeTensorflowJson route", () => {
  it.each([
    { name: "predictions", answer: { predictions: [1, 0] }, route: 1 },
    { name: "nested predictions", answer: { predictions: [[[1.9]]] }, route: 1 },
    { name: "named outputs", answer: { outputs: { branch: [2] } }, route: 2 },
    { name: "a scalar", answer: { outputs: -2 }, route: -2 },
    {
      name: "a SeldonMessage",
      answer: { data: { tensor: { shape: [1], values: [1] } } },
      route: 1,
    },
    { name: "a bare array", answer: [-1], route: -1 },
  ])("reads $name", ({ answer, route }) => {
    expect(codec.route(rest(answer))).toBe(route);
  });

  it.each([
    { name: "no JSON", answer: "x" },
    { name: "no predictions", answer: {} },
    { name: "empty predictions", answer: { predictions: [[]] } },
    { name: "a string", answer: { predictions: ["1"] } },
    { name: "an object", answer: { predictions: [{ a: 1 }] } },
    { name: "-3", answer: { predictions: [-3] } },
    { name: "deep predictions", answer: `{"predictions":${deep}}` },
  ])("refuses $name", ({ answer }) => {
    expect(codeOf(() => codec.route(rest(answer)))).toBe("ROUTE_UNREADABLE");
  });

  it("throws nothing but EngineError, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        for (const answer of [
          rest(text),
          rest(`{"predictions":${text}}`),
          rest(`{"inputs":${text}}`),
        ]) {
          outcome(() => codec.route(answer));
          outcome(() => codec.view(answer));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("makeTensorflowJson view", () => {
  it.each([
    {
      name: "predictions",
      message: { predictions: [[1, 2]] },
      view: { shape: [1, 2], values: [1, 2] },
    },
    { name: "instances", message: { instances: [1, true] }, view: { shape: [2], values: [1, 1] } },
    { name: "outputs", message: { outputs: [[1], [2]] }, view: { shape: [2, 1], values: [1, 2] } },
    {
      name: "named inputs",
      message: { inputs: { x: [3], y: ["s"] } },
      view: { shape: [1], values: [3] },
    },
    { name: "a scalar", message: { inputs: 5 }, view: { shape: [], values: [5] } },
    {
      name: "a response rather than its request",
      message: { instances: [1], predictions: [2] },
      view: { shape: [1], values: [2] },
    },
  ])("reads $name", ({ message, view }) => {
    expect(codec.view(rest(message))).toEqual({ ...view, names: [] });
  });

  it.each([
    { name: "no JSON", message: "x" },
    { name: "no values", message: {} },
    { name: "rows of objects", message: { instances: [{ x: 1 }] } },
    { name: "an empty object", message: { inputs: {} } },
    { name: "strings", message: { predictions: ["a"] } },
    { name: "base64", message: { instances: { b64: "AA==" } } },
    { name: "rows of two lengths", message: { predictions: [[1], [1, 2]] } },
    { name: "deep values", message: `{"predictions":${deep}}` },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => codec.view(rest(message)))).toBe("PAYLOAD_UNFIT");
  });
});

describe("makeTensorflowJson write", () => {
  it.each([
    { shape: [2, 2], values: [1, 2, 3, 4], text: '{"predictions":[[1,2],[3,4]]}' },
    { shape: [2], values: [0.5, 1], text: '{"predictions":[0.5,1]}' },
    { shape: [], values: [7], text: '{"predictions":7}' },
    { shape: [2, 0], values: [], text: '{"predictions":[[],[]]}' },
  ])("writes $text", ({ text, ...view }) => {
    const written = codec.write({ ...view, names: ["a"] }, [rest({ instances: [] })]);
    expect([textOf(written), written.contentType]).toEqual([text, "application/json"]);
  });

  it.each([
    { name: "infinity", view: { shape: [1], values: [Number.POSITIVE_INFINITY] } },
    { name: "a million empty rows", view: { shape: [1e6, 0], values: [] } },
  ])("refuses $name", ({ view }) => {
    expect(codeOf(() => codec.write({ ...view, names: [] }, []))).toBe("PAYLOAD_UNFIT");
  });

  it("records nothing and sends feedback everywhere", () => {
    const message = rest({ meta: {} });
    expect(codec.record(message, new Map([["r", 1]]))).toBe(message);
    expect(codec.feedbackRoutes(message)("r")).toBe(-1);
  });
});
