/** What makes an engine ready, over both of its faces. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { closeAfterEach } from "../contract/cleanup.ts";
import { type Engine, openEngine } from "../contract/engine.ts";
import { openGrpcClient } from "../contract/grpc.ts";
import { openRestHost } from "../contract/rest.ts";

const later = closeAfterEach();

const serving = 1;
const notServing = 2;

/** The same answer over REST and gRPC: 200 or 503, SERVING or NOT_SERVING. */
const readiness = async (engine: Engine): Promise<readonly unknown[]> => {
  const rest = await fetch(`http://127.0.0.1:${engine.httpPort}/ready`);
  await rest.arrayBuffer();
  const client = openGrpcClient(later, engine.grpcPort);
  const grpc = await client.ask("/grpc.health.v1.Health/Check", Buffer.alloc(0));
  return [rest.status, grpc.body[1]];
};

const ready = [200, serving];
const notReady = [503, notServing];

/** A host that only accepts connections, and counts them. */
const openPort = async (): Promise<{
  readonly port: number;
  connections(): number;
  close(): void;
}> => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => {});
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
  };
  later(close);
  return { port: (server.address() as AddressInfo).port, connections: () => connections, close }; // TCP
};

const unit = (name: string, port: number, children: readonly UnitSource[] = []): UnitSource => ({
  name,
  type: "MODEL",
  endpoint: { service_host: "127.0.0.1", service_port: port, httpPort: port, grpcPort: port },
  children,
});

describe("an engine", () => {
  it("is ready while every node takes connections", async () => {
    const [a, b] = [await openPort(), await openPort()];
    const engine = await openEngine(later, unit("a", a.port, [unit("b", b.port)]));
    expect(await readiness(engine)).toEqual(ready);
    expect([a.connections(), b.connections()]).toEqual([2, 2]);
    a.close();
    expect(await readiness(engine)).toEqual(notReady);
    expect(b.connections()).toBe(4); // children are asked before their parents
    b.close();
    expect(await readiness(engine)).toEqual(notReady);
  });

  it("is ready without nodes that have no port, and with built-in ones", async () => {
    const engine = await openEngine(later, {
      name: "ab",
      implementation: "RANDOM_ABTEST",
      children: [
        { name: "s", implementation: "SIMPLE_MODEL" },
        { name: "m", type: "MODEL" },
      ],
    });
    expect(await readiness(engine)).toEqual(ready);
  });

  it("is not ready from the signal to stop", async () => {
    const graph = { name: "s", implementation: "SIMPLE_MODEL" };
    const engine = await openEngine(later, graph, { args: ["--shutdown_delay", "2s"] });
    expect(await readiness(engine)).toEqual(ready);
    const stopped = engine.stop();
    expect(await readiness(engine)).toEqual(notReady);
    expect(await stopped).toBe(0);
  });

  it.each([
    { protocol: "seldon", path: "/api/v1.0/health/status" },
    { protocol: "v2", path: "/v2/health/ready" },
    { protocol: "kfserving", path: "/v2/health/ready" },
  ])("asks nodes under $protocol for $path if checks are full", async ({ protocol, path }) => {
    let status = 200;
    const host = await openRestHost(later, { [path]: () => ({ status, body: "" }) });
    const args = ["--full_health_checks=true"];
    const engine = await openEngine(later, unit("m", host.httpPort), { protocol, args });
    expect(await readiness(engine)).toEqual(ready);
    status = 503;
    expect(await readiness(engine)).toEqual(notReady);
    status = 204;
    expect(await readiness(engine)).toEqual(notReady);
    expect(host.seen.map(({ method }) => method)).toEqual(Array(6).fill("GET"));
  });

  it("only connects to nodes under tensorflow, also if checks are full", async () => {
    const host = await openPort();
    const args = ["--full_health_checks=true"];
    const engine = await openEngine(later, unit("m", host.port), { protocol: "tensorflow", args });
    expect(await readiness(engine)).toEqual(ready);
  });
});
