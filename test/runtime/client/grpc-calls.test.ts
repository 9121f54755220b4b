/** What becomes of calls when connections do what they should not: made, refused, waited for. */
import { EventEmitter, once } from "node:events";
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createNetServer, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { makeGrpcClient } from "../../../runtime/client/grpc-client.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { cancel, makeScope, type Scope } from "../../../runtime/scope.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { framed } from "../../contract/http2.ts";

const later = closeAfterEach();

const rpc = "/p.Service/Method";
const { OK, UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED } = grpcCodes;

type Node = {
  readonly port: number;
  readonly server: Http2Server;
  /** Connections and streams so far. */
  readonly sessions: readonly ServerHttp2Session[];
  readonly streams: readonly ServerHttp2Stream[];
  readonly news: EventEmitter;
};

/** A node by hand; `act` gets each stream and how many came before it. */
const openNode = async (
  act: (stream: ServerHttp2Stream, index: number) => void,
  maxConcurrentStreams = 1000,
): Promise<Node> => {
  const server = createServer({ settings: { maxConcurrentStreams } });
  const sessions: ServerHttp2Session[] = [];
  const streams: ServerHttp2Stream[] = [];
  const news = new EventEmitter();
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    streams.push(stream);
    act(stream, streams.length - 1);
    news.emit("stream");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: portOf(server), server, sessions, streams, news };
};

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port; // TCP

const answer = (stream: ServerHttp2Stream): void => {
  stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.resume();
  stream.end(framed(Buffer.from("yes")));
};

type Options = {
  readonly resolve?: () => Promise<readonly string[]>;
  readonly timeoutMs?: number;
  readonly scope?: Scope;
};

const openClient = (port: number, resolve?: Options["resolve"]) => {
  const client = makeGrpcClient({
    host: "127.0.0.1",
    port,
    limits: { maxBodyBytes: 100_000 },
    deadlines: makeDeadlines(),
    ...(resolve !== undefined && { resolve }),
  });
  later(() => client.close());
  return {
    client,
    ask: (options: Options = {}, body: Buffer = Buffer.from("x")): Promise<EngineError | "yes"> =>
      new Promise((settled) => {
        const { timeoutMs, scope = makeScope() } = options;
        client.call(
          { rpc, body, metadata: [], timeoutMs, scope },
          (error, bytes) => settled(error ?? (bytes.toString() as "yes")), // as the node answers
        );
      }),
  };
};

const codeOf = (outcome: EngineError | "yes"): number =>
  outcome === "yes" ? OK : (outcome.grpc?.code ?? -1);

describe("a call that a node refuses unseen", () => {
  const refuse = (stream: ServerHttp2Stream): void =>
    stream.close(constants.NGHTTP2_REFUSED_STREAM);

  it("is made once more", async () => {
    const node = await openNode((stream, index) => (index === 0 ? refuse(stream) : answer(stream)));
    expect(await openClient(node.port).ask()).toBe("yes");
    expect(node.streams).toHaveLength(2);
  });

  it("is UNAVAILABLE the second time", async () => {
    const node = await openNode(refuse);
    expect(codeOf(await openClient(node.port).ask())).toBe(UNAVAILABLE);
    expect(node.streams).toHaveLength(2);
  });

  it("because it goes away, finds another connection", async () => {
    const node = await openNode((stream, index) => {
      if (index === 1)
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1); // only the first was seen
      else answer(stream);
    });
    const { ask } = openClient(node.port);
    expect(await ask()).toBe("yes");
    expect(await ask()).toBe("yes");
    expect(node.sessions).toHaveLength(2);
    expect(node.streams).toHaveLength(3);
  });
});

describe("a call that a node has seen", () => {
  it.each([
    { name: "cancels", reset: constants.NGHTTP2_CANCEL, code: CANCELLED },
    { name: "fails at", reset: constants.NGHTTP2_INTERNAL_ERROR, code: grpcCodes.INTERNAL },
    {
      name: "finds too much",
      reset: constants.NGHTTP2_ENHANCE_YOUR_CALM,
      code: RESOURCE_EXHAUSTED,
    },
  ])("and $name is made once", async ({ reset, code }) => {
    const node = await openNode((stream) => stream.close(reset));
    expect(codeOf(await openClient(node.port).ask())).toBe(code);
    expect(node.streams).toHaveLength(1);
  });

  it("and dies of is made once", async () => {
    const node = await openNode((stream) => stream.session?.destroy());
    expect(codeOf(await openClient(node.port).ask())).toBe(UNAVAILABLE);
    expect(node.streams).toHaveLength(1);
  });
});

describe("a place that accepts connections", () => {
  /** The first connections get `first`, the others are the node's. */
  const openBefore = async (node: Node, count: number, first: (socket: Socket) => void) => {
    let accepted = 0;
    const server = createNetServer((socket) => {
      socket.on("error", () => {});
      accepted += 1;
      if (accepted <= count) first(socket);
      else node.server.emit("connection", socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    later(() => server.close());
    return { port: portOf(server), accepted: () => accepted };
  };

  it("and closes the first without a word is called again", async () => {
    const node = await openNode(answer);
    const place = await openBefore(node, 1, (socket) => {
      socket.once("data", () => socket.destroy());
    });
    expect(await openClient(place.port).ask()).toBe("yes");
    expect(place.accepted()).toBe(2);
  });

  it("and closes them all is UNAVAILABLE, and left in peace for a moment", async () => {
    const node = await openNode(answer);
    const place = await openBefore(node, Number.POSITIVE_INFINITY, (socket) => {
      socket.once("data", () => socket.destroy());
    });
    const { ask } = openClient(place.port);
    for (let i = 0; i < 50; i += 1) expect(codeOf(await ask())).toBe(UNAVAILABLE);
    expect(place.accepted()).toBeLessThan(20);
  });
});

describe("a node that takes few calls at once on a connection", () => {
  it("is called over more of them, and what is beyond those waits", async () => {
    const held: ServerHttp2Stream[] = [];
    const node = await openNode((stream) => held.push(stream), 2);
    const { ask } = openClient(node.port);
    const asked = Array.from({ length: 60 }, () => ask());
    const all = Promise.all(asked);
    while (node.streams.length < 20) await once(node.news, "stream");
    let answered = 0;
    const drain = (): void => {
      for (const stream of held.splice(0)) {
        answered += 1;
        answer(stream);
      }
    };
    drain();
    node.news.on("stream", drain);
    expect(new Set(await all)).toEqual(new Set(["yes"]));
    expect(answered).toBeGreaterThanOrEqual(60);
    expect(node.sessions.length).toBeLessThanOrEqual(10);
  });
});

describe("a call that waits for a connection", () => {
  const never = (): Promise<never> => new Promise(() => {});

  it("ends by its deadline", async () => {
    const { ask } = openClient(1, never);
    const outcome = await ask({ timeoutMs: 30 });
    expect(codeOf(outcome)).toBe(DEADLINE_EXCEEDED);
    expect(outcome).toMatchObject({ code: "NODE_TIMEOUT" });
  });

  it("ends when it is given up", async () => {
    const scope = makeScope();
    const asked = openClient(1, never).ask({ scope });
    const reason = new EngineError("CLIENT_GONE", "gone");
    cancel(scope, reason);
    expect(await asked).toBe(reason);
  });

  it("ends when the client is closed", async () => {
    const { ask, client } = openClient(1, never);
    const asked = ask();
    client.close();
    expect(codeOf(await asked)).toBe(UNAVAILABLE);
    expect(codeOf(await ask())).toBe(UNAVAILABLE);
  });
});

describe("a call that is not made at all", () => {
  it.each([
    { name: "its deadline is over", options: { timeoutMs: 0 }, size: 1, code: DEADLINE_EXCEEDED },
    { name: "its message is too large", options: {}, size: 100_001, code: RESOURCE_EXHAUSTED },
  ])("because $name has a status", async ({ options, size, code }) => {
    const node = await openNode(answer);
    const { ask } = openClient(node.port);
    expect(codeOf(await ask(options, Buffer.alloc(size)))).toBe(code);
    expect(await ask()).toBe("yes");
    expect(node.streams).toHaveLength(1);
  });

  it("because it was given up before has that reason", async () => {
    const node = await openNode(answer);
    const scope = makeScope();
    const reason = new EngineError("CLIENT_GONE", "gone");
    cancel(scope, reason);
    expect(await openClient(node.port).ask({ scope })).toBe(reason);
  });
});

describe("a call that is given up", () => {
  it("is reset at the node, for which its connection stays", async () => {
    const node = await openNode((stream, index) => {
      stream.resume();
      if (index > 0) answer(stream);
    });
    const { ask } = openClient(node.port);
    const scope = makeScope();
    const asked = ask({ scope });
    await once(node.news, "stream");
    const [first] = node.streams;
    const closed = first === undefined ? undefined : once(first, "close");
    cancel(scope, new EngineError("CLIENT_GONE", "gone"));
    expect(await asked).toMatchObject({ code: "CLIENT_GONE" });
    await closed;
    expect(first?.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(await ask()).toBe("yes");
    expect(node.sessions).toHaveLength(1);
  });
});

describe("a host whose addresses change", () => {
  it("is called at the new one when the old one is lost, and not in between at neither", async () => {
    let addresses: readonly string[] = ["127.0.0.1"];
    let lookups = 0;
    const node = await openNode(answer);
    const { ask } = openClient(node.port, async () => {
      lookups += 1;
      return addresses;
    });
    expect(await ask()).toBe("yes");
    const moved = createServer();
    moved.on("stream", answer);
    moved.on("session", (session) => later(() => session.destroy()));
    moved.listen(node.port, "127.0.0.2");
    await once(moved, "listening");
    later(() => moved.close());
    addresses = ["127.0.0.2"];
    node.server.close();
    for (const session of node.sessions) session.destroy();
    while ((await ask()) !== "yes");
    expect(lookups).toBeGreaterThan(1);
    expect(node.streams).toHaveLength(1);
  });

  it("that cannot be found is UNAVAILABLE, and looked up again", async () => {
    const node = await openNode(answer);
    let lookups = 0;
    const { ask } = openClient(node.port, async () => {
      lookups += 1;
      if (lookups === 1) throw new Error("not found");
      return ["127.0.0.1"];
    });
    expect(codeOf(await ask())).toBe(UNAVAILABLE);
    while ((await ask()) !== "yes");
    expect(lookups).toBe(2);
  });
});
