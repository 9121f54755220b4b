/** The HTTP/2 of Node.js (nghttp2) at the other end, as client and as server. */
import { hash } from "node:crypto";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, connect as dial } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { connectHttp2 } from "../../../runtime/http2/client.ts";
import { attach, pause, resume, sendData, sendFields } from "../../../runtime/http2/send.ts";
import { serveHttp2 } from "../../../runtime/http2/server.ts";
import type { Fields, Http2Client, Http2Limits, Stream } from "../../../runtime/http2/types.ts";

/** One exchange, as it is sent and as it is to arrive. */
type Exchange = {
  readonly fields: Readonly<Record<string, string>>;
  readonly chunks: readonly number[];
  readonly trailers: Readonly<Record<string, string>>;
};

const names = fc.constantFrom("x-a", "x-b", "x-c", "grpc-timeout", "authorization", "x-bin");
const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const values = fc.oneof(
  fc.string({ unit: visible, minLength: 1, maxLength: 40 }),
  fc.constantFrom("identity", "a", "v".repeat(3000)),
);
const fields = fc.dictionary(names, values, { maxKeys: 5, noNullPrototype: true });
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.constantFrom(16_383, 16_384, 16_385, 65_535, 65_536, 200_000),
);
const exchange: fc.Arbitrary<Exchange> = fc.record({
  fields,
  chunks: fc.array(sizes, { maxLength: 4 }),
  trailers: fields,
});
/** Several at a time, on one connection, round after round. */
const rounds = fc.array(fc.array(exchange, { minLength: 1, maxLength: 5 }), { maxLength: 4 });

const smallWindows = { streamWindowBytes: 65_535, connectionWindowBytes: 65_535 };
const limits = fc.constantFrom<Partial<Http2Limits>>(
  {},
  smallWindows,
  { headerTableBytes: 0, frameBytes: 65_536 },
  { headerTableBytes: 200, ...smallWindows },
);

/** Bodies are compared by this: Jest compares buffers byte by byte, and takes its time. */
const digest = (chunks: readonly Buffer[]): string => hash("sha1", Buffer.concat(chunks));

const bodyOf = ({ chunks }: Exchange): string =>
  digest(chunks.map((size, place) => Buffer.alloc(size, place + 1)));

const flat = (record: Readonly<Record<string, string>>): string[] => Object.entries(record).flat();

/** What of the fields that arrived was sent. */
const own = (came: IncomingHttpHeaders | Fields): Record<string, unknown> => {
  const pairs = Array.isArray(came) ? paired(came) : Object.entries(came);
  return Object.fromEntries(
    pairs.filter(
      ([name]) =>
        String(name).startsWith("x-") || name === "grpc-timeout" || name === "authorization",
    ),
  );
};
const paired = (came: Fields): [string, string][] => {
  const pairs: [string, string][] = [];
  for (let i = 0; i < came.length; i += 2) pairs.push([came[i] ?? "", came[i + 1] ?? ""]);
  return pairs;
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const deadlines = makeDeadlines();

describe("serveHttp2, with Node.js as its client", () => {
  /** Sends back what comes: fields in the head, the body as it comes, the trailers. */
  type Echo = { readonly stream: Stream; readonly heads: string[]; ends: boolean };
  const echo = {
    fields: ({ stream }: Echo, came: Fields): void => sendFields(stream, came, true),
    data: (state: Echo, chunk: Buffer, end: boolean): void => {
      const copy = chunk.length > 16_384 ? Buffer.from(chunk) : chunk;
      if (!sendData(state.stream, copy, end)) pause(state.stream);
    },
    room: ({ stream }: Echo): void => resume(stream),
    broken: (): void => {},
  };

  const serve = async (of: Partial<Http2Limits>): Promise<ClientHttp2Session> => {
    const server = createTcpServer((socket) => {
      serveHttp2(socket, {
        deadlines,
        limits: of,
        onStream: (stream, came, end) => {
          attach(stream, echo, { stream, heads: [], ends: end });
          const back = flat(own(came) as Record<string, string>); // texts, as they came
          sendFields(stream, [":status", "200", ...back], end);
        },
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // a TCP server's address is one
    const session = connect(`http://127.0.0.1:${port}`);
    closers.push(() => {
      session.destroy();
      server.close();
    });
    return session;
  };

  const ask = async (session: ClientHttp2Session, one: Exchange): Promise<unknown> => {
    const request = session.request(
      { ":method": "POST", ":path": "/", ...one.fields },
      { waitForTrailers: true, endStream: false },
    );
    request.on("wantTrailers", () => request.sendTrailers({ ...one.trailers }));
    const seen: { head?: unknown; trailers: unknown } = { trailers: {} };
    request.on("response", (came) => {
      seen.head = own(came);
    });
    request.on("trailers", (came) => {
      seen.trailers = own(came);
    });
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    one.chunks.forEach((size, place) => {
      request.write(Buffer.alloc(size, place + 1));
    });
    request.end();
    await once(request, "close");
    return { ...seen, body: digest(chunks) };
  };

  it("echoes whatever is sent", async () => {
    await fc.assert(
      fc.asyncProperty(limits, rounds, async (of, all) => {
        const session = await serve(of);
        for (const round of all) {
          const answers = await Promise.all(round.map((one) => ask(session, one)));
          expect(answers).toEqual(
            round.map((one) => ({ head: one.fields, trailers: one.trailers, body: bodyOf(one) })),
          );
        }
        session.destroy();
      }),
      { numRuns: 40 },
    );
  });

  it("lets a client know that it leaves, and answers what is in work", async () => {
    const session = await serve({});
    const request = session.request({ ":method": "POST", ":path": "/" });
    request.write("a");
    await once(request, "response");
    const left = once(session, "close");
    session.close();
    request.end();
    await once(request.resume(), "end");
    await left;
  });
});

describe("connectHttp2, with Node.js as its server", () => {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, came: IncomingHttpHeaders) => {
    stream.respond(
      { ":status": 200, ...(own(came) as Record<string, string>) },
      { waitForTrailers: true },
    );
    let trailers: IncomingHttpHeaders = {};
    stream.on("trailers", (later: IncomingHttpHeaders) => {
      trailers = own(later) as IncomingHttpHeaders; // texts, as they came
    });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.on("error", () => {});
    stream.pipe(stream);
  });

  beforeEach(async () => {
    if (server.listening) return;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    server.unref();
  });

  type Answer = {
    head: unknown;
    trailers: unknown;
    readonly chunks: Buffer[];
    readonly done: () => void;
  };
  const collect = {
    fields: (answer: Answer, came: Fields, end: boolean): void => {
      if (answer.head === undefined) answer.head = own(came);
      else answer.trailers = own(came);
      if (end) answer.done();
    },
    data: (answer: Answer, chunk: Buffer, end: boolean): void => {
      answer.chunks.push(Buffer.from(chunk));
      if (end) answer.done();
    },
    broken: (answer: Answer): void => answer.done(),
  };

  const open = (of: Partial<Http2Limits>): Http2Client => {
    const { port } = server.address() as AddressInfo; // a TCP server's address is one
    const client = connectHttp2(dial({ port, host: "127.0.0.1" }), { deadlines, limits: of });
    closers.push(() => client.destroy());
    return client;
  };

  const ask = (client: Http2Client, one: Exchange): Promise<unknown> =>
    new Promise((resolve) => {
      const head = [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "a"];
      const stream = client.open([...head, ...flat(one.fields)], false);
      if (stream === undefined) throw new Error("no room");
      const answer: Answer = {
        head: undefined,
        trailers: {},
        chunks: [],
        done: () => {
          const { head: came, trailers, chunks } = answer;
          resolve({ head: came, trailers, body: digest(chunks) });
        },
      };
      attach(stream, collect, answer);
      one.chunks.forEach((size, place) => {
        sendData(stream, Buffer.alloc(size, place + 1), false);
      });
      sendFields(stream, flat(one.trailers), true);
    });

  it("hears back whatever it sends", async () => {
    await fc.assert(
      fc.asyncProperty(limits, rounds, async (of, all) => {
        const client = open(of);
        for (const round of all) {
          const answers = await Promise.all(round.map((one) => ask(client, one)));
          expect(answers).toEqual(
            round.map((one) => ({ head: one.fields, trailers: one.trailers, body: bodyOf(one) })),
          );
        }
        client.destroy();
      }),
      { numRuns: 40 },
    );
  });
});
