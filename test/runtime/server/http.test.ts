import { once } from "node:events";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { EngineError, httpStatusOf } from "../../../runtime/errors.ts";
import { defaultLimits, type Limits } from "../../../runtime/limits.ts";
import { onCancel } from "../../../runtime/scope.ts";
import {
  type Answerer,
  answering,
  type HttpRequest,
  type HttpServer,
  type HttpServerOptions,
  listenHttp,
} from "../../../runtime/server/http.ts";
import { dial, type Talk, turns } from "../sockets.ts";

const servers: HttpServer[] = [];
const talks: Talk[] = [];

afterEach(() => {
  for (const one of talks.splice(0)) one.close();
  for (const one of servers.splice(0)) one.close();
});

/** Answers with what it got. */
const echo: Answerer = ({ method, target, body }) => ({
  status: 200,
  headers: ["Content-Type", "text/plain"],
  body: `${method} ${target} ${body.length}`,
});

const onError = (error: EngineError) => ({
  status: httpStatusOf(error),
  headers: ["Content-Type", "application/json"],
  body: JSON.stringify({ code: error.code }),
});

const listen = async (
  handler: Answerer = echo,
  limits: Partial<Limits> = {},
  more: Partial<HttpServerOptions> = {},
): Promise<HttpServer> => {
  const server = await listenHttp({
    handler: answering(handler, onError),
    limits: { ...defaultLimits, ...limits },
    onError,
    port: 0,
    host: "127.0.0.1",
    ...more,
  });
  servers.push(server);
  return server;
};

const call = async (server: HttpServer, text = ""): Promise<Talk> => {
  const one = await dial(server.port);
  talks.push(one);
  if (text !== "") one.write(text);
  return one;
};

const head = (target: string, ...lines: string[]): string =>
  [`POST ${target} HTTP/1.1`, "Host: h", ...lines, "", ""].join("\r\n");
const post = (target: string, body = ""): string =>
  head(target, `Content-Length: ${body.length}`) + body;

/** Status and body of the only reply in what was received. */
const only = (text: string): { status: number; body: string } => {
  const [top = "", ...rest] = text.split("\r\n\r\n");
  expect(top.match(/HTTP\/1\.1/g)).toHaveLength(1);
  return { status: Number(top.slice(9, 12)), body: rest.join("\r\n\r\n") };
};

const codeOf = (text: string): { status: number; code: unknown; close: boolean } => {
  const { status, body } = only(text);
  return { status, code: JSON.parse(body).code, close: /^connection: close$/im.test(text) };
};

/** A handler whose requests wait until they are let go. */
const gate = () => {
  const inside: { request: HttpRequest; go: () => void }[] = [];
  let arrived = (): void => {};
  const handler: Answerer = (request) =>
    new Promise((resolve) => {
      const go = (): void => resolve({ status: 200, headers: [], body: request.target });
      inside.push({ request, go });
      arrived();
    });
  return {
    handler,
    inside,
    count: async (wanted: number): Promise<void> => {
      while (inside.length < wanted) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
};

describe("listenHttp", () => {
  it.each([
    { name: "a body by length", text: post("/a", "12345"), says: "POST /a 5" },
    { name: "no body", text: head("/a", "Content-Length: 0"), says: "POST /a 0" },
    { name: "neither length nor chunks", text: head("/a"), says: "POST /a 0" },
    {
      name: "a body in chunks",
      text: `${head("/a", "Transfer-Encoding: chunked")}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: t\r\n\r\n`,
      says: "POST /a 5",
    },
    {
      name: "a target in absolute form",
      text: post("http://h/a/b?c=d", "1"),
      says: "POST http://h/a/b?c=d 1",
    },
    {
      name: "an upgrade that is not offered",
      text: `${head("/a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA", "Content-Length: 2")}12`,
      says: "POST /a 2",
    },
    { name: "GET", text: "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", says: "GET /a 0" },
  ])("reads $name", async ({ text, says }) => {
    const one = await call(await listen(), text);
    expect(only(await one.until(new RegExp(`${says.replaceAll("?", "\\?")}$`))).status).toBe(200);
  });

  it("reads a body in chunks that come byte by byte", async () => {
    const one = await call(await listen(), head("/a", "Transfer-Encoding: chunked"));
    for (const byte of "A\r\n0123456789\r\n0\r\n\r\n") {
      await new Promise<void>((resolve) => one.socket.write(byte, () => resolve()));
    }
    await one.until(/POST \/a 10$/);
  });

  it("hands over every byte of a large body that comes in pieces", async () => {
    const sent = Buffer.alloc(3_000_000, "0123456789abcdef");
    let got: Buffer | undefined;
    const server = await listen(({ body }) => {
      got = body;
      return { status: 200, headers: [], body: "" };
    });
    const one = await call(server, head("/", `Content-Length: ${sent.length}`));
    one.write(sent);
    await one.until(/200 OK/);
    expect(got?.equals(sent)).toBe(true);
  });

  it("closes after an answer to HTTP/1.0, and answers it without a Host", async () => {
    const one = await call(await listen(), "GET /a HTTP/1.0\r\n\r\n");
    expect(only(await one.closed())).toEqual({ status: 200, body: "GET /a 0" });
  });

  it("never tells an HTTP/1.0 client to go on", async () => {
    const server = await listen();
    const one = await call(
      server,
      "POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n12",
    );
    expect(only(await one.closed())).toEqual({ status: 200, body: "POST /a 2" });
  });

  it("answers HEAD with the length and without the body", async () => {
    const one = await call(
      await listen(),
      "HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    const text = await one.closed();
    expect(text).toMatch(/content-length: 9\r\n/i);
    expect(only(text)).toEqual({ status: 200, body: "" });
  });

  it.each([204, 304])("answers %i without length and body", async (status) => {
    const one = await call(
      await listen(() => ({ status, headers: [], body: "ignored" })),
      head("/", "Connection: close"),
    );
    const text = await one.closed();
    expect(text).not.toMatch(/content-length/i);
    expect(only(text)).toEqual({ status, body: "" });
  });

  it("tells the client to go on when its turn in a pipeline has come, ahead of the answer", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(({ method, target, body, ...rest }) =>
      target === "/first"
        ? handler({ method, target, body, ...rest })
        : { status: 200, headers: [], body: Buffer.from(target) },
    );
    const expecting = `${head("/second", "Content-Length: 1", "Expect: 100-continue")}x`;
    const one = await call(server, post("/first") + expecting + post("/third"));
    await count(1);
    await turns(10); // the others are answered meanwhile, if anything answers them
    inside[0]?.go();
    const text = await one.until(/\/third$/);
    expect(text.match(/HTTP\/1\.1 \d+|\/second|\/third/g)).toEqual([
      ...["HTTP/1.1 200", "HTTP/1.1 100", "HTTP/1.1 200", "/second", "HTTP/1.1 200", "/third"],
    ]);
  });

  it("answers pipelined requests in their order, though they are worked on at once", async () => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/1") + post("/2", "x") + post("/3"));
    await count(3);
    for (const { go } of [...inside].reverse()) go();
    const text = await one.until(/\/3$/);
    expect(text.match(/\/\d$|\/\d(?=HTTP)/gm)).toEqual(["/1", "/2", "/3"]);
  });

  it("turns an error of the handler into an answer and keeps the connection", async () => {
    const server = await listen(({ target }) => {
      if (target === "/bad") throw new EngineError("ROUTE_MISSING", "no such child");
      if (target === "/worse") throw new TypeError("a defect");
      return { status: 200, headers: [], body: "good" };
    });
    const one = await call(server, post("/bad"));
    expect(codeOf(await one.until(/}$/))).toEqual({
      status: 500,
      code: "ROUTE_MISSING",
      close: false,
    });
    one.write(post("/worse"));
    await one.until(/"INTERNAL"}$/);
    one.write(post("/good"));
    await one.until(/good$/);
  });

  it("turns an answer that cannot be written into an error", async () => {
    const one = await call(
      await listen(() => ({ status: 200, headers: ["X-Bad", "\u{1f333}"], body: "" })),
      post("/"),
    );
    expect(codeOf(await one.until(/}$/))).toMatchObject({ status: 500, code: "INTERNAL" });
  });

  it("rejects with the system's error when the port is taken", async () => {
    const { port } = await listen();
    await expect(listen(echo, {}, { port })).rejects.toMatchObject({ code: "EADDRINUSE", port });
  });
});

describe("listenHttp limits", () => {
  const limits = { maxBodyBytes: 1000, maxHeaderBytes: 16_384 };
  const megabyte = "x".repeat(1_000_000);

  it.each([
    {
      name: "a body announced too large, not sent",
      send: (one: Talk) => one.write(head("/", "Content-Length: 1000000000")),
    },
    {
      name: "a body announced too large, of which much is sent",
      send: (one: Talk) => {
        one.write(head("/", "Content-Length: 1000000000"));
        for (let i = 0; i < 5; i += 1) one.write(megabyte);
      },
    },
    {
      name: "a body announced too large behind Expect: 100-continue",
      send: (one: Talk) => one.write(head("/", "Content-Length: 1001", "Expect: 100-continue")),
    },
    {
      name: "chunks that grow too large",
      send: (one: Talk) => {
        one.write(head("/", "Transfer-Encoding: chunked"));
        for (let i = 0; i < 5; i += 1) one.write(`F4240\r\n${megabyte}\r\n`);
      },
    },
  ])("answers $name with 413 that can be read, and closes", async ({ send }) => {
    const asked: string[] = [];
    const server = await listen(({ target }) => {
      asked.push(target);
      return { status: 200, headers: [], body: "" };
    }, limits);
    const one = await call(server);
    send(one);
    expect(codeOf(await one.closed())).toEqual({
      status: 413,
      code: "BODY_TOO_LARGE",
      close: true,
    });
    const other = await call(server, post("/other"));
    await other.until(/200 OK/);
    expect(asked).toEqual(["/other"]);
  });

  it("takes a body of exactly the limit, and tells a waiting client to send it", async () => {
    const one = await call(
      await listen(echo, limits),
      head("/", "Content-Length: 1000", "Expect: 100-continue"),
    );
    await one.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    one.write("x".repeat(1000));
    await one.until(/POST \/ 1000$/);
  });

  it("refuses a large pipelined request only after the answer to the one before", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, limits);
    const one = await call(server, post("/1") + head("/2", "Content-Length: 500000"));
    await count(1);
    one.write("x");
    inside[0]?.go();
    const text = await one.closed();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 413"]);
  });

  it.each([
    { name: "in one piece", pieces: 1 },
    { name: "in many pieces", pieces: 50 },
  ])("answers a head of 100 kB, sent $name, with 431 that can be read", async ({ pieces }) => {
    const one = await call(await listen(echo, limits), "POST / HTTP/1.1\r\nHost: h\r\nBig: ");
    for (let i = 0; i < pieces; i += 1) {
      one.write("y".repeat(100_000 / pieces));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(codeOf(await one.closed())).toEqual({
      status: 431,
      code: "HEADERS_TOO_LARGE",
      close: true,
    });
  });

  it.each([
    { name: "no HTTP", text: "hello\r\n\r\n" },
    { name: "a bare LF in a name", text: "GET / HTTP/1.1\r\nHost: h\r\nA\nB: c\r\n\r\n" },
    { name: "a negative length", text: head("/", "Content-Length: -1") },
    { name: "two lengths", text: head("/", "Content-Length: 1", "Content-Length: 2") },
    {
      name: "a length beside chunks",
      text: head("/", "Content-Length: 1", "Transfer-Encoding: chunked"),
    },
    { name: "a space before a colon", text: head("/", "A : b") },
    { name: "a broken chunk", text: `${head("/", "Transfer-Encoding: chunked")}zz\r\n` },
    { name: "TLS", text: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
  ])("answers $name with 400 and closes", async ({ text }) => {
    const server = await listen();
    const one = await call(server);
    one.write(Buffer.from(text, "latin1"));
    expect(codeOf(await one.closed())).toEqual({
      status: 400,
      code: "REQUEST_INVALID",
      close: true,
    });
    await (await call(server, post("/other"))).until(/\/other 0$/);
  });

  it("answers what was asked before a malformed request, then refuses that", async () => {
    const one = await call(await listen(), `${post("/1", "x")}no request\r\n\r\n`);
    const text = await one.closed();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
  });

  it("refuses connections beyond the limit, and does nothing they ask for", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { maxConnections: 2 });
    const first = await call(server, post("/1"));
    await call(server, post("/2"));
    await count(2);
    const third = await call(server, post("/3"));
    expect(codeOf(await third.closed())).toEqual({ status: 503, code: "TOO_BUSY", close: true });
    third.close();
    first.close();
    await once(first.socket, "close");
    while (inside[0]?.request.scope.reason === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const fourth = await call(server, post("/4"));
    await count(3);
    expect(inside.map(({ request }) => request.target)).toEqual(["/1", "/2", "/4"]);
    inside[2]?.go();
    await fourth.until(/200 OK/);
  });

  it("answers 503 beyond the requests at once, and keeps the connection", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { maxConcurrentRequests: 1 });
    const first = await call(server, post("/1"));
    await count(1);
    const second = await call(server, post("/2", "x"));
    expect(codeOf(await second.until(/}$/))).toEqual({
      status: 503,
      code: "TOO_BUSY",
      close: false,
    });
    inside[0]?.go();
    await first.until(/\/1$/);
    second.write(post("/3"));
    await count(2);
    inside[1]?.go();
    await second.until(/\/3$/);
  });

  it("answers probes however many requests are in work", async () => {
    const { handler, count } = gate();
    const server = await listen(
      (request) =>
        request.target === "/live" ? { status: 200, headers: [], body: "" } : handler(request),
      { maxConcurrentRequests: 1 },
      { isProbe: (target) => target === "/live" },
    );
    await call(server, post("/1"));
    await count(1);
    await (await call(server, "GET /live HTTP/1.1\r\nHost: h\r\n\r\n")).until(/200 OK/);
  });

  it("answers 408 to a head that does not come", async () => {
    const server = await listen(echo, { headerTimeoutMs: 50 });
    const one = await call(server, "POST / HTTP/1.1\r\nHos");
    expect(codeOf(await one.closed())).toEqual({
      status: 408,
      code: "REQUEST_TOO_SLOW",
      close: true,
    });
  });

  it("answers 408 to a body that stops coming, and never hands it over", async () => {
    const asked: HttpRequest[] = [];
    const server = await listen(
      (request) => {
        asked.push(request);
        return { status: 200, headers: [], body: "" };
      },
      { idleTimeoutMs: 50 },
    );
    const one = await call(server, `${head("/slow", "Content-Length: 4")}12`);
    expect(codeOf(await one.until(/}$/))).toEqual({
      status: 408,
      code: "REQUEST_TOO_SLOW",
      close: true,
    });
    one.write("34");
    await (await call(server, post("/next"))).until(/200 OK/);
    expect(asked.map(({ target }) => target)).toEqual(["/next"]);
  });

  it("lets an answer take longer than a connection may be silent", async () => {
    const server = await listen(
      () =>
        new Promise((resolve) => {
          setTimeout(() => resolve({ status: 200, headers: [], body: "late" }), 150);
        }),
      { idleTimeoutMs: 40 },
    );
    await (await call(server, post("/"))).until(/late$/);
  });

  it("does not let a slow pipelined body spoil the answer before it", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { idleTimeoutMs: 40 });
    const one = await call(server, `${post("/1")}${head("/2", "Content-Length: 4")}12`);
    await count(1);
    await new Promise((resolve) => setTimeout(resolve, 120));
    inside[0]?.go();
    const text = await one.closed();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 408"]);
  });

  it("closes a silent connection between requests without a word", async () => {
    const one = await call(await listen(echo, { idleTimeoutMs: 50 }), post("/"));
    expect(only(await one.closed()).status).toBe(200);
  });
});

describe("listenHttp when a client leaves", () => {
  const leaves = async (leave: (one: Talk) => void): Promise<string | undefined> => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/", "x"));
    await count(1);
    const reason = new Promise<string>((resolve) => {
      const scope = inside[0]?.request.scope;
      if (scope !== undefined) onCancel(scope, ({ code }) => resolve(code));
    });
    leave(one);
    return reason;
  };

  it.each([
    { name: "closes", leave: (one: Talk) => one.close() },
    { name: "resets", leave: (one: Talk) => one.socket.resetAndDestroy() },
  ])("ends the request's scope when it $name", async ({ leave }) => {
    await expect(leaves(leave)).resolves.toBe("CLIENT_GONE");
  });

  it("drops a request whose body was cut off", async () => {
    const asked: string[] = [];
    const server = await listen(({ target }) => {
      asked.push(target);
      return { status: 200, headers: [], body: "" };
    });
    const one = await call(server, `${head("/cut", "Content-Length: 9")}123`);
    one.socket.end();
    expect(codeOf(await one.closed()).code).toBe("REQUEST_INVALID");
    await (await call(server, post("/next"))).until(/200 OK/);
    expect(asked).toEqual(["/next"]);
  });

  it("leaves the scope alone when the answer was written", async () => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/"));
    await count(1);
    inside[0]?.go();
    await one.until(/\/$/);
    one.close();
    await (await call(servers[0] as HttpServer, "GET /x HTTP/1.1\r\n\r\n")).closed(); // opened above
    expect(inside[0]?.request.scope.reason).toBeUndefined();
  });
});

describe("listenHttp retire", () => {
  it("answers each connection once more, closes none that is silent, and takes new ones", async () => {
    const server = await listen();
    const kept = await call(server, post("/1"));
    await kept.until(/\/1 0$/);
    const silent = await call(server, post("/2"));
    await silent.until(/\/2 0$/);
    server.retire();
    kept.write(post("/3"));
    expect(await kept.closed()).toMatch(/connection: close\r\n.*\/3 0$/is);
    const fresh = await call(server, post("/4"));
    expect(await fresh.closed()).toMatch(/connection: close\r\n.*\/4 0$/is);
    silent.write(post("/5"));
    expect(await silent.closed()).toMatch(/\/5 0$/);
  });
});

describe("listenHttp drain", () => {
  it("lets requests in work end, closes their connections, takes no new ones", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler);
    const busy = await call(server, post("/1"));
    await count(1);
    const drained = server.drain();
    await expect(dial(server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    inside[0]?.go();
    expect(await busy.closed()).toMatch(/connection: close\r\n/i);
    await drained;
  });

  it("closes idle and untouched connections at once", async () => {
    const server = await listen();
    const idle = await call(server, post("/1"));
    await idle.until(/\/1 0$/);
    const untouched = await call(server);
    await (await call(server, post("/2"))).until(/\/2 0$/); // so that both were accepted
    const drained = server.drain();
    await Promise.all([idle.closed(), untouched.closed()]);
    expect(untouched.received()).toBe("");
    await drained;
  });

  it("closes a connection whose large answer was under way when it began", async () => {
    const big = Buffer.alloc(20_000_000, "z");
    let tell = (): void => {};
    const asked = new Promise<void>((resolve) => {
      tell = () => setImmediate(resolve); // the answer is written by then
    });
    const server = await listen(() => {
      tell();
      return { status: 200, headers: [], body: big };
    });
    const slow = await call(server);
    slow.socket.pause();
    slow.write(post("/"));
    await asked;
    const drained = server.drain();
    slow.socket.resume();
    await Promise.all([slow.closed(), drained]);
    expect(slow.received().length).toBeGreaterThan(big.length);
  });

  it("takes a request whose body was still coming", async () => {
    const server = await listen();
    const one = await call(server, `${head("/late", "Content-Length: 2")}1`);
    await (await call(server, post("/2"))).until(/\/2 0$/);
    const drained = server.drain();
    one.write("2");
    expect(only(await one.closed())).toEqual({ status: 200, body: "POST /late 2" });
    await drained;
  });
});

describe("listenHttp and time", () => {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ["nextTick", "setImmediate", "queueMicrotask", "performance"],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("listens for two seconds to a client that it refused, no longer", async () => {
    const server = await listen(echo, { maxBodyBytes: 10 });
    const one = await call(server, head("/", "Content-Length: 1000000"));
    one.socket.allowHalfOpen = true; // goes on sending
    await one.until(/"BODY_TOO_LARGE"}$/);
    const closed = new Promise((resolve) => one.socket.on("close", resolve));
    jest.advanceTimersByTime(1999);
    await new Promise<void>((resolve) => one.socket.write("x", () => resolve()));
    await turns(5);
    expect(one.socket.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    one.socket.write("x"); // meets a closed socket
    await turns(5);
    one.socket.write("x");
    await closed;
  });

  it("waits two seconds for a head that is half there when it drains, no longer", async () => {
    const server = await listen();
    const one = await call(server, "POST / HTTP/1.1\r\nHo");
    await (await call(server, post("/2"))).until(/\/2 0$/); // so that the first was read
    const drained = server.drain();
    await turns(5);
    jest.advanceTimersByTime(1999);
    one.write("st: h\r\n");
    await turns(5);
    expect(one.socket.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await one.closed()).toBe("");
    await drained;
  });

  it("serves a request whose head came whole while it drains", async () => {
    const server = await listen();
    const one = await call(server, "POST /late HTTP/1.1\r\nHo");
    await (await call(server, post("/2"))).until(/\/2 0$/);
    const drained = server.drain();
    one.write("st: h\r\n\r\n");
    expect(only(await one.closed())).toEqual({ status: 200, body: "POST /late 0" });
    await drained;
  });
});

describe("listenHttp with streams", () => {
  const streaming = async () => {
    const sources: PassThrough[] = [];
    const server = await listen(() => {
      const stream = new PassThrough();
      sources.push(stream);
      stream.write("first ");
      return { status: 200, headers: ["Content-Type", "text/event-stream"], stream };
    });
    const one = await call(server, post("/"));
    await one.until(/first $|first \r\n$/);
    const [source] = sources;
    if (source === undefined) throw new Error("no stream");
    return { server, one, source };
  };

  it("passes parts on as they come, and ends with the source", async () => {
    const { one, source } = await streaming();
    source.write("second");
    await one.until(/second/);
    source.end();
    expect(await one.until(/\r\n0\r\n\r\n$/)).toMatch(/transfer-encoding: chunked/i);
    one.write(post("/again"));
    await one.until(/0\r\n\r\nHTTP\/1\.1 200[\s\S]*first/);
  });

  it("cuts the answer off when the source breaks", async () => {
    const { one, source } = await streaming();
    source.destroy(new Error("broken"));
    expect(await one.closed()).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  it("ends the source when the client leaves", async () => {
    const { one, source } = await streaming();
    const closed = new Promise((resolve) => source.on("close", resolve));
    one.close();
    await closed;
  });

  it("lets a stream end while it drains", async () => {
    const { server, one, source } = await streaming();
    const drained = server.drain();
    source.end("last");
    expect(await one.closed()).toMatch(/last\r\n0\r\n\r\n$/);
    await drained;
  });
});

describe("listenHttp whatever comes", () => {
  it("answers or closes, and goes on serving others", async () => {
    const server = await listen(echo, { maxBodyBytes: 1000, maxHeaderBytes: 8192 });
    const piece = fc.oneof(
      fc.constantFrom("POST / HTTP/1.1\r\n", "GET /a?b HTTP/1.0\r\n", "Host: h\r\n", "\r\n", "\n"),
      fc.constantFrom("Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"),
      fc.constantFrom(
        "0\r\n\r\n",
        "Expect: 100-continue\r\n",
        "Connection: close\r\n",
        "abc",
        "\0",
      ),
      fc.constantFrom("Content-Length: 999999\r\n", "Upgrade: h2c\r\n", "CONNECT h:1 HTTP/1.1\r\n"),
      fc.string({ unit: "binary-ascii", maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(piece)), async (writes) => {
        const one = await dial(server.port);
        for (const pieces of writes) {
          one.write(Buffer.from(pieces.join(""), "latin1"));
          await new Promise((resolve) => setImmediate(resolve));
        }
        one.socket.end();
        const text = await one.closed();
        expect(text).toMatch(/^(?:HTTP\/1\.1 \d\d\d [\s\S]*)?$/);
      }),
      { seed: 20_261_122, numRuns: 150 },
    );
    await (await call(server, post("/still"))).until(/POST \/still 0$/);
  });
});
