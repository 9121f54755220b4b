/** What our own reader does with connections; how both readers behave alike is in ../http.test.ts. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EngineError, httpStatusOf } from "../../../../runtime/errors.ts";
import { defaultLimits, type Limits } from "../../../../runtime/limits.ts";
import {
  type Handler,
  type HttpAnswer,
  type HttpRequest,
  type HttpServer,
  type HttpStream,
  listenHttp,
  type Respond,
} from "../../../../runtime/server/http.ts";
import { dial, type Talk, turns } from "../../sockets.ts";

/** Requests that Node's parser has read, as node:http itself says. */
let parsed = 0;
const onParsed = (): void => {
  parsed += 1;
};
const channel = "http.server.request.start";

const servers: HttpServer[] = [];
const talks: Talk[] = [];

beforeEach(() => {
  parsed = 0;
  subscribe(channel, onParsed);
});
afterEach(() => {
  unsubscribe(channel, onParsed);
  for (const one of talks.splice(0)) one.close();
  for (const one of servers.splice(0)) one.close();
});

const echo: Handler = ({ method, target, body }, respond) =>
  respond({ status: 200, headers: [], body: `${method} ${target} ${body.toString("latin1")}` });

const listen = async (
  handler: Handler = echo,
  limits: Partial<Limits> = {},
): Promise<HttpServer> => {
  const server = await listenHttp({
    handler,
    limits: { ...defaultLimits, ...limits },
    onError: (error) => ({ status: httpStatusOf(error), headers: [], body: error.code }),
    port: 0,
    host: "127.0.0.1",
  });
  servers.push(server);
  return server;
};

const call = async (server: HttpServer, text = ""): Promise<Talk> => {
  const one = await dial(server.port);
  talks.push(one);
  if (text !== "") one.write(Buffer.from(text, "latin1"));
  return one;
};

const head = (target: string, ...lines: string[]): string =>
  [`POST ${target} HTTP/1.1`, "Host: h", ...lines, "", ""].join("\r\n");
const post = (target: string, body = ""): string =>
  head(target, `Content-Length: ${body.length}`) + body;

/** A handler whose requests wait until the test answers them. */
const gate = () => {
  const inside: { readonly request: HttpRequest; readonly respond: Respond }[] = [];
  let arrived = (): void => {};
  return {
    handler: ((request, respond) => {
      inside.push({ request, respond });
      arrived();
    }) satisfies Handler,
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

const text = (body: string): HttpAnswer => ({ status: 200, headers: [], body });

describe("a plain connection", () => {
  it("is read by ourselves, request after request", async () => {
    const one = await call(await listen());
    for (const body of ["1", "22", ""]) {
      one.write(post("/a", body));
      await one.until(new RegExp(`POST /a ${body}$`));
    }
    expect(parsed).toBe(0);
  });

  it("goes to Node's parser with the first odd request, and stays there", async () => {
    const one = await call(await listen(), post("/1", "x"));
    await one.until(/\/1 x$/);
    one.write(head("/2", "Expect: 100-continue", "Content-Length: 1"));
    await one.until(/100 Continue\r\n\r\n$/);
    one.write("y");
    await one.until(/\/2 y$/);
    expect(parsed).toBe(1);
    one.write(post("/3", "z"));
    await one.until(/\/3 z$/);
    expect(parsed).toBe(2);
  });

  it("is read wherever a request is cut", async () => {
    const server = await listen();
    const request = post("/cut", "body");
    const one = await call(server);
    for (let at = 1; at < request.length; at += 1) {
      const before = one.received().length;
      one.write(request.slice(0, at));
      await turns(2);
      one.write(request.slice(at));
      await one.until(new RegExp(`^[\\s\\S]{${before}}HTTP[\\s\\S]*POST /cut body$`));
    }
    expect(parsed).toBe(0);
  });

  it("goes to Node's parser with a head in many pieces", async () => {
    const one = await call(await listen());
    for (const byte of post("/slow")) {
      one.write(byte);
      await turns(2);
    }
    await one.until(/\/slow $/);
    expect(parsed).toBe(1);
  });

  it("goes to Node's parser when requests come in one go", async () => {
    const one = await call(await listen(), post("/1") + post("/2"));
    await one.until(/\/1 HTTP[\s\S]*\/2 $/);
    expect(parsed).toBe(2);
  });

  it.each([
    { name: "in one piece", write: async (one: Talk, bytes: string) => one.write(bytes) },
    {
      name: "byte by byte",
      write: async (one: Talk, bytes: string) => {
        for (const byte of bytes) {
          one.write(byte);
          await turns(2);
        }
      },
    },
  ])("keeps what comes during a request $name, and answers in order", async ({ write }) => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/1"));
    await count(1);
    await write(one, post("/2") + post("/3"));
    await turns(3);
    expect(inside).toHaveLength(1);
    inside[0]?.respond(text("one"));
    await count(3);
    inside[2]?.respond(text("three"));
    inside[1]?.respond(text("two"));
    expect((await one.until(/three$/)).match(/one|two|three/g)).toEqual(["one", "two", "three"]);
  });

  it("keeps no more than a little, and loses nothing", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler);
    const one = await call(server, post("/1"));
    await count(1);
    const body = "0123456789".repeat(100_000);
    one.write(post("/2", body));
    await turns(20);
    inside[0]?.respond(text("1"));
    await count(2);
    expect(inside[1]?.request.body.toString("latin1") === body).toBe(true);
  });

  it("takes an odd request behind one in work to Node's parser", async () => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/1"));
    await count(1);
    one.write(`${head("/2", "Transfer-Encoding: chunked")}1\r\nx\r\n0\r\n\r\n`);
    await turns(3);
    inside[0]?.respond(text("1"));
    await count(2);
    inside[1]?.respond(text("2"));
    await one.until(/\r\n2$/);
    expect(parsed).toBe(1);
  });

  it("closes behind the client's last request, whatever else it sends", async () => {
    const { handler, inside, count } = gate();
    const one = await call(
      await listen(handler),
      head("/1", "Connection: close", "Content-Length: 0"),
    );
    await count(1);
    one.write(post("/2"));
    await turns(3);
    inside[0]?.respond(text("1"));
    expect(await one.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\n1$/);
    expect(inside).toHaveLength(1);
  });
});

describe("an answer on a plain connection", () => {
  const streamOf = (...parts: string[]): HttpStream => ({
    status: 200,
    headers: ["Content-Type", "text/event-stream"],
    stream: Readable.from(parts, { objectMode: false }),
  });
  const rows: readonly {
    readonly name: string;
    readonly answer: () => HttpAnswer | HttpStream;
    readonly method?: string;
    readonly lines?: readonly string[];
  }[] = [
    { name: "a text", answer: () => text("hello") },
    { name: "a text beyond ASCII", answer: () => text("caf\u00e9 \u{1f333}") },
    {
      name: "bytes",
      answer: () => ({
        status: 200,
        headers: ["X-A", "b\xe9"],
        body: Buffer.from([0, 255, 128, 10]),
      }),
    },
    { name: "many bytes", answer: () => ({ ...text(""), body: Buffer.alloc(300_000, "ab\xff") }) },
    {
      name: "no body",
      answer: () => ({ status: 500, headers: ["A", "1", "a", "2"], body: undefined }),
    },
    { name: "204", answer: () => ({ status: 204, headers: [], body: "unsent" }) },
    { name: "304", answer: () => ({ status: 304, headers: ["ETag", "x"], body: undefined }) },
    { name: "an unknown status", answer: () => ({ ...text("x"), status: 299 }) },
    { name: "a status that is none", answer: () => ({ ...text("x"), status: 1000 }) },
    { name: "a name that is none", answer: () => ({ ...text("x"), headers: ["a b", "c"] }) },
    {
      name: "a value with an end of line",
      answer: () => ({ ...text("x"), headers: ["a", "b\r\nc: d"] }),
    },
    { name: "its own Date", answer: () => ({ ...text("x"), headers: ["date", "never"] }) },
    { name: "to HEAD", answer: () => text("hello"), method: "HEAD" },
    { name: "a stream to HEAD", answer: () => streamOf("a"), method: "HEAD" },
    { name: "a stream", answer: () => streamOf("first ", "", "second") },
    { name: "an empty stream", answer: () => streamOf() },
    { name: "the last one", answer: () => text("x"), lines: ["Connection: close"] },
    { name: "the last one, a stream", answer: () => streamOf("x"), lines: ["Connection: close"] },
  ];

  /** Status line, the header lines in order of the alphabet, the body; the Date's digits veiled. */
  const partsOf = (received: string): readonly string[] => {
    const end = received.indexOf("\r\n\r\n");
    const [status = "", ...lines] = received.slice(0, end).split("\r\n");
    const veiled = lines.map((line) => line.replace(/^Date: .* GMT$/, "Date: now"));
    return [status, ...veiled.sort(), received.slice(end + 4)];
  };

  it.each(rows)("is the same as Node's: $name", async ({ answer, method = "GET", lines = [] }) => {
    const server = await listen((_request, respond) => respond(answer()));
    const request = [`${method} /a HTTP/1.1`, "Host: h", ...lines, "", ""].join("\r\n");
    /** The answer, and what closing the connection then shows: that no byte comes behind it. */
    const ask = async (before: string): Promise<readonly string[]> => {
      const one = await call(server, before + request);
      const over = method === "HEAD" ? /\r\n\r\n/ : /\r\n\r\n(?:[\s\S]*0\r\n\r\n)?/;
      await one.until(over);
      const chunked = /transfer-encoding: chunked/i.test(one.received()) && method !== "HEAD";
      if (chunked) await one.until(/\r\n0\r\n\r\n$/);
      const length = Number(/content-length: (\d+)/i.exec(one.received())?.[1] ?? 0);
      const headBytes = one.received().indexOf("\r\n\r\n") + 4;
      if (!chunked && method !== "HEAD")
        await one.until(new RegExp(`^[\\s\\S]{${headBytes + length}}$`));
      return partsOf(one.received());
    };
    const plain = await ask("");
    expect(parsed).toBe(0);
    const nodes = await ask("\r\n"); // an empty line before a request is odd
    expect(parsed).toBe(1);
    expect(plain).toEqual(nodes);
  });

  it("is given once: what comes after is ignored", async () => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/1"));
    await count(1);
    inside[0]?.respond(text("1"));
    inside[0]?.respond(text("again"));
    one.write(post("/2"));
    await count(2);
    inside[0]?.respond(text("late"));
    const late = new PassThrough();
    inside[0]?.respond({ status: 200, headers: [], stream: late });
    expect(late.destroyed).toBe(true);
    inside[1]?.respond(text("2"));
    expect((await one.until(/\r\n2$/)).match(/HTTP/g)).toHaveLength(2);
    expect(one.received()).not.toMatch(/again|late/);
  });

  it("is the error that the handler throws, unless it has answered", async () => {
    const server = await listen(({ target }, respond) => {
      if (target === "/after") respond(text("good"));
      throw new EngineError("ROUTE_MISSING", "no such child");
    });
    const one = await call(server, post("/before"));
    await one.until(/500[\s\S]*ROUTE_MISSING$/);
    one.write(post("/after"));
    await one.until(/good$/);
  });

  it("is dropped where the client has left", async () => {
    const { handler, inside, count } = gate();
    const one = await call(await listen(handler), post("/1"));
    await count(1);
    one.socket.end();
    await one.closed();
    const stream = new PassThrough();
    inside[0]?.respond({ status: 200, headers: [], stream });
    while (!stream.destroyed) await turns(1);
    expect(one.received()).toBe("");
  });

  it("waits with the next request until the client reads it", async () => {
    const bodies: string[] = [];
    const server = await listen(({ target }, respond) => {
      bodies.push(target);
      respond({ status: 200, headers: [], body: Buffer.alloc(20_000_000, "z") });
    });
    const one = await call(server);
    one.socket.pause();
    one.write(post("/1"));
    while (bodies.length < 1) await turns(1);
    one.write(post("/2"));
    await turns(20);
    expect(bodies).toEqual(["/1"]);
    one.socket.resume();
    while (bodies.length < 2) await turns(1);
  });

  it("ends when a client does not read it", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { idleTimeoutMs: 40 });
    const one = await call(server);
    one.socket.pause();
    one.write(post("/1"));
    await count(1);
    inside[0]?.respond({ ...text(""), body: Buffer.alloc(20_000_000) });
    await server.drain(); // the server has closed the connection, for nobody else did
    one.socket.resume();
    expect((await one.closed()).length).toBeLessThan(20_000_000);
  });

  it("takes a stream no faster than the client reads it", async () => {
    let made = 0;
    const source = new Readable({
      read() {
        made += 1;
        this.push(made <= 1000 ? Buffer.alloc(65_536, "s") : null);
      },
    });
    const server = await listen((_request, respond) =>
      respond({ status: 200, headers: [], stream: source }),
    );
    const one = await call(server);
    one.socket.pause();
    one.write(post("/"));
    while (made === 0) await turns(1);
    await turns(200);
    expect(made).toBeLessThan(500);
    one.socket.resume();
    await once(source, "close");
    expect(made).toBe(1001);
  });
});

describe("the body of a plain request", () => {
  it("may grow beyond what is taken on the word of its length", async () => {
    const sent = Buffer.alloc(5_000_000, "0123456789abcdef!");
    let got: Buffer | undefined;
    const server = await listen(({ body }, respond) => {
      got = body;
      respond(text("got"));
    });
    const one = await call(server, head("/", `Content-Length: ${sent.length}`));
    one.write(sent);
    await one.until(/got$/);
    expect(got?.equals(sent)).toBe(true);
    expect(parsed).toBe(0);
  });

  it.each([
    { name: "used again once its answer is out", poolable: true },
    { name: "left alone where the answer does not say so", poolable: false },
  ])("has its memory $name", async ({ poolable }) => {
    const memory: unknown[] = [];
    const server = await listen(({ body }, respond) => {
      memory.push(body.buffer);
      respond({ ...text("got"), poolable });
    });
    const one = await call(server);
    for (let i = 1; i <= 2; i += 1) {
      one.write(post("/", "x".repeat(200_000)));
      await one.until(new RegExp(`^(?:HTTP[\\s\\S]*got){${i}}$`));
    }
    expect(memory[0] === memory[1]).toBe(poolable);
  });

  it("is whole in a large answer that passes it on", async () => {
    const server = await listen(({ body }, respond) =>
      respond({ status: 200, headers: [], body, poolable: true, bodies: [body] }),
    );
    const sent = ["a", "b"].map((letter) => letter.repeat(500_000));
    const one = await call(server);
    for (const body of sent) one.write(post("/", body));
    while (one.received().length < 1_000_000) await turns(1);
    const bodies = one.received().split(/HTTP[\s\S]*?\r\n\r\n/);
    expect(sent.every((body, i) => bodies[i + 1] === body)).toBe(true);
  });
});

describe("limits on a plain connection", () => {
  it("answer 408 to a client that never says a word", async () => {
    const one = await call(await listen(echo, { headerTimeoutMs: 50 }));
    expect(await one.closed()).toMatch(/^HTTP\/1\.1 408[\s\S]*REQUEST_TOO_SLOW$/);
  });

  it("close without a word where silence is shorter than the time for a head", async () => {
    const one = await call(await listen(echo, { idleTimeoutMs: 50 }), "POST / HT");
    expect(await one.closed()).toBe("");
    expect(parsed).toBe(0);
  });

  it("promise nothing where they are 0", async () => {
    const one = await call(await listen(echo, { idleTimeoutMs: 0, headerTimeoutMs: 0 }), post("/"));
    expect(await one.until(/POST \/ $/)).not.toMatch(/keep-alive: timeout/i);
  });

  it("answer 503 behind a short body, and keep the connection", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { maxConcurrentRequests: 1 });
    await call(server, post("/1"));
    await count(1);
    const one = await call(server, head("/2", "Content-Length: 4"));
    await turns(5);
    one.write("body");
    await one.until(/503[\s\S]*TOO_BUSY$/);
    inside[0]?.respond(text("1"));
    one.write(post("/3"));
    await count(2);
    expect(inside.map(({ request }) => request.target)).toEqual(["/1", "/3"]);
    expect(parsed).toBe(0);
  });

  it("answer 503 before a long body, and close", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { maxConcurrentRequests: 1 });
    await call(server, post("/1"));
    await count(1);
    const one = await call(server, head("/2", "Content-Length: 1000000"));
    expect(await one.closed()).toMatch(/^HTTP\/1\.1 503[\s\S]*TOO_BUSY$/);
    expect(inside).toHaveLength(1);
  });

  it("count a request until it is over, however it ends", async () => {
    const { handler, inside, count } = gate();
    const server = await listen(handler, { maxConcurrentRequests: 1 });
    for (const end of ["leave", "cut", "answer"]) {
      const before = inside.length;
      const one = await call(server, end === "cut" ? head("/", "Content-Length: 9") : post("/"));
      if (end === "cut") await turns(5);
      else await count(before + 1);
      if (end === "answer") inside[before]?.respond(text("over"));
      else one.close();
      if (end === "answer") await one.until(/over$/);
      else await turns(10);
    }
    const one = await call(server, post("/again"));
    await count(3);
    inside[2]?.respond(text("again"));
    await one.until(/again$/);
  });
});

describe("a connection whatever it carries", () => {
  /** A request, and what the handler sees of it. */
  const request = fc
    .record({
      kind: fc.constantFrom(
        "post",
        "post",
        "get",
        "chunked",
        "empty line first",
        "head in capitals",
      ),
      target: fc.constantFrom("/a", "/b?c", "/now", "/later"),
      body: fc.string({ unit: "binary-ascii", maxLength: 40 }),
      times: fc.constantFrom(1, 1, 1, 5000),
    })
    .map(({ kind, target, body: part, times }) => {
      const body = part.repeat(times);
      switch (kind) {
        case "get":
          return { bytes: `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, seen: `GET ${target} ` };
        case "chunked": {
          const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
          const bytes = `${head(target, "Transfer-Encoding: chunked")}${chunk}0\r\n\r\n`;
          return { bytes, seen: `POST ${target} ${body}` };
        }
        case "empty line first":
          return { bytes: `\r\n${post(target, body)}`, seen: `POST ${target} ${body}` };
        case "head in capitals":
          return {
            bytes: `POST ${target} HTTP/1.1\r\nHOST: h\r\nCONTENT-LENGTH: ${body.length}\r\n\r\n${body}`,
            seen: `POST ${target} ${body}`,
          };
        default:
          return { bytes: post(target, body), seen: `POST ${target} ${body}` };
      }
    });

  it("answers all requests in their order, wherever they are cut", async () => {
    const server = await listen(({ method, target, body }, respond) => {
      const answer = text(`${method} ${target} ${body.toString("latin1")}`);
      if (target === "/later") setImmediate(() => respond(answer));
      else respond(answer);
    });
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        cuts,
        async (all, lengths) => {
          const one = await dial(server.port);
          const bytes = Buffer.from(all.map((each) => each.bytes).join(""), "latin1");
          let at = 0;
          for (const length of lengths) {
            one.write(bytes.subarray(at, at + length));
            at += length;
            await turns(2);
          }
          one.write(bytes.subarray(at));
          const wanted = all.map(({ seen }) => seen).join("");
          const bodies = (): string =>
            one.received().replace(/HTTP\/1\.1 200[\s\S]*?\r\n\r\n/g, "");
          while (bodies().length < wanted.length && !one.socket.destroyed) await turns(1);
          expect(bodies() === wanted).toBe(true);
          one.close();
        },
      ),
      { seed: 20_261_122, numRuns: 200 },
    );
  });
});
