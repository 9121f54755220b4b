/** Calls that no proper client makes: each gets a status, and the engine serves on. */
import type { IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { UnitSource } from "../../../api/plan.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterAll, closeAfterEach } from "../../contract/cleanup.ts";
import { at, type Engine, openEngine } from "../../contract/engine.ts";
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameTypes,
  openRaw,
  preface,
} from "../../contract/frames.ts";
import { type GrpcHost, openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";
import { framed, gzipped, openH2 } from "../../contract/http2.ts";
import { encode } from "../protocol/messages.ts";

const later = closeAfterEach();
const afterAll = closeAfterAll();

const predict = "/seldon.protos.Seldon/Predict";
const infer = "/inference.GRPCInferenceService/ModelInfer";
const health = "/grpc.health.v1.Health/Check";
const nothing = Buffer.alloc(0);
const message = encode("seldon.protos.SeldonMessage", { strData: "hello" });

/** One engine for each protocol, with nodes that look inside: a router, and an average. */
const open = new Map<string, Promise<{ readonly engine: Engine; readonly host: GrpcHost }>>();
const start = async (protocol: string) => {
  const host = await openGrpcHost(afterAll, {
    unary: Object.fromEntries(
      ["/seldon.protos.Model/Predict", "/seldon.protos.Router/Route", infer].map((rpc) => [
        rpc,
        ({ body }: { readonly body: Buffer }) => body,
      ]),
    ),
  });
  const pass = (name: string): UnitSource => ({ name, implementation: "SIMPLE_ROUTER" });
  const graph: UnitSource = {
    name: "m",
    type: protocol === "tensorflow" ? "UNKNOWN_TYPE" : "MODEL",
    endpoint: at(host),
    children: [{ name: "c", implementation: "AVERAGE_COMBINER", children: [pass("a"), pass("b")] }],
  };
  const args = ["--max_body_bytes", "1000000"];
  return { host, engine: await openEngine(afterAll, graph, { protocol, args }) };
};
const engineOf = (protocol: string) => {
  const found = open.get(protocol) ?? start(protocol);
  open.set(protocol, found);
  return found;
};
/** An engine that passes on what it gets. */
const echoing = async (args: readonly string[] = []) => {
  const host = await openGrpcHost(later, {
    unary: { "/seldon.protos.Model/Predict": ({ body }) => body },
  });
  const graph = { name: "m", type: "MODEL", endpoint: at(host) };
  return { host, engine: await openEngine(later, graph, { args }) };
};

afterEach(async () => {
  for (const engine of open.values()) {
    const client = openGrpcClient(later, (await engine).engine.grpcPort);
    expect((await client.ask(health, nothing)).code).toBe(grpcCodes.OK);
  }
});

describe("a gRPC message that is framed wrongly", () => {
  const whole = framed(message);
  const cuts = Array.from({ length: whole.length }, (_, size) => size);

  it.each(cuts)("has a status when it is cut off after %i bytes", async (size) => {
    const { engine, host } = await echoing();
    const client = await openH2(later, engine.grpcPort);
    const { status } = await client.send(predict, whole.subarray(0, size));
    expect([grpcCodes.UNIMPLEMENTED, grpcCodes.INTERNAL]).toContain(status);
    expect(host.seen).toHaveLength(0);
  });

  it.each([
    { name: "two messages", body: Buffer.concat([whole, whole]), codes: [grpcCodes.UNIMPLEMENTED] },
    {
      name: "more than the limit",
      body: Buffer.concat([Buffer.from([0, 0, 0x0f, 0x42, 0x41]), message]),
      codes: [grpcCodes.RESOURCE_EXHAUSTED],
    },
    {
      name: "4 GB",
      body: Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
      codes: [grpcCodes.RESOURCE_EXHAUSTED],
    },
  ])("has a status when it says $name", async ({ body, codes }) => {
    const { engine, host } = await echoing(["--max_body_bytes", "1000000"]);
    const client = await openH2(later, engine.grpcPort);
    expect(codes).toContain((await client.send(predict, body)).status);
    expect(host.seen).toHaveLength(0);
  });

  it("gets its status before the rest of it is sent", async () => {
    const { engine } = await echoing(["--max_body_bytes", "1000"]);
    const client = await openH2(later, engine.grpcPort);
    const stream = client.open(predict);
    stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]));
    const [head] = await new Promise<[IncomingHttpHeaders]>((resolve) => {
      stream.once("response", (given) => resolve([given]));
    });
    expect(head["grpc-status"]).toBe(String(grpcCodes.RESOURCE_EXHAUSTED));
  });
});

describe("a compressed message", () => {
  it.each([
    { name: "gzip", encoding: "gzip", body: gzipped(message), code: grpcCodes.OK },
    { name: "plain under gzip", encoding: "gzip", body: framed(message), code: grpcCodes.OK },
    {
      name: "another encoding",
      encoding: "snappy",
      body: framed(message, 1),
      code: grpcCodes.UNIMPLEMENTED,
    },
    {
      name: "no gzip at all",
      encoding: "gzip",
      body: framed(message, 1),
      code: grpcCodes.INTERNAL,
    },
    {
      name: "half of a gzip",
      encoding: "gzip",
      body: framed(gzipSync(Buffer.alloc(1000, "abc")).subarray(0, 20), 1),
      code: grpcCodes.INTERNAL,
    },
    {
      name: "a gzip of more than the limit",
      encoding: "gzip",
      body: gzipped(Buffer.alloc(1_000_001)),
      code: grpcCodes.RESOURCE_EXHAUSTED,
    },
  ])("has status $code when it is $name", async ({ encoding, body, code }) => {
    const { engine, host } = await echoing(["--max_body_bytes", "1000000"]);
    const client = await openH2(later, engine.grpcPort);
    expect(await client.send(predict, body, { "grpc-encoding": encoding })).toMatchObject({
      status: code,
    });
    if (code === grpcCodes.OK) expect(host.seen[0]?.body.equals(message)).toBe(true);
    else expect(host.seen).toHaveLength(0);
  });
});

/** Bytes that are no message: a number without an end, a group, a length beyond the end. */
const broken = [
  { what: "a cut number", bytes: Buffer.from([0xff, 0xff]) },
  { what: "a group", bytes: Buffer.from([0x0b, 0x0c]) },
  { what: "a field beyond the end", bytes: Buffer.from([0x0a, 0x7f, 1]) },
  { what: "an endless number", bytes: Buffer.alloc(40, 0xff) },
  { what: "field 0", bytes: Buffer.from([0x00, 0x01]) },
  { what: "text", bytes: Buffer.from('{"data":{}}') },
];
const looking = [
  { protocol: "seldon", rpc: predict },
  { protocol: "seldon", rpc: "/seldon.protos.Seldon/SendFeedback" },
  { protocol: "seldon", rpc: "/seldon.protos.Seldon/ModelMetadata" },
  { protocol: "v2", rpc: infer },
  { protocol: "v2", rpc: "/inference.GRPCInferenceService/ModelReady" },
  { protocol: "v2", rpc: "/inference.GRPCInferenceService/ModelMetadata" },
  { protocol: "tensorflow", rpc: "/tensorflow.serving.PredictionService/Predict" },
  { protocol: "tensorflow", rpc: "/tensorflow.serving.PredictionService/Classify" },
  { protocol: "tensorflow", rpc: "/tensorflow.serving.PredictionService/GetModelMetadata" },
  { protocol: "tensorflow", rpc: "/tensorflow.serving.ModelService/GetModelStatus" },
  { protocol: "seldon", rpc: health },
];

describe("a message that is no protobuf", () => {
  it.each(looking.flatMap((one) => broken.map((bad) => ({ ...one, ...bad }))))(
    "has a status in $rpc: $what",
    async ({ protocol, rpc, bytes }) => {
      const { engine } = await engineOf(protocol);
      const { code } = await openGrpcClient(later, engine.grpcPort).ask(rpc, bytes, {
        timeoutMs: 30_000,
      });
      expect([grpcCodes.UNKNOWN, grpcCodes.INTERNAL, grpcCodes.NOT_FOUND]).toContain(code);
    },
  );

  it("has a status in RPCs that need nothing of it", async () => {
    const { engine } = await engineOf("v2");
    const client = openGrpcClient(later, engine.grpcPort);
    for (const method of ["ServerLive", "ServerReady", "ServerMetadata"]) {
      const rpc = `/inference.GRPCInferenceService/${method}`;
      expect((await client.ask(rpc, Buffer.alloc(40, 0xff))).code).toBe(grpcCodes.OK);
    }
  });
});

describe("text in a message that is not UTF-8", () => {
  const invalid = Buffer.from([0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80]);
  const named = Buffer.concat([Buffer.from([0x0a, invalid.length]), invalid]);
  it.each([
    { protocol: "seldon", rpc: "/seldon.protos.Seldon/ModelMetadata" },
    { protocol: "v2", rpc: infer },
    { protocol: "v2", rpc: "/inference.GRPCInferenceService/ModelReady" },
    { protocol: "tensorflow", rpc: "/tensorflow.serving.ModelService/GetModelStatus" },
    { protocol: "seldon", rpc: health },
  ])("has a status as a name in $rpc", async ({ protocol, rpc }) => {
    const { engine } = await engineOf(protocol);
    const spec = Buffer.concat([Buffer.from([0x0a, named.length]), named]);
    const body = protocol === "tensorflow" ? spec : named;
    const { code } = await openGrpcClient(later, engine.grpcPort).ask(rpc, body);
    expect([grpcCodes.UNKNOWN, grpcCodes.NOT_FOUND]).toContain(code);
  });

  it("does not end the process when an error text cuts a character in two", async () => {
    const { engine } = await engineOf("v2");
    const tensor = { name: `${"x".repeat(99)}😀`, datatype: "BYTES", shape: [1] };
    const body = encode("inference.ModelInferRequest", { inputs: [tensor] });
    const client = openGrpcClient(later, engine.grpcPort);
    const { code, details } = await client.ask(infer, body, { timeoutMs: 30_000 });
    expect(code).toBe(grpcCodes.UNKNOWN);
    expect(details).toContain("xxx");
  });
});

describe("headers of a call that are odd", () => {
  it.each([
    {
      name: "no gRPC",
      headers: { "content-type": "application/json" },
      http: 415,
      status: undefined,
    },
    { name: "a deadline in no unit", headers: { "grpc-timeout": "soon" }, http: 200, status: 13 },
    {
      name: "a deadline that is over",
      headers: { "grpc-timeout": "0n" },
      http: 200,
      status: undefined,
    },
    { name: "bytes beyond ASCII", headers: { "x-own": "\u00e9" }, http: 200, status: 0 },
    { name: "no base64", headers: { "x-own-bin": "***" }, http: 200, status: 0 },
  ])("have an answer: $name", async ({ headers, http, status }) => {
    const { engine } = await echoing();
    const client = await openH2(later, engine.grpcPort);
    const outcome = await client.send(predict, framed(message), headers);
    expect(outcome.http).toBe(http);
    if (status !== undefined) expect(outcome.status).toBe(status);
  });

  it.each([
    { name: "many", count: 100, status: grpcCodes.OK },
    { name: "too many", count: 1700, status: grpcCodes.RESOURCE_EXHAUSTED },
  ])("are refused by their size when they are $name", async ({ count, status }) => {
    const { engine, host } = await echoing();
    const client = await openH2(later, engine.grpcPort);
    const many = Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v"]));
    expect(await client.send(predict, framed(message), many)).toMatchObject({ status });
    expect(host.seen).toHaveLength(status === grpcCodes.OK ? 1 : 0);
  });

  it("break off one connection alone when they are enormous", async () => {
    const { engine } = await echoing();
    const other = openGrpcClient(later, engine.grpcPort);
    expect((await other.ask(predict, message)).code).toBe(grpcCodes.OK);
    const client = await openH2(later, engine.grpcPort);
    const { status } = await client.send(predict, framed(message), { "x-own": "x".repeat(2e6) });
    expect(status).not.toBe(grpcCodes.OK);
    expect((await other.ask(predict, message)).code).toBe(grpcCodes.OK);
  });
});

describe("bytes on the gRPC port", () => {
  const bytes = (maxLength: number) =>
    fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
  const anyFrame = fc
    .tuple(fc.integer({ min: 0, max: 12 }), bytes(60), fc.integer({ min: 0, max: 255 }), fc.nat(9))
    .map(([type, payload, flags, stream]) => frame(type, payload, { flags, stream }));
  const call = fc
    .tuple(fc.constantFrom(predict, health, "/x"), bytes(30), fc.integer({ min: 0, max: 4 }))
    .map(([path, body, slot]) => {
      const stream = 2 * slot + 1;
      return Buffer.concat([
        frame(frameTypes.headers, callHeaders(path), { flags: endHeaders, stream }),
        frame(frameTypes.data, body, { flags: endStream, stream }),
      ]);
    });
  const talk = fc.oneof(
    bytes(300),
    fc
      .array(fc.oneof(anyFrame, call), { maxLength: 12 })
      .map((all) => Buffer.concat([preface, ...all])),
  );

  it("of any kind leave the engine serving", async () => {
    const { engine } = await echoing();
    const client = openGrpcClient(later, engine.grpcPort);
    const property = fc.asyncProperty(talk, async (said) => {
      const raw = await openRaw(later, engine.grpcPort);
      await raw.write(said);
      raw.socket.end();
      await raw.closed;
      expect((await client.ask(predict, message)).code).toBe(grpcCodes.OK);
    });
    await fc.assert(property, { numRuns: 200, seed: 20_250_101 });
  });
});
