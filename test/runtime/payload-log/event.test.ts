import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { Payload } from "../../../runtime/payload.ts";
import {
  eventBytes,
  eventOverheadBytes,
  eventRequest,
  fixedHeaders,
  type PayloadEvent,
} from "../../../runtime/payload-log/event.ts";
import { makeUnpack } from "../../../runtime/payload-log/unpack.ts";

const origin = {
  deployment: "dep",
  namespace: "ns",
  predictor: "pred",
  protocol: "seldon",
  source: "http://:8000/",
};

const json: Payload = {
  body: Buffer.from('{"strData":"x"}'),
  contentType: "application/json",
  contentEncoding: undefined,
};

const event = (payload: Payload, requestId = "id-1"): PayloadEvent => ({
  sink: { place: "sink", post: async () => 200, close: () => {} },
  fixed: fixedHeaders(origin, "node", "request"),
  requestId,
  payload,
  at: Date.UTC(2024, 1, 29, 12, 0, 0, 5),
  bytes: 0,
});

const sent = async (payload: Payload, requestId?: string) => {
  const { headers, body } = await eventRequest(event(payload, requestId), makeUnpack());
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : []));
  return { headers: Object.fromEntries(pairs), body };
};

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("eventRequest", () => {
  it("has the headers of the contract, and no others", async () => {
    const { headers, body } = await sent(json);
    expect(headers).toEqual({
      "Ce-Specversion": "1.0",
      "Ce-Type": "io.seldon.serving.inference.request",
      "Ce-Id": expect.stringMatching(uuid),
      "Ce-Time": "2024-02-29T12:00:00.005Z",
      "Ce-Source": "http://:8000/",
      "Ce-Requestid": "id-1",
      "Ce-Modelid": "node",
      "Ce-Inferenceservicename": "dep",
      "Ce-Namespace": "ns",
      "Ce-Endpoint": "pred",
      "Ce-Protocol": "seldon",
      "Content-Type": "application/json",
    });
    expect(body).toBe(json.body);
  });

  it("has a new id each time", async () => {
    const ids = await Promise.all([sent(json), sent(json)]);
    expect(ids[0]?.headers["Ce-Id"]).not.toBe(ids[1]?.headers["Ce-Id"]);
  });

  it.each([
    { name: "no type if the payload has none", over: { contentType: undefined }, want: {} },
    { name: "no type if the payload's is empty", over: { contentType: "" }, want: {} },
    {
      name: "protobuf for a message over gRPC",
      over: { contentType: undefined, message: "seldon.protos.SeldonMessage" },
      want: { "Content-Type": "application/protobuf" },
    },
    {
      name: "a coding that stays",
      over: { contentEncoding: "br" },
      want: { "Content-Type": "application/json", "Content-Encoding": "br" },
    },
    {
      name: "where binary tensors begin",
      over: { contentType: "application/octet-stream", jsonBytes: 9 },
      want: { "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": "9" },
    },
  ])("tells $name", async ({ over, want }) => {
    const { headers } = await sent({ ...json, ...over });
    const content = Object.entries(headers).filter(([name]) => !name.startsWith("Ce-"));
    expect(Object.fromEntries(content)).toEqual(want);
  });

  it.each(["gzip", "GZIP"])("unpacks %s", async (contentEncoding) => {
    const { headers, body } = await sent({ ...json, body: gzipSync("plain"), contentEncoding });
    expect(body.toString()).toBe("plain");
    expect(headers).not.toHaveProperty("Content-Encoding");
  });

  it.each([
    { name: "line ends", id: "a\r\nX-Evil: 1", want: "a%0D%0AX-Evil: 1" },
    { name: "letters beyond ASCII", id: "größe", want: "gr%C3%B6%C3%9Fe" },
    { name: "half a character", id: "\ud800", want: "%EF%BF%BD" },
    { name: "what ASCII can say", id: 'a%20 "b"~', want: 'a%20 "b"~' },
  ])("writes $name so that a header can hold it", async ({ id, want }) => {
    expect((await sent(json, id)).headers["Ce-Requestid"]).toBe(want);
  });
});

describe("eventBytes", () => {
  const large = Buffer.alloc(100_000);
  const packed = Buffer.from(gzipSync(large));
  it.each([
    { name: "a body", payload: json, id: "", want: 15 + 16 },
    { name: "a long request id", payload: json, id: "i".repeat(5000), want: 5000 + 15 + 16 },
    {
      name: "a part of a large buffer, which it keeps",
      payload: { ...json, body: large.subarray(0, 10) },
      id: "",
      want: 100_000 + 16,
    },
    {
      name: "a compressed body, packed and unpacked",
      payload: { ...json, body: packed, contentEncoding: "gzip" },
      id: "",
      want: 100_000 + packed.length + 16,
    },
  ])("counts $name", ({ payload, id, want }) => {
    expect(eventBytes(payload, id)).toBe(eventOverheadBytes + want);
  });
});
