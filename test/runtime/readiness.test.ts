import { afterEach, describe, expect, it } from "@jest/globals";
import { makeHttpClient } from "../../runtime/client/http.ts";
import type { Deadlines } from "../../runtime/deadlines.ts";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { defaultLimits } from "../../runtime/limits.ts";
import { makeConnectReadiness, makeHealthReadiness } from "../../runtime/readiness.ts";
import { deafPort, type RawHost, rawHost } from "./sockets.ts";

const hosts: RawHost[] = [];
afterEach(async () => {
  for (const one of hosts.splice(0)) await one.close();
});

const deadlines = makeDeadlines();
const target = (name: string, port: number) => ({ name, host: "127.0.0.1", port });

const host = async (answer = ""): Promise<RawHost> => {
  const made = await rawHost((talk) => {
    talk.socket.on("data", () => talk.write(answer));
  });
  hosts.push(made);
  return made;
};

describe("makeConnectReadiness", () => {
  it("is ready when every target takes a connection, and keeps none", async () => {
    const [a, b] = [await host(), await host()];
    const readiness = makeConnectReadiness([target("a", a.port), target("b", b.port)], deadlines);
    expect(await readiness()).toBeUndefined();
    for (const one of [a, b]) await (await one.connection(0)).closed();
  });

  it("is ready without targets", async () => {
    expect(await makeConnectReadiness([], deadlines)()).toBeUndefined();
  });

  it("names the first that does not, and asks no further", async () => {
    const last = await host();
    const port = await deafPort();
    const targets = [target("down", port), target("up", last.port)];
    const reason = await makeConnectReadiness(targets, deadlines)();
    expect(reason).toContain(`node down at 127.0.0.1:${port} is not ready`);
    expect(last.talks).toHaveLength(0);
  });

  it("gives up on a target that does not answer", async () => {
    const at: number[] = [];
    const hasty: Deadlines = {
      set: (afterMs, expire) => {
        at.push(afterMs);
        setImmediate(expire);
        return { at: 0, expire };
      },
      clear: () => {},
    };
    // An address that is kept for documentation; nobody answers there.
    const silent = { name: "silent", host: "192.0.2.1", port: 9 };
    expect(await makeConnectReadiness([silent], hasty)()).toContain("node silent");
    expect(at).toEqual([10_000]);
  });

  it("is told of a recovery", async () => {
    const port = await deafPort();
    const readiness = makeConnectReadiness([target("a", port)], deadlines);
    expect(await readiness()).toBeDefined();
    const back = await host();
    expect(await makeConnectReadiness([target("a", back.port)], deadlines)()).toBeUndefined();
  });
});

describe("makeHealthReadiness", () => {
  const readinessOf = (...ports: number[]) => {
    const clients = new Map(
      ports.map((port) => [
        port,
        makeHttpClient({ host: "127.0.0.1", port, limits: defaultLimits, deadlines }),
      ]),
    );
    const clientFor = (_host: string, port: number) => {
      const client = clients.get(port);
      if (client === undefined) throw new Error("no such client");
      return client;
    };
    const targets = ports.map((port, i) => target(`n${i}`, port));
    return { ready: makeHealthReadiness(targets, "/health", clientFor), clients };
  };

  it("is ready when every target answers 200", async () => {
    const a = await host("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const { ready, clients } = readinessOf(a.port);
    expect(await ready()).toBeUndefined();
    expect((await a.connection(0)).received()).toMatch(/^GET \/health HTTP\/1\.1\r\n/);
    for (const client of clients.values()) client.close();
  });

  it.each(["204 No Content", "503 Busy"])("is not ready at %s", async (status) => {
    const a = await host(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    const { ready, clients } = readinessOf(a.port);
    expect(await ready()).toContain(`GET /health answered ${status.slice(0, 3)}`);
    for (const client of clients.values()) client.close();
  });

  it("is not ready when nobody answers", async () => {
    expect(await readinessOf(await deafPort()).ready()).toContain("ECONNREFUSED");
  });
});
