/** Messages that stream through the engine both ways: ModelStreamInfer over gRPC. */
import { EventEmitter, once } from "node:events";
import type { ClientDuplexStream, ServerDuplexStream, StatusObject } from "@grpc/grpc-js";
import { describe, expect, it } from "@jest/globals";
import { grpcCodes } from "../../runtime/grpc-status.ts";
import { closeAfterEach } from "./cleanup.ts";
import { at, type Engine, type EngineOptions, openEngine } from "./engine.ts";
import { kilobytes64, megabytes32, numbered, pour, settled, single, upTo } from "./flow.ts";
import { type Duplex, metadataOf, openGrpcClient, openGrpcHost } from "./grpc.ts";
import { framed, openH2 } from "./http2.ts";

const later = closeAfterEach();

const rpc = "/inference.GRPCInferenceService/ModelStreamInfer";
type NodeCall = ServerDuplexStream<Buffer, Buffer>;
type ClientCall = ClientDuplexStream<Buffer, Buffer>;

const numberOf = (message: Buffer): number => message.readUInt32BE(0);
/** A model that streams, the calls it has got, and an engine before it. */
const openStreaming = async (duplex: Duplex, options: EngineOptions = {}) => {
  const calls: NodeCall[] = [];
  const news = new EventEmitter();
  const host = await openGrpcHost(later, {
    duplex: {
      [rpc]: (call) => {
        calls.push(call);
        call.on("error", () => {});
        duplex(call);
        news.emit("call");
      },
    },
  });
  const engine = await openEngine(later, single(at(host)), { protocol: "v2", ...options });
  const nodeCall = async (): Promise<NodeCall> => {
    for (;;) {
      const [call] = calls;
      if (call !== undefined) return call;
      await once(news, "call");
    }
  };
  return { engine, host, nodeCall };
};

const stream = (
  engine: Engine,
  options: Parameters<ReturnType<typeof openGrpcClient>["stream"]>[1] = {},
) => {
  const call = openGrpcClient(later, engine.grpcPort).stream(rpc, options);
  call.on("error", () => {}); // "status" tells
  later(() => call.cancel());
  return call;
};

const statusOf = async (call: ClientCall): Promise<StatusObject> => {
  const [status] = await new Promise<[StatusObject]>((resolve) => {
    call.once("status", (given) => resolve([given]));
  });
  return status;
};

/** All messages until the end, and the status. */
const collect = async (call: ClientCall): Promise<{ messages: number[]; status: StatusObject }> => {
  const messages: number[] = [];
  const status = statusOf(call);
  call.on("data", (message: Buffer) => messages.push(numberOf(message)));
  call.resume();
  await new Promise((resolve) => {
    call.once("end", resolve);
  });
  return { messages, status: await status };
};

const echo: Duplex = (call) => {
  call.on("data", (message) => call.write(message));
  call.on("end", () => call.end());
};

describe("ModelStreamInfer", () => {
  it("passes messages both ways in their order", async () => {
    const { engine } = await openStreaming(echo);
    const call = stream(engine);
    const all = collect(call);
    for (const i of upTo(500)) call.write(numbered(i, 1 + 4 * (i % 50) + 3));
    call.end();
    const { messages, status } = await all;
    expect(messages).toEqual(upTo(500));
    expect(status.code).toBe(grpcCodes.OK);
  });

  it("passes each message on as it comes", async () => {
    const { engine } = await openStreaming(echo);
    const call = stream(engine);
    for (const i of upTo(5)) {
      call.write(numbered(i));
      const [answer] = (await once(call, "data")) as [Buffer]; // what the client deserializes to
      expect(numberOf(answer)).toBe(i);
    }
    call.end();
    call.resume();
    expect((await statusOf(call)).code).toBe(grpcCodes.OK);
  });

  it("tells the node the client's metadata and deadline, and the client its id", async () => {
    const { engine, nodeCall } = await openStreaming(echo);
    const asked = Date.now();
    const call = stream(engine, { metadata: { "x-own": "v" }, timeoutMs: 60_000 });
    const [initial] = await once(call, "metadata");
    const { metadata, getDeadline } = await nodeCall();
    const deadlineAt = Number(getDeadline.call(await nodeCall()));
    expect(metadata.get("x-own")).toEqual(["v"]);
    expect(metadata.get("seldon-puid")).toEqual(initial.get("seldon-puid"));
    // However long the way took: what was left of the time, to some roundings to a millisecond.
    expect(deadlineAt).toBeGreaterThanOrEqual(asked + 60_000 - 10);
    expect(deadlineAt).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it("keeps no more of an answer than a few messages for a client that does not read", async () => {
    let poured: ReturnType<typeof pour> | undefined;
    const { engine, nodeCall } = await openStreaming((call) => {
      poured = pour(
        (message) => call.write(message),
        (resume) => call.once("drain", resume),
        kilobytes64,
      );
    });
    // By hand: a client of the library reads ahead what its user does not take.
    const call = (await openH2(later, engine.grpcPort)).open(rpc);
    await nodeCall(); // which pours from then on
    const held = await settled(() => poured?.count ?? 0);
    expect(held).toBeGreaterThan(0);
    expect(held * kilobytes64).toBeLessThan(megabytes32);
    const want = held + 100;
    if (poured !== undefined) poured.stopAt = want; // then it goes on, and nothing is lost
    const parts: Buffer[] = [];
    for (let size = 0; size < want * (kilobytes64 + 5); ) {
      const part: Buffer | null = call.read();
      if (part === null) await once(call, "readable");
      else size += parts[parts.push(part) - 1]?.length ?? 0;
    }
    const bytes = Buffer.concat(parts);
    const messages = upTo(want).map((i) => bytes.readUInt32BE(i * (kilobytes64 + 5) + 5));
    expect(messages).toEqual(upTo(want));
  });

  it("keeps no more of the requests than a few for a node that does not read", async () => {
    const { engine, nodeCall } = await openStreaming((call) => call.pause());
    const call = stream(engine);
    const poured = pour(
      (message) => call.write(message),
      (resume) => call.once("drain", resume),
      kilobytes64,
    );
    const node = await nodeCall();
    const held = await settled(() => poured.count);
    expect(held * kilobytes64).toBeLessThan(megabytes32);
    poured.stopAt = held + 100;
    const messages: number[] = [];
    await new Promise<void>((resolve) => {
      node.on("data", (message: Buffer) => {
        messages.push(numberOf(message));
        if (messages.length === held + 100) resolve();
      });
      node.resume();
    });
    expect(messages).toEqual(upTo(held + 100));
  });

  it("loses nothing of an answer that ends before the client has read it", async () => {
    const count = 300;
    const { engine, nodeCall } = await openStreaming((call) => {
      for (const i of upTo(count)) call.write(numbered(i, 20_000));
      call.end();
    });
    const call = (await openH2(later, engine.grpcPort)).open(rpc);
    const node = await nodeCall();
    await settled(() => node.writableLength); // the engine holds what the client does not take
    const trailers = once(call, "trailers");
    const parts: Buffer[] = [];
    for await (const part of call) parts.push(part);
    const bytes = Buffer.concat(parts);
    const messages = upTo(count).map((i) => bytes.readUInt32BE(i * 20_005 + 5));
    expect(messages).toEqual(upTo(count));
    expect((await trailers)[0]["grpc-status"]).toBe(String(grpcCodes.OK));
  });

  it("tells the node's error after the messages before it", async () => {
    const rich = Buffer.from([8, 3]);
    const { engine } = await openStreaming((call) => {
      for (const i of upTo(40)) call.write(numbered(i, 10_000));
      const metadata = metadataOf({ "grpc-status-details-bin": rich });
      call.emit("error", { code: grpcCodes.OUT_OF_RANGE, details: "no more", metadata });
    });
    const call = stream(engine);
    const { messages, status } = await collect(call);
    expect(messages).toEqual(upTo(40));
    expect(status).toMatchObject({ code: grpcCodes.OUT_OF_RANGE, details: "no more" });
    expect(status.metadata.get("grpc-status-details-bin")).toEqual([rich]);
  });

  it.each(["cancels", "breaks its connection"])(
    "ends at the node when the client %s",
    async (how) => {
      const { engine, nodeCall } = await openStreaming(echo);
      if (how === "cancels") {
        const call = stream(engine);
        call.write(numbered(0));
        const node = await nodeCall();
        const cancelled = once(node, "cancelled");
        call.cancel();
        await cancelled;
      } else {
        const h2 = await openH2(later, engine.grpcPort);
        h2.open(rpc).write(framed(numbered(0)));
        const node = await nodeCall();
        const cancelled = once(node, "cancelled");
        h2.session.destroy();
        await cancelled;
      }
    },
  );

  it("ends at the client when the node's connection breaks, or there is none", async () => {
    const { engine, host, nodeCall } = await openStreaming(echo);
    const call = stream(engine);
    call.write(numbered(0));
    await nodeCall();
    await once(call, "data");
    call.resume();
    const status = statusOf(call);
    host.close();
    // CANCELLED if the node could still say so
    expect([grpcCodes.UNAVAILABLE, grpcCodes.CANCELLED]).toContain((await status).code);
    const next = stream(engine);
    next.resume();
    expect((await statusOf(next)).code).toBe(grpcCodes.UNAVAILABLE);
  });

  it("ends by the client's deadline on both sides, and is counted so", async () => {
    const { engine, nodeCall } = await openStreaming(echo);
    const call = stream(engine, { timeoutMs: 5000 }); // within which the node is called
    call.resume();
    const node = await nodeCall();
    const cancelled = once(node, "cancelled");
    expect((await statusOf(call)).code).toBe(grpcCodes.DEADLINE_EXCEEDED);
    await cancelled;
    const counted =
      /server_requests_seconds_count\{[^}]*ModelStreamInfer[^}]*DeadlineExceeded[^}]*\} 1/;
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${engine.httpPort}/metrics`)).text();
    while (!counted.test(await metrics()));
  });

  it("in work may end while the engine stops", async () => {
    const { engine } = await openStreaming(echo);
    const call = stream(engine);
    call.write(numbered(0));
    await once(call, "data");
    const stopped = engine.stop();
    const all = collect(call);
    call.write(numbered(1));
    call.end();
    expect((await all).messages).toEqual([1]);
    expect(await stopped).toBe(0);
  });

  it.each([
    { name: "a graph of two models", protocol: "v2", more: true },
    { name: "a protocol without streams", protocol: "seldon", more: false },
  ])("is UNIMPLEMENTED through $name", async ({ protocol, more }) => {
    const host = await openGrpcHost(later, { duplex: { [rpc]: echo } });
    const graph = { ...single(at(host)), children: more ? [single(at(host))] : [] };
    const engine = await openEngine(later, graph, { protocol });
    const call = stream(engine);
    call.resume();
    call.write(numbered(0));
    expect((await statusOf(call)).code).toBe(grpcCodes.UNIMPLEMENTED);
    const health = await openGrpcClient(later, engine.grpcPort).ask(
      "/grpc.health.v1.Health/Check",
      Buffer.alloc(0),
    );
    expect(health.code).toBe(0);
  });
});
