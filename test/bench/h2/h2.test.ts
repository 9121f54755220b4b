/** Both hand-written ends of gRPC against each other, and against HTTP/2 of Node.js. */
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Client, Verdict } from "../client.ts";
import { makeGrpcClients } from "./client.ts";
import { type Frame, flag, frameOf, makeFrameReader, types } from "./frames.ts";
import { framed, makeAnswerBlocks, requestBlocks } from "./grpc.ts";
import { makeStatusReader } from "./hpack.ts";
import { serveGrpc } from "./stub.ts";

const path = "/seldon.protos.Seldon/Predict";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const listen = async (server: Server | ReturnType<typeof createHttp2>): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port; // of TCP
};

const listenStub = (message: Buffer): Promise<number> =>
  listen(
    createServer((socket) => {
      closers.push(() => socket.destroy());
      serveGrpc(socket, framed(message));
    }),
  );

type Asked = { readonly port: number; readonly request: Buffer; readonly answerBytes: number };

/** Sends `count` requests over one connection of `streams`, and tells what became of each. */
const load = async ({ port, request, answerBytes }: Asked, streams: number, count: number) => {
  const verdicts: Verdict[] = [];
  let sent = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const sendMore = (client: Client): void => {
    if (sent === count || !client.usable()) return;
    sent += 1;
    client.send();
  };
  const clients = await makeGrpcClients({
    port,
    path,
    message: framed(request),
    streams,
    answerBytes,
    onAnswer: (client, verdict) => {
      verdicts.push(verdict);
      sendMore(client);
      if (verdicts.length === sent) finish();
    },
  });
  closers.push(() => clients[0]?.close());
  for (const client of clients) sendMore(client);
  await finished;
  return verdicts;
};

const filled = (bytes: number): Buffer => Buffer.alloc(bytes, "x");

/** A gRPC server on Node's own HTTP/2, with its Huffman code and dynamic table. */
const listenHttp2 = (status: string, answer: Buffer, windowBytes = 65_535) => {
  const server = createHttp2({ settings: { initialWindowSize: windowBytes } });
  const seen: { readonly headers: object; readonly bytes: number }[] = [];
  server.on("session", (session) => closers.push(() => session.destroy()));
  server.on("stream", (stream, headers) => {
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on("end", () => {
      seen.push({ headers, bytes });
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "seldon-puid": `id-${seen.length}` },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
      stream.end(framed(answer));
    });
  });
  return { server, seen };
};

describe("makeGrpcClients", () => {
  it.each([
    { name: "small messages", requestBytes: 100, answerBytes: 200 },
    { name: "messages beyond all first windows", requestBytes: 300_000, answerBytes: 300_000 },
    { name: "a request of a whole frame", requestBytes: 16_379, answerBytes: 0 },
  ])("and the stub exchange $name", async ({ requestBytes, answerBytes }) => {
    const port = await listenStub(filled(answerBytes));
    const verdicts = await load({ port, request: filled(requestBytes), answerBytes }, 8, 40);
    expect(verdicts).toEqual(new Array(40).fill("ok"));
  });

  it("talk to another server, which reads every header of every request", async () => {
    const { server, seen } = listenHttp2("0", filled(200));
    const port = await listen(server);
    const verdicts = await load({ port, request: filled(100), answerBytes: 200 }, 4, 300);
    expect(verdicts).toEqual(new Array(300).fill("ok"));
    expect(seen).toHaveLength(300);
    for (const { headers, bytes } of seen) {
      expect(bytes).toBe(105);
      expect(headers).toMatchObject({
        ":method": "POST",
        ":path": path,
        ":authority": `127.0.0.1:${port}`,
        "content-type": "application/grpc",
        te: "trailers",
      });
    }
  });

  it("wait for the windows of a server that grants little", async () => {
    const { server, seen } = listenHttp2("0", filled(10), 1000);
    const port = await listen(server);
    const verdicts = await load({ port, request: filled(100_000), answerBytes: 10 }, 3, 9);
    expect(verdicts).toEqual(new Array(9).fill("ok"));
    expect(seen.map(({ bytes }) => bytes)).toEqual(new Array(9).fill(100_005));
  });

  it.each([
    { name: "another status", status: "14", answerBytes: 200, want: "status" },
    { name: "another length", status: "0", answerBytes: 201, want: "length" },
  ])("notice $name", async ({ status, answerBytes, want }) => {
    const port = await listen(listenHttp2(status, filled(200)).server);
    expect(await load({ port, request: filled(10), answerBytes }, 2, 2)).toEqual([want, want]);
  });

  it("notice a connection that breaks", async () => {
    const { server } = listenHttp2("0", filled(1));
    server.removeAllListeners("stream");
    server.on("stream", (stream) => stream.session?.destroy());
    const port = await listen(server);
    expect(await load({ port, request: filled(10), answerBytes: 1 }, 2, 2)).toEqual([
      "connection",
      "connection",
    ]);
  });
});

describe("serveGrpc", () => {
  const ask = (port: number, settings: object, count: number) =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      const session = connectHttp2(`http://127.0.0.1:${port}`, { settings });
      closers.push(() => session.destroy());
      const answers: unknown[] = [];
      const one = (): void => {
        const call = session.request({ ":method": "POST", ":path": path });
        let bytes = 0;
        const seen: Record<string, unknown> = {};
        const take = (headers: object): void => {
          Object.assign(seen, headers);
        };
        call.on("response", take);
        call.on("trailers", take);
        call.on("data", (part: Buffer) => {
          bytes += part.length;
        });
        call.on("error", reject);
        call.on("end", () => {
          answers.push([seen[":status"], seen["content-type"], seen["grpc-status"], bytes]);
          if (answers.length === count) resolve(answers);
        });
        call.end(framed(filled(50)));
      };
      for (let i = 0; i < count; i += 1) one();
    });

  it.each([
    { name: "that keeps a table", settings: {} },
    { name: "that keeps none", settings: { headerTableSize: 0 } },
    { name: "with a small window", settings: { initialWindowSize: 500 } },
  ])("answers a client $name", async ({ settings }) => {
    const port = await listenStub(filled(20_000));
    const answers = await ask(port, settings, 20);
    expect(answers).toEqual(new Array(20).fill([200, "application/grpc", "0", 20_005]));
  });
});

describe("makeFrameReader", () => {
  const padded = frameOf(
    types.data,
    flag.padded | flag.endStream,
    5,
    Buffer.from("\x02hi..", "latin1"),
  );
  const stream = Buffer.concat([
    frameOf(types.settings, 0, 0, Buffer.alloc(6)),
    frameOf(types.data, flag.endStream, 3, filled(1000)),
    padded,
    frameOf(types.headers, flag.endHeaders | flag.priority, 7, Buffer.from("12345abc")),
    frameOf(types.data, flag.endStream, 9, Buffer.alloc(0)),
  ]);
  const got = (cut: number) => {
    const bodies = new Map<string, string>();
    let ends = "";
    const read = makeFrameReader(({ type, stream: id, flags, bytes, from, to }: Frame) => {
      const key = `${type} ${id}`;
      bodies.set(key, (bodies.get(key) ?? "") + bytes.toString("latin1", from, to));
      if (type === types.data && (flags & flag.endStream) !== 0) ends += id;
    });
    for (let at = 0; at < stream.length; at += cut) read(stream.subarray(at, at + cut));
    return { bodies: [...bodies], ends };
  };

  it.each([1, 7, 9, 10, 500, 5000])("finds the same frames in pieces of %d bytes", (cut) => {
    expect(got(cut)).toEqual({
      bodies: [
        ["4 0", "\0".repeat(6)],
        ["0 3", "x".repeat(1000)],
        ["0 5", "hi"],
        ["1 7", "abc"],
        ["0 9", ""],
      ],
      ends: "359",
    });
  });

  it("refuses frames that nobody may send", () => {
    const read = makeFrameReader(() => {});
    expect(() => read(frameOf(types.data, 0, 1, filled(16_385)))).toThrow("16385");
  });
});

describe("makeStatusReader", () => {
  it("knows the blocks of the stub, also those that only name fields of the table", () => {
    const read = makeStatusReader();
    const blocks = makeAnswerBlocks(true);
    const told = [0, 1, 2].flatMap(() =>
      [blocks.head(), blocks.trailers()].map((block) => read(block, 0, block.length)),
    );
    expect(told).toEqual([undefined, true, undefined, true, undefined, true]);
  });

  it.each([
    { name: "a plain field", block: "\0\x0bgrpc-status\x010", want: true },
    { name: "another value", block: "\0\x0bgrpc-status\x0214", want: false },
    { name: "another name", block: "\0\x0cgrpc-message\x010", want: undefined },
    {
      name: "a new size of the table before it",
      block: "\x3f\xe1\x1f\0\x0bgrpc-status\x010",
      want: true,
    },
  ])("reads $name", ({ block, want }) => {
    const bytes = Buffer.from(block, "latin1");
    expect(makeStatusReader()(bytes, 0, bytes.length)).toBe(want);
  });

  it("refuses a block that ends within a field", () => {
    const { first } = requestBlocks({ path, authority: "a:1" }, true);
    expect(() => makeStatusReader()(first, 0, first.length - 1)).toThrow("within a field");
  });
});
