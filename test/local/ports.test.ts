import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../local/clock.ts";
import { accepts, isFree, makePorts } from "../../local/ports.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const listenOn = (port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once("error", reject);
    server.listen({ port, host }, () => resolve());
  });

describe("makePorts", () => {
  it("gives different ports on which one can listen", async () => {
    const ports = makePorts(() => 0.5);
    const taken = [await ports.take(), await ports.take(), await ports.take()];
    expect(new Set(taken).size).toBe(3);
    for (const port of taken) await listenOn(port, "127.0.0.1");
  });

  it("passes over a port that another run keeps, until it is given back", async () => {
    const [one, other] = [makePorts(() => 0.4), makePorts(() => 0.4)];
    const first = await one.take();
    const second = await other.take();
    expect(second).not.toBe(first);
    one.give(first);
    other.give(second);
    const before = (first - 20_000 - 0.5) / 12_000; // a search that comes to it first
    expect(await makePorts(() => before).take()).toBe(first);
  });

  it("passes over a port that is in use on one address", async () => {
    const ports = makePorts(() => 0.25);
    const first = await ports.take();
    ports.give(first);
    await listenOn(first, "127.0.0.1");
    expect(await isFree(first)).toBe(false);
    expect(await makePorts(() => 0.25).take()).not.toBe(first);
  });

  it("starts anew at the end of its range", async () => {
    const ports = makePorts(() => 0.99999);
    expect([await ports.take(), await ports.take()].every((port) => port < 32_000)).toBe(true);
  });
});

describe("accepts", () => {
  it("waits until something listens", async () => {
    const port = await makePorts(Math.random).take();
    const waiting = accepts(port, systemClock, new AbortController().signal);
    await listenOn(port, "127.0.0.1");
    expect(await waiting).toBe(true);
  });

  it("gives up when it is told to", async () => {
    const port = await makePorts(Math.random).take();
    const giveUp = new AbortController();
    const waiting = accepts(port, systemClock, giveUp.signal);
    giveUp.abort();
    expect(await waiting).toBe(false);
  });
});
