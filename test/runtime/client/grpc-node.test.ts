/** Nodes that answer oddly over gRPC: the client gets a status, and the engine keeps its memory. */
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { at, openEngine } from "../../contract/engine.ts";
import { openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";
import { framed, gzipped } from "../../contract/http2.ts";

const later = closeAfterEach();

const predict = "/seldon.protos.Seldon/Predict";
const hello = Buffer.from("hello");
const megabyte = 1024 * 1024;

/** A node by hand: `answer` gets each stream once its request is read. */
const openByHand = async (answer: (stream: ServerHttp2Stream) => void): Promise<number> => {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    stream.on("end", () => answer(stream));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port; // a TCP server's address
};

const head = { ":status": 200, "content-type": "application/grpc" };
const finish = (stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>>): void => {
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
};

/** Answers with these bytes, and the status OK. */
const saying =
  (body: Buffer, headers: Readonly<Record<string, string>> = {}) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ...head, ...headers }, { waitForTrailers: true });
    stream.write(body);
    finish(stream, { "grpc-status": "0" });
  };

type Row = {
  readonly name: string;
  readonly answer: (stream: ServerHttp2Stream) => void;
  readonly codes: readonly number[];
};

const { OK, UNKNOWN, INTERNAL, UNAVAILABLE, CANCELLED, RESOURCE_EXHAUSTED, UNIMPLEMENTED } =
  grpcCodes;

const rows: readonly Row[] = [
  { name: "as it should", answer: saying(framed(hello)), codes: [OK] },
  { name: "compressed", answer: saying(gzipped(hello), { "grpc-encoding": "gzip" }), codes: [OK] },
  {
    name: "with a gzip bomb",
    answer: saying(gzipped(Buffer.alloc(300 * megabyte)), { "grpc-encoding": "gzip" }),
    codes: [RESOURCE_EXHAUSTED],
  },
  {
    name: "with no gzip that says it is",
    answer: saying(framed(hello, 1), { "grpc-encoding": "gzip" }),
    codes: [INTERNAL],
  },
  {
    name: "with half of a gzip",
    answer: saying(framed(gzipSync(Buffer.alloc(500, "ab")).subarray(0, 20), 1), {
      "grpc-encoding": "gzip",
    }),
    codes: [INTERNAL],
  },
  {
    name: "in an unknown encoding",
    answer: saying(framed(hello, 1), { "grpc-encoding": "snappy" }),
    codes: [UNIMPLEMENTED, INTERNAL, UNKNOWN],
  },
  {
    name: "with more than the limit",
    answer: saying(framed(Buffer.alloc(8 * megabyte + 1))),
    codes: [RESOURCE_EXHAUSTED],
  },
  {
    name: "with half a message",
    answer: saying(framed(hello).subarray(0, 7)),
    codes: [INTERNAL, UNKNOWN, UNIMPLEMENTED],
  },
  { name: "with no message", answer: saying(Buffer.alloc(0)), codes: [INTERNAL, UNIMPLEMENTED] },
  {
    name: "without a status",
    answer: (stream) => {
      stream.respond(head);
      stream.end(framed(hello));
    },
    codes: [UNKNOWN, INTERNAL],
  },
  {
    name: "with a status that is no number",
    answer: (stream) => {
      stream.respond(head, { waitForTrailers: true });
      finish(stream, { "grpc-status": "fine" });
    },
    codes: [UNKNOWN, INTERNAL],
  },
  {
    name: "as a web server does: 404",
    answer: (stream) => {
      stream.respond({ ":status": 404, "content-type": "text/html" });
      stream.end("<h1>Not Found</h1>");
    },
    codes: [UNIMPLEMENTED],
  },
  {
    name: "as a proxy does: 503",
    answer: (stream) => {
      stream.respond({ ":status": 503 });
      stream.end();
    },
    codes: [UNAVAILABLE],
  },
  {
    name: "with a reset",
    answer: (stream) => stream.close(2),
    codes: [INTERNAL, UNAVAILABLE],
  },
  {
    name: "with a reset in the middle",
    answer: (stream) => {
      stream.respond(head);
      stream.write(framed(hello).subarray(0, 6), () => stream.close(8));
    },
    codes: [CANCELLED, INTERNAL, UNAVAILABLE],
  },
  {
    name: "by hanging up",
    answer: (stream) => stream.session?.destroy(),
    codes: [UNAVAILABLE, CANCELLED, INTERNAL],
  },
  {
    name: "with details that are badly escaped",
    answer: (stream) => {
      const trailers = { ...head, "grpc-status": "3", "grpc-message": "100%zz %ff" };
      stream.respond(trailers, { endStream: true });
    },
    codes: [grpcCodes.INVALID_ARGUMENT],
  },
  {
    name: "with metadata that are no metadata",
    answer: (stream) => {
      const trailers = { ...head, "x-own": "\u00e9", "x-bin": "***", "grpc-status": "5" };
      stream.respond(trailers, { endStream: true });
    },
    codes: [grpcCodes.NOT_FOUND],
  },
];

describe("a node that answers", () => {
  it.each(rows)("$name", async ({ answer, codes }) => {
    const port = await openByHand(answer);
    const engine = await openEngine(
      later,
      { name: "m", type: "MODEL", endpoint: at({ grpcPort: port }) },
      { args: ["--max_body_bytes", String(8 * megabyte)] },
    );
    const client = openGrpcClient(later, engine.grpcPort);
    const outcome = await client.ask(predict, hello, { timeoutMs: 30_000 });
    expect(codes).toContain(outcome.code);
    if (outcome.code === OK) expect(outcome.body.equals(hello)).toBe(true);
    expect((await client.ask("/grpc.health.v1.Health/Check", Buffer.alloc(0))).code).toBe(OK);
  });
});

describe("a node that is called", () => {
  it("on a port where something else speaks is UNAVAILABLE", async () => {
    const { createServer: listen } = await import("node:net");
    const server = listen((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    later(() => server.close());
    const { port } = server.address() as AddressInfo; // a TCP server's address
    const graph = { name: "m", type: "MODEL", endpoint: at({ grpcPort: port }) };
    const engine = await openEngine(later, graph);
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, hello, { timeoutMs: 30_000 })).code).toBe(UNAVAILABLE);
  });

  it("by a name that nobody knows is UNAVAILABLE", async () => {
    const endpoint = { service_host: "no-such-host.invalid", service_port: 1, grpcPort: 9 };
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, hello)).code).toBe(UNAVAILABLE);
  });

  it("without a gRPC port is FAILED_PRECONDITION", async () => {
    const endpoint = { service_host: "127.0.0.1", service_port: 1, httpPort: 1 };
    const engine = await openEngine(later, { name: "m", type: "MODEL", endpoint });
    const client = openGrpcClient(later, engine.grpcPort);
    expect((await client.ask(predict, hello)).code).toBe(grpcCodes.FAILED_PRECONDITION);
  });

  it("by a thousand clients at once answers each its own", async () => {
    const host = await openGrpcHost(later, {
      unary: { "/seldon.protos.Model/Predict": ({ body }) => body },
    });
    const graph = { name: "m", type: "MODEL", endpoint: at(host) };
    const engine = await openEngine(later, graph);
    const clients = Array.from({ length: 10 }, () => openGrpcClient(later, engine.grpcPort));
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const body = Buffer.from(`message ${i}`);
        const { code, body: back } = (await clients[i % 10]?.ask(predict, body)) ?? {};
        return code === OK && back?.equals(body) === true;
      }),
    );
    expect(answers.filter((right) => !right)).toEqual([]);
  });
});
