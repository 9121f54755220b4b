/** The steady container's servers against clients that others wrote. */
import { Agent, request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { framed } from "../../bench/h2/grpc.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { openGrpcClient } from "../../contract/grpc.ts";
import { openH2 } from "../../contract/http2.ts";
import { serveGrpc } from "./serve-grpc.ts";
import { serveRest } from "./serve-rest.ts";

const later = closeAfterEach();

const listen = async (serve: (socket: Socket) => void): Promise<number> => {
  const server = createServer((socket) => {
    later(() => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  later(() => server.close());
  return (server.address() as AddressInfo).port; // of TCP
};

/** Of every size that frames, windows and reads treat in another way. */
const sizes = [0, 1, 100, 4096, 16_379, 70_000, 300_000];

const filled = (index: number): Buffer =>
  Buffer.alloc(sizes[index % sizes.length] ?? 0, `${index} `);

describe("serveGrpc", () => {
  const path = "/seldon.protos.Model/Predict";

  it("gives each call its own answer", async () => {
    const port = await listen((socket) =>
      serveGrpc(socket, ({ path: asked, id, message }) =>
        asked === path && Number(id) % 5 > 0 ? message : { error: `${id} of ${asked}` },
      ),
    );
    const client = openGrpcClient(later, port);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        client.ask(path, filled(i), { metadata: { "seldon-puid": String(i) } }),
      ),
    );
    const told = outcomes.map(({ code, body, details }, i) =>
      code === 0 ? body.equals(filled(i)) : details,
    );
    expect(told).toEqual(
      Array.from({ length: 60 }, (_, i) => (i % 5 > 0 ? true : `${i} of ${path}`)),
    );
  });

  it("serves on after calls that were cancelled", async () => {
    const port = await listen((socket) => serveGrpc(socket, ({ message }) => message));
    const client = openGrpcClient(later, port);
    const calls = Array.from({ length: 20 }, () => client.start(path, filled(6)));
    for (const call of calls) call.cancel();
    await Promise.all(calls.map(({ outcome }) => outcome));
    const { code, body } = await client.ask(path, filled(6));
    expect([code, body.equals(filled(6))]).toEqual([0, true]);
  });

  it("refuses half a message", async () => {
    const port = await listen((socket) => serveGrpc(socket, ({ message }) => message));
    const half = framed(filled(2)).subarray(0, 50);
    const { send } = await openH2(later, port);
    expect(await send(path, half)).toMatchObject({ status: 13, details: "half a message" });
  });
});

describe("serveRest", () => {
  it("gives each request its own answer over kept connections", async () => {
    const connections = new Set<Socket>();
    const port = await listen((socket) => {
      connections.add(socket);
      serveRest(socket, ({ path, id, body }) => (path === "/echo" ? body : Buffer.from(id)));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 3 });
    later(() => agent.destroy());
    const ask = (i: number): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const path = i % 4 === 0 ? "/id" : "/echo";
        const headers = { "Seldon-Puid": `id-${i}`, "Content-Length": filled(i).length };
        const sent = request({ agent, port, path, method: "POST", headers }, (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () => resolve(Buffer.concat(parts)));
        });
        sent.on("error", reject);
        sent.end(filled(i));
      });
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i)));
    const right = answers.map((body, i) =>
      body.equals(i % 4 === 0 ? Buffer.from(`id-${i}`) : filled(i)),
    );
    expect(right).toEqual(Array(60).fill(true));
    expect(connections.size).toBe(3);
  });

  const head = "POST /echo HTTP/1.1\r\nseldon-puid: a\r\ncontent-length: 3\r\n\r\n";
  /** What comes back for bytes that are written one by one, until so many have come or it has ended. */
  const answerTo = (port: number, text: string, enough: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      later(() => socket.destroy());
      let come = "";
      socket.on("data", (part: Buffer) => {
        come += part.toString("latin1");
        if (enough.test(come)) resolve(come);
      });
      socket.on("error", () => {}); // "close" follows
      socket.on("close", () => resolve(come));
      const write = (at: number): void => {
        if (at < text.length) socket.write(text.charAt(at), () => write(at + 1));
      };
      write(0);
    });

  it.each([
    { name: "in pieces", text: `${head}abc`, want: /\r\n\r\nabc$/ },
    { name: "one behind the other", text: `${head}abc${head}def`, want: /\nabcHTTP[\s\S]*\ndef$/ },
  ])("reads requests $name", async ({ text, want }) => {
    const port = await listen((socket) => serveRest(socket, ({ body }) => body));
    expect(await answerTo(port, text, want)).toMatch(want);
  });

  it.each([
    { name: "no HTTP", text: "what?\r\n\r\n" },
    { name: "without a length", text: "POST /echo HTTP/1.1\r\n\r\n" },
    {
      name: "that is chunked",
      text: "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    { name: "whose head has no end", text: "a".repeat(17_000) },
  ])("closes on a request $name", async ({ text }) => {
    const port = await listen((socket) => serveRest(socket, ({ body }) => body));
    expect(await answerTo(port, text, /never/)).toBe("");
  });
});
