import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { makeLookup } from "../../../runtime/payload-log/lookup.ts";
import { makeSink, type Sink } from "../../../runtime/payload-log/sink.ts";
import { cancel, makeScope, type Scope } from "../../../runtime/scope.ts";
import { deafPort } from "../sockets.ts";
import { type Answer, accept, type Host, hang, openHost } from "./fixture.ts";
import { certificate } from "./tls.ts";

const known = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...known, certificate]));
afterAll(() => setDefaultCACertificates(known));

const hosts: Host[] = [];
const sinks: Sink[] = [];
afterEach(async () => {
  for (const sink of sinks.splice(0)) sink.close();
  for (const host of hosts.splice(0)) await host.close();
});

const deadlines = makeDeadlines();
const options = { limits: defaultLimits, deadlines, timeoutMs: 20_000, lookup: makeLookup() };

const sinkAt = (url: string, timeoutMs = options.timeoutMs): Sink => {
  const sink = makeSink(new URL(url), { ...options, timeoutMs });
  sinks.push(sink);
  return sink;
};

const open = async (tls: boolean, answer: Answer = accept): Promise<Host> => {
  const host = await openHost(answer, tls);
  hosts.push(host);
  return host;
};

const post = (sink: Sink, scope: Scope = makeScope(), body = Buffer.from("{}")): Promise<number> =>
  sink.post({ headers: ["Ce-Id", "1", "Content-Type", "application/json"], body, scope });

// Both kinds of sink keep the same promises.
describe.each([
  { kind: "http", tls: false },
  { kind: "https", tls: true },
])("makeSink over $kind", ({ tls }) => {
  it("posts body and headers to path and query", async () => {
    const host = await open(tls);
    expect(await post(sinkAt(`${host.url}/log/%20a?x=1&y=%2F`))).toBe(202);
    expect(host.received).toHaveLength(1);
    expect(host.received[0]).toMatchObject({
      method: "POST",
      path: "/log/%20a?x=1&y=%2F",
      body: Buffer.from("{}"),
    });
    expect(host.received[0]?.headers).toMatchObject({
      host: `127.0.0.1:${host.port}`,
      "ce-id": "1",
      "content-type": "application/json",
      "content-length": "2",
    });
  });

  it("sends large bodies and empty ones whole", async () => {
    const host = await open(tls);
    const sink = sinkAt(host.url);
    const large = Buffer.alloc(3_000_000, Buffer.from([0, 255, 10, 13, 128]));
    await post(sink, makeScope(), large);
    await post(sink, makeScope(), Buffer.alloc(0));
    expect(host.received.map(({ body }) => body.length)).toEqual([3_000_000, 0]);
    expect(host.received[0]?.body.equals(large)).toBe(true);
    expect(host.received[0]?.path).toBe("/");
  });

  it.each([200, 204, 302, 404, 429, 503])(
    "tells status %i, and follows no redirect",
    async (status) => {
      const host = await open(tls, (response) => {
        response.writeHead(status, { location: "/elsewhere" }).end();
      });
      expect(await post(sinkAt(host.url))).toBe(status);
      expect(host.received).toHaveLength(1);
    },
  );

  it("logs in with name and password of the address", async () => {
    const host = await open(tls);
    await post(sinkAt(host.url.replace("://", "://me:p%40ss@")));
    const expected = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    expect(host.received[0]?.headers.authorization).toBe(expected);
    expect(sinkAt(host.url.replace("://", "://me:p%40ss@")).place).not.toContain("p");
  });

  it("takes a long answer for what it is: of no use", async () => {
    const host = await open(tls, (response) => {
      response.writeHead(200).end("x".repeat(500_000));
    });
    const sink = sinkAt(host.url);
    expect([await post(sink), await post(sink)]).toEqual([200, 200]);
  });

  it("ends a post that takes too long", async () => {
    const host = await open(tls, hang);
    await expect(post(sinkAt(host.url, 30))).rejects.toMatchObject({ code: "NODE_TIMEOUT" });
  });

  it("ends a post whose answer takes too long", async () => {
    const host = await open(tls, (response) => {
      response.writeHead(200, { "content-length": "10" }).write("12345");
    });
    await expect(post(sinkAt(host.url, 50))).rejects.toMatchObject({ code: "NODE_TIMEOUT" });
  });

  it("ends a post with its scope", async () => {
    const host = await open(tls, hang);
    const scope = makeScope();
    const posted = post(sinkAt(host.url), scope);
    await host.count(1);
    cancel(scope, new EngineError("CLIENT_GONE", "over"));
    await expect(posted).rejects.toMatchObject({ code: "CLIENT_GONE" });
    await expect(post(sinkAt(host.url), scope)).rejects.toMatchObject({ code: "CLIENT_GONE" });
    expect(host.received).toHaveLength(1);
  });

  it.each([
    {
      name: "hangs up instead of an answer",
      answer: ((response) => {
        response.socket?.destroy();
      }) satisfies Answer,
    },
    {
      name: "breaks its answer off",
      answer: ((response) => {
        response.writeHead(200, { "content-length": "10" }).write("12345", () => {
          response.socket?.destroy();
        });
      }) satisfies Answer,
    },
  ])("tells when the host $name", async ({ answer }) => {
    const host = await open(tls, answer);
    await expect(post(sinkAt(host.url))).rejects.toMatchObject({ code: "NODE_UNREACHABLE" });
  });

  it("tells when there is no host", async () => {
    const url = `${tls ? "https" : "http"}://127.0.0.1:${await deafPort()}/`;
    await expect(post(sinkAt(url))).rejects.toMatchObject({ code: "NODE_UNREACHABLE" });
  });
});

describe("makeSink", () => {
  it("does not trust a certificate that it does not know", async () => {
    const host = await open(true);
    setDefaultCACertificates(known);
    const posted = post(sinkAt(host.url));
    await expect(posted).rejects.toMatchObject({ code: "NODE_UNREACHABLE" });
    setDefaultCACertificates([...known, certificate]);
  });
});
