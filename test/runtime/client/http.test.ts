import { afterEach, describe, expect, it } from "@jest/globals";
import { giveBack, takeBody } from "../../../runtime/body-pool.ts";
import {
  type HttpCall,
  type HttpClientOptions,
  makeHttpClient as makeClient,
} from "../../../runtime/client/http.ts";
import type { HttpReply } from "../../../runtime/client/reply-reader.ts";
import { type Deadline, type Deadlines, makeDeadlines } from "../../../runtime/deadlines.ts";
import { promised } from "../../../runtime/done.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits, type Limits } from "../../../runtime/limits.ts";
import { cancel, makeScope } from "../../../runtime/scope.ts";
import { listenersOf } from "../listeners.ts";
import { deafPort, type RawHost, rawHost, type Talk, turns } from "../sockets.ts";

const hosts: RawHost[] = [];
const clients: HttpClient[] = [];

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  for (const one of hosts.splice(0)) await one.close();
});

const deadlines = makeDeadlines();

/** A client whose answers are promised. */
const makeHttpClient = (options: HttpClientOptions) => {
  const client = makeClient(options);
  const send = (call: HttpCall): Promise<HttpReply> => promised((done) => client.send(call, done));
  return { ...client, send, told: client.send };
};

type HttpClient = ReturnType<typeof makeHttpClient>;

const clientOf = (
  port: number,
  limits: Partial<Limits> = {},
  watched: Deadlines = deadlines,
): HttpClient => {
  const client = makeHttpClient({
    host: "127.0.0.1",
    port,
    limits: { ...defaultLimits, ...limits },
    deadlines: watched,
  });
  clients.push(client);
  return client;
};

/** A host that plays one connection after the other, and a client of it. */
const play = async (
  accept: (talk: Talk, index: number) => void,
  limits: Partial<Limits> = {},
  watched: Deadlines = deadlines,
): Promise<{ host: RawHost; client: HttpClient }> => {
  const host = await rawHost(accept);
  hosts.push(host);
  return { host, client: clientOf(host.port, limits, watched) };
};

const callOf = (over: Partial<HttpCall> = {}): HttpCall => ({
  method: "POST",
  path: "/predict",
  headerLines: "X-One: 1\r\n",
  body: Buffer.from("{}"),
  timeoutMs: 0,
  scope: makeScope(),
  ...over,
});

/** Answers each request on a connection as it comes; requests end with their body `{}`. */
const answering =
  (answer: (request: number, talk: Talk) => string | undefined) =>
  (talk: Talk): void => {
    let answered = 0;
    talk.socket.on("data", () => {
      while ((talk.received().match(/\r\n\r\n\{\}/g) ?? []).length > answered) {
        const text = answer(answered, talk);
        answered += 1;
        if (text !== undefined) talk.write(text);
      }
    });
  };

const ok = (body: string, ...lines: string[]): string =>
  ["HTTP/1.1 200 OK", ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");

const closing = (talk: Talk, text: string): undefined => {
  talk.socket.end(text);
};

describe("makeHttpClient", () => {
  it("writes head and body, and reads status, headers and body", async () => {
    const { client, host } = await play(
      answering(() => ok("héllo", "X-Two:  2 \t", "x-two: 3", "Content-Type: text/plain")),
    );
    const reply = await client.send(callOf({ body: Buffer.from("{}") }));
    expect(reply).toEqual({
      status: 200,
      headers: [
        ...["x-two", "2", "x-two", "3", "content-type", "text/plain"],
        ...["content-length", "5"],
      ],
      body: Buffer.from("héllo", "utf8").subarray(0, 5),
    });
    expect((await host.connection(0)).received()).toBe(
      `POST /predict HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}`,
    );
  });

  it.each([10, 16_384, 16_385, 2_000_000])("sends a body of %i bytes as it is", async (size) => {
    const body = Buffer.alloc(size, Buffer.from([0, 255, 128, 13, 10, 0x7b]));
    const chunks: Buffer[] = [];
    const { client } = await play((talk) => {
      talk.socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        const all = Buffer.concat(chunks);
        if (all.length === all.indexOf("\r\n\r\n") + 4 + size) talk.write(ok(""));
      });
    });
    await client.send(callOf({ body }));
    const sent = Buffer.concat(chunks);
    expect(sent.subarray(sent.indexOf("\r\n\r\n") + 4).equals(body)).toBe(true);
  });

  it("sends neither body nor length for GET", async () => {
    const { client, host } = await play((talk) => {
      talk.socket.on("data", () => talk.write(ok("x")));
    });
    await client.send(callOf({ method: "GET", body: undefined, headerLines: "" }));
    expect((await host.connection(0)).received()).toBe(
      `GET /predict HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\n\r\n`,
    );
  });

  it("keeps connections and takes the one used last", async () => {
    const { client, host } = await play(answering((count, talk) => ok(`${count}`, `X: ${talk}`)));
    await Promise.all([client.send(callOf()), client.send(callOf())]);
    expect(host.talks).toHaveLength(2);
    const last = await client.send(callOf());
    const again = await client.send(callOf());
    expect([last.body.toString(), again.body.toString()]).toEqual(["1", "2"]);
    expect(host.talks).toHaveLength(2);
  });

  it.each([
    { name: "a Connection: close", text: ok("1", "Connection: close") },
    { name: "HTTP/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1" },
    { name: "bytes behind the answer", text: `${ok("1")}junk` },
    {
      name: "bytes behind the last chunk",
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\njunk",
    },
    {
      name: "both a length and chunks",
      text: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
    },
  ])("does not keep a connection after $name", async ({ text }) => {
    const { client, host } = await play(answering(() => text));
    expect((await client.send(callOf())).body.toString()).toBe("1");
    await (await host.connection(0)).closed();
    await client.send(callOf());
    expect(host.talks).toHaveLength(2);
  });

  it("keeps an HTTP/1.0 connection that says so", async () => {
    const text = "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n1";
    const { client, host } = await play(answering(() => text));
    await client.send(callOf());
    await client.send(callOf());
    expect(host.talks).toHaveLength(1);
  });

  it("does not keep a connection whose answer came before the request was sent", async () => {
    const { client, host } = await play((talk, index) => {
      if (index > 0) {
        answering(() => ok("fresh"))(talk);
        return;
      }
      talk.socket.once("data", () => {
        talk.socket.pause();
        talk.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
      });
    });
    const early = await client.send(callOf({ body: Buffer.alloc(30_000_000) }));
    expect([early.status, early.body.toString()]).toEqual([413, "no"]);
    expect((await client.send(callOf())).body.toString()).toBe("fresh");
    expect(host.talks).toHaveLength(2);
  });

  it("closes an idle connection on which bytes come that nobody asked for", async () => {
    const { client, host } = await play(answering(() => ok("1")));
    await client.send(callOf());
    const talk = await host.connection(0);
    talk.write("HTTP/1.1 200 OK\r\n\r\n");
    await talk.closed();
    expect((await client.send(callOf())).body.toString()).toBe("1");
    expect(host.talks).toHaveLength(2);
  });

  it("closes idle connections when it is closed, and the others after their answers", async () => {
    const { client, host } = await play((talk, index) => {
      if (index === 0) answering(() => ok("1"))(talk);
    });
    await client.send(callOf());
    const busy = [client.send(callOf())]; // takes the idle one
    await busy[0];
    const slow = [client.send(callOf()), client.send(callOf())];
    const other = await host.connection(1);
    await other.until(/\{\}$/);
    client.close();
    other.write(ok("late"));
    expect((await slow[1])?.body.toString()).toBe("late");
    await Promise.all([other.closed(), (await host.connection(0)).closed(), slow[0]]);
  });

  it("closes idle connections that are not needed, but not one in use", async () => {
    const sweeps: (() => void)[] = [];
    const watched: Deadlines = {
      set: (afterMs, expire) => {
        if (afterMs < 2000) sweeps.push(expire);
        return { at: 0, expire };
      },
      clear: () => {},
    };
    const { client, host } = await play(
      answering((count, talk) => (talk === host.talks[2] && count === 1 ? undefined : ok("1"))),
      {},
      watched,
    );
    await Promise.all([client.send(callOf()), client.send(callOf()), client.send(callOf())]);
    const busy = client.send(callOf());
    expect(sweeps).toHaveLength(1);
    const now = performance.now;
    performance.now = () => now.call(performance) + 2000;
    try {
      sweeps[0]?.();
    } finally {
      performance.now = now;
    }
    await (await host.connection(0)).closed();
    await (await host.connection(1)).closed();
    expect(sweeps).toHaveLength(1); // nothing is idle, so nothing is watched
    host.talks[2]?.write(ok("late"));
    expect((await busy).body.toString()).toBe("late");
    expect(sweeps).toHaveLength(2);
  });

  it("lets a caller send the next request when it is told of an answer", async () => {
    const { client, host } = await play(answering((count) => ok(`${count}`)));
    const bodies: string[] = [];
    await new Promise<void>((resolve) => {
      const next = (): void =>
        client.told(callOf(), (_error, reply) => {
          bodies.push(reply?.body.toString() ?? "none");
          if (bodies.length < 3) next();
          else resolve();
        });
      next();
    });
    expect(bodies).toEqual(["0", "1", "2"]);
    expect(host.talks).toHaveLength(1);
  });

  it("hands over a large body to keep or to give back", async () => {
    const text = (letter: string): string => letter.repeat(50_000);
    const { client } = await play(answering((count) => ok(text("abc"[count] ?? ""))));
    const kept = await client.send(callOf());
    const given = await client.send(callOf());
    giveBack(given.body);
    expect((await client.send(callOf())).body.buffer).toBe(given.body.buffer);
    expect(kept.body.toString()).toBe(text("a"));
  });

  it("writes the host of an IPv6 address in brackets", () => {
    expect(
      makeHttpClient({ host: "::1", port: 9, limits: defaultLimits, deadlines }).authority,
    ).toBe("[::1]:9");
  });
});

describe("makeHttpClient when a call fails", () => {
  const failure = async (answer: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await answer.then(
      () => "answered",
      (thrown) => thrown,
    );
    return error instanceof EngineError ? error.code : error;
  };

  it("says that nobody listens", async () => {
    const client = clientOf(await deafPort());
    const error = await client.send(callOf()).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: "NODE_UNREACHABLE" });
    expect(String(error)).toContain(`POST http://${client.authority}/predict`);
    expect(String(error)).toContain("ECONNREFUSED");
  });

  it("says all that went wrong for a name with several addresses", async () => {
    const port = await deafPort();
    const client = makeHttpClient({ host: "localhost", port, limits: defaultLimits, deadlines });
    const error = await client.send(callOf()).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: "NODE_UNREACHABLE" });
    expect(String(error)).toContain("ECONNREFUSED");
  });

  it.each([
    { name: "no answer", text: "" },
    { name: "half a head", text: "HTTP/1.1 200 OK\r\nContent-Le" },
    { name: "half a body", text: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123" },
    {
      name: "half a chunk",
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123",
    },
    {
      name: "no last chunk",
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n",
    },
    { name: "an interim answer alone", text: "HTTP/1.1 100 Continue\r\n\r\n" },
  ])("reports a host that closes after $name", async ({ text }) => {
    const { client, host } = await play(answering((_, talk) => closing(talk, text)));
    expect(await failure(client.send(callOf()))).toBe("NODE_UNREACHABLE");
    await turns();
    expect(host.talks).toHaveLength(1);
  });

  it("reports a host that resets in the middle of its answer", async () => {
    const { client } = await play(
      answering((_, talk) => {
        talk.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", () =>
          talk.socket.resetAndDestroy(),
        );
        return undefined;
      }),
    );
    expect(await failure(client.send(callOf()))).toBe("NODE_UNREACHABLE");
  });

  it("gives up a connection that does not open in 30 seconds", async () => {
    const { host } = await play(() => {});
    const asked: number[] = [];
    const client = makeHttpClient({
      host: "127.0.0.1",
      port: host.port,
      limits: defaultLimits,
      deadlines: {
        set: (afterMs, expire) => {
          asked.push(afterMs);
          queueMicrotask(expire); // before any connection can open
          return { at: 0, expire };
        },
        clear: () => {},
      },
    });
    expect(await failure(client.send(callOf()))).toBe("NODE_UNREACHABLE");
    expect(asked).toEqual([30_000]);
  });

  it("gives up after the timeout and closes the connection", async () => {
    const { client, host } = await play(() => {});
    const error = await client
      .send(callOf({ timeoutMs: 20 }))
      .catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: "NODE_TIMEOUT" });
    await (await host.connection(0)).closed();
  });

  it("gives the memory of half a large answer back", async () => {
    const half = `HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n${"x".repeat(1_000_000)}`;
    const { client, host } = await play(answering((_, talk) => closing(talk, half)));
    const before = takeBody(3_000_000);
    giveBack(before);
    expect(await failure(client.send(callOf()))).toBe("NODE_UNREACHABLE");
    expect(takeBody(3_000_000).buffer).toBe(before.buffer);
    await (await host.connection(0)).closed();
  });

  it("gives up in the middle of an answer that trickles", async () => {
    const { client, host } = await play(
      answering(() => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"),
    );
    expect(await failure(client.send(callOf({ timeoutMs: 30 })))).toBe("NODE_TIMEOUT");
    await (await host.connection(0)).closed();
  });

  it("gives up with its scope's reason and closes the connection", async () => {
    const { client, host } = await play(() => {});
    const scope = makeScope();
    const answer = client.send(callOf({ scope }));
    await (await host.connection(0)).until(/\{\}$/);
    const reason = new EngineError("SIBLING_FAILED", "another one");
    cancel(scope, reason);
    await expect(answer).rejects.toBe(reason);
    await (await host.connection(0)).closed();
    expect(listenersOf(scope)).toBe(0);
  });

  it("does not begin when its scope has ended", async () => {
    const { client, host } = await play(() => {});
    const scope = makeScope();
    const reason = new EngineError("CLIENT_GONE", "left");
    cancel(scope, reason);
    const told: unknown[] = [];
    client.told(callOf({ scope }), (error, reply) => {
      told.push(error, reply);
    });
    expect(told).toEqual([reason, undefined]);
    await turns();
    expect(host.talks).toHaveLength(0);
  });

  it("lets go of scope and timeout when an answer has come", async () => {
    const pending = new Set<Deadline>();
    const counted: Deadlines = {
      set: (afterMs, expire) => {
        const deadline = deadlines.set(afterMs, expire);
        if (afterMs > 10_000) pending.add(deadline); // of a call, or of a connection that opens
        return deadline;
      },
      clear: (deadline) => {
        pending.delete(deadline);
        deadlines.clear(deadline);
      },
    };
    const { client, host } = await play(
      answering(() => ok("1")),
      {},
      counted,
    );
    const scope = makeScope();
    await client.send(callOf({ scope, timeoutMs: 60_000 }));
    expect(listenersOf(scope)).toBe(0);
    expect(pending.size).toBe(0);
    cancel(scope, new EngineError("CLIENT_GONE", "left"));
    await client.send(callOf());
    expect(host.talks).toHaveLength(1);
  });
});

describe("makeHttpClient on a kept connection", () => {
  /** The first connection answers once; then `leave` is done to it. */
  const kept = async (leave: (talk: Talk) => void) => {
    const played = await play((talk, index) => {
      answering((count) => {
        if (index > 0 || count === 0) return ok(`connection ${index}`);
        leave(talk);
        return undefined;
      })(talk);
    });
    await played.client.send(callOf());
    return { ...played, first: await played.host.connection(0) };
  };

  it("sends again, once, what crossed with the closing of the connection", async () => {
    const { client, host, first } = await kept(() => {});
    first.socket.destroy();
    const reply = await client.send(callOf()); // nothing of the closing has been read yet
    expect(reply.body.toString()).toBe("connection 1");
    expect(host.talks).toHaveLength(2);
    expect(first.received().match(/POST/g)).toHaveLength(1);
  });

  it("sends a large body again that crossed with the closing", async () => {
    const { client, first } = await kept(() => {});
    first.socket.destroy();
    const body = Buffer.concat([Buffer.from("{}"), Buffer.alloc(100_000)]);
    expect((await client.send(callOf({ body }))).body.toString()).toBe("connection 1");
  });

  it("takes a fresh connection once the closing has been seen", async () => {
    const { client, host, first } = await kept(() => {});
    first.socket.end();
    await first.closed();
    await turns();
    expect((await client.send(callOf())).body.toString()).toBe("connection 1");
    expect(host.talks).toHaveLength(2);
  });

  it.each([
    { name: "closes", leave: (talk: Talk) => talk.socket.end() },
    { name: "destroys", leave: (talk: Talk) => talk.socket.destroy() },
    { name: "resets", leave: (talk: Talk) => talk.socket.resetAndDestroy() },
    { name: "breaks off", leave: (talk: Talk) => talk.socket.end("HTTP/1.1 200") },
  ])("does not send again when the host read the request and $name", async ({ leave }) => {
    const { client, host } = await kept(leave);
    const error = await client.send(callOf()).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: "NODE_UNREACHABLE" });
    await turns(10);
    expect(host.talks).toHaveLength(1);
  });

  it("fails when the host is gone for good", async () => {
    const { client, host, first } = await kept(() => {});
    first.socket.destroy();
    const closed = host.close();
    hosts.splice(0);
    const error = await client.send(callOf()).catch((thrown: EngineError) => thrown);
    expect(error).toMatchObject({ code: "NODE_UNREACHABLE" });
    await closed;
  });

  it("gives up a call that waits to be judged when its scope ends", async () => {
    const { client, host } = await kept((talk) => talk.socket.end());
    const scope = makeScope();
    const answer = client.send(callOf({ scope }));
    await (await host.connection(0)).until(/\{\}[\s\S]*\{\}$/);
    await turns();
    const reason = new EngineError("CLIENT_GONE", "left");
    cancel(scope, reason);
    await expect(answer).rejects.toMatchObject({ code: /CLIENT_GONE|NODE_UNREACHABLE/ });
  });

  it("does not keep a connection longer than hosts do", async () => {
    const { client, host, first } = await kept(() => {});
    const now = performance.now;
    performance.now = () => now.call(performance) + 56_000;
    try {
      expect((await client.send(callOf())).body.toString()).toBe("connection 1");
    } finally {
      performance.now = now;
    }
    await first.closed();
    expect(host.talks).toHaveLength(2);
  });
});
