/** The end of an engine that is asked over gRPC. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, type Engine, openEngine, tryEngine } from "../../contract/engine.ts";
import { openRaw, preface } from "../../contract/frames.ts";
import { type Handler, openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";

const later = closeAfterEach();

const predict = "/seldon.protos.Seldon/Predict";
const hello = Buffer.from("hello");

const openWith = async (handler: Handler, args: readonly string[] = []): Promise<Engine> => {
  const host = await openGrpcHost(later, { unary: { "/seldon.protos.Model/Predict": handler } });
  return openEngine(later, { name: "m", type: "MODEL", endpoint: at(host) }, { args });
};

/** A handler that holds its calls until they are let go. */
const makeGate = () => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrived = (): void => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const handler: Handler = async ({ body }) => {
    arrived();
    await gate;
    return body;
  };
  return { handler, first, open: () => open() };
};

describe("an engine that stops", () => {
  it("lets calls in work end, and takes no new connection", async () => {
    const gate = makeGate();
    const engine = await openWith(gate.handler);
    const client = openGrpcClient(later, engine.grpcPort);
    const asked = client.start(predict, hello).outcome;
    await gate.first;
    const stopped = engine.stop();
    const late = openGrpcClient(later, engine.grpcPort);
    while ((await late.ask(predict, hello, { timeoutMs: 1000 })).code !== grpcCodes.UNAVAILABLE);
    gate.open();
    const { code, body } = await asked;
    expect({ code, same: body.equals(hello) }).toEqual({ code: grpcCodes.OK, same: true });
    expect(await stopped).toBe(0);
  });

  it("waits for no client that is silent or idle", async () => {
    const args = ["--graceful_timeout", "1h"]; // longer than the test may take
    const engine = await openWith(({ body }) => body, args);
    const idle = openGrpcClient(later, engine.grpcPort);
    expect((await idle.ask(predict, hello)).code).toBe(grpcCodes.OK);
    await openRaw(later, engine.grpcPort);
    await (await openRaw(later, engine.grpcPort)).write(preface);
    expect((await idle.ask(predict, hello)).code).toBe(grpcCodes.OK);
    expect(await engine.stop()).toBe(0);
  });

  it("breaks off what does not end in time, and says so with its exit code", async () => {
    const gate = makeGate();
    const engine = await openWith(gate.handler, ["--graceful_timeout", "200ms"]);
    const { outcome, cancel } = openGrpcClient(later, engine.grpcPort).start(predict, hello);
    await gate.first;
    expect(await engine.stop()).toBe(1);
    cancel();
    await outcome;
    gate.open();
  });

  it("answers or refuses every call of clients that go on asking", async () => {
    const engine = await openWith(({ body }) => body);
    const codes: number[] = [];
    let over = false;
    const asking = Array.from({ length: 8 }, async () => {
      const client = openGrpcClient(later, engine.grpcPort);
      while (!over) {
        const { code } = await client.ask(predict, hello, { timeoutMs: 30_000 });
        codes.push(code);
      }
    });
    while (codes.length < 200) await new Promise((resolve) => setImmediate(resolve));
    expect(await engine.stop()).toBe(0);
    over = true;
    await Promise.all(asking);
    const others = codes.filter((code) => code !== grpcCodes.OK && code !== grpcCodes.UNAVAILABLE);
    expect(others).toEqual([]);
    expect(codes.slice(0, 200).every((code) => code === grpcCodes.OK)).toBe(true);
  });
});

describe("an engine whose gRPC port is taken", () => {
  it("does not start, and names the port and the flag", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    later(() => server.close());
    const { port } = server.address() as AddressInfo; // a TCP server's address
    const graph = { name: "m", implementation: "SIMPLE_MODEL" };
    const refused = await tryEngine(later, graph, { args: ["--grpc_port", String(port)] });
    expect(refused).toEqual({
      ok: false,
      exitCode: 1,
      faults: [expect.stringMatching(new RegExp(`port ${port} .*--grpc_port`))],
    });
  });
});
