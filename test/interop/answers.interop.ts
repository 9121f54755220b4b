/**
 * Answers of a container that two readers might cut at different places. Whatever comes of the
 * request, the next one gets its own answer, and no byte of what the first container sent too much.
 *
 * Source: RFC 9112, 6.1, 6.3, 7.1 and 11.1.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import type { Engine } from "../peers/support/engine.ts";
import { predictions, startBefore } from "./support/engine.ts";
import { converse, posted, type RawAnswer } from "./support/sockets.ts";

const later = closeAfterAll();

const ok = "HTTP/1.1 200 OK\r\n";
const stolen = `${ok}Content-Length: 6\r\n\r\nstolen`;
const good = '{"good":1}';

type Row = {
  readonly name: string;
  readonly text: string;
  /** The connection stays open, as far as the container is concerned. */
  readonly open?: boolean;
  readonly status: number;
  readonly body?: string;
};

const rows: readonly Row[] = [
  {
    name: "more than it says",
    text: `${ok}Content-Length: 4\r\n\r\ngood${stolen}`,
    open: true,
    status: 200,
    body: "good",
  },
  {
    name: "a second answer behind chunks",
    text: `${ok}Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n${stolen}`,
    open: true,
    status: 200,
    body: "good",
  },
  { name: "less than it says", text: `${ok}Content-Length: 40\r\n\r\ngood`, status: 500 },
  {
    name: "two lengths",
    text: `${ok}Content-Length: 4\r\nContent-Length: 0\r\n\r\ngood${stolen}`,
    status: 500,
  },
  {
    name: "a list of lengths",
    text: `${ok}Content-Length: 4, 0\r\n\r\ngood${stolen}`,
    status: 500,
  },
  {
    name: "a length below nothing",
    text: `${ok}Content-Length: -4\r\n\r\ngood${stolen}`,
    status: 500,
  },
  {
    name: "a length in hexadecimal",
    text: `${ok}Content-Length: 0x4\r\n\r\ngood${stolen}`,
    status: 500,
  },
  {
    name: "a length beyond all numbers",
    text: `${ok}Content-Length: 99999999999999999999\r\n\r\ngood`,
    status: 500,
  },
  {
    name: "chunks and a length",
    text: `${ok}Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n4\r\ngood\r\n0\r\n\r\n${stolen}`,
    status: 200,
    body: "good", // chunks overrule a length: RFC 9112, 6.3
  },
  {
    name: "a chunk size that is none",
    text: `${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\ngood\r\n0\r\n\r\n`,
    status: 500,
  },
  {
    name: "a chunk longer than its size",
    text: `${ok}Transfer-Encoding: chunked\r\n\r\n4\r\ngood!!\r\n0\r\n\r\n`,
    status: 500,
  },
  {
    name: "chunks without an end",
    text: `${ok}Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n`,
    status: 500,
  },
  {
    name: "an unknown coding",
    text: `${ok}Transfer-Encoding: xchunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n`,
    status: 500,
  },
  {
    name: "a name with a blank",
    text: `${ok}Content-Length : 4\r\n\r\ngood${stolen}`,
    status: 500,
  },
  { name: "a head without an end", text: `${ok}Content-Length: 4\r\n`, status: 500 },
  { name: "nothing", text: "", status: 500 },
  { name: "no HTTP", text: "SSH-2.0-OpenSSH_9.2\r\n", status: 500 },
  {
    name: "a status that is none",
    text: "HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\ngood",
    status: 500,
  },
  { name: "HTTP/2", text: "HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", status: 500 },
  { name: "hints without an end", text: "HTTP/1.1 100 Continue\r\n\r\n".repeat(5), status: 500 },
  { name: "what ends with its connection", text: `${ok}\r\ngood`, status: 200, body: "good" },
];

/** Answers each request by the row that its header `Row` names, and well without one. */
const openContainer = async (): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {}); // the engine has had enough of it
    socket.on("data", (chunk: string) => {
      text += chunk;
      const start = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1]);
      if (start < 4 || text.length < start + length) return;
      const row = rows[Number(/^row: (\d+)/im.exec(text)?.[1])];
      text = "";
      if (row === undefined) socket.write(`${ok}Content-Length: ${good.length}\r\n\r\n${good}`);
      else if (row.open === true) socket.write(row.text, "latin1");
      else socket.end(row.text, "latin1");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port; // a TCP server's address
};

describe("a container that answers", () => {
  let engine: Engine;
  beforeAll(async () => {
    const http = await openContainer();
    ({ engine } = await startBefore(later, { http, grpc: http }));
  });
  const ask = async (
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer | undefined> => {
    const port = Number(new URL(engine.url).port);
    const { answers } = await converse(port, [posted(predictions, '{"a":1}', headers)], {
      answers: 1,
    });
    return answers[0];
  };

  it.each(rows.map((row, i) => ({ ...row, i })))("$name spoils no other answer", async (row) => {
    const { i, status, body } = row;
    const answer = await ask({ Row: String(i) });
    expect(answer?.status).toBe(status);
    if (body !== undefined) expect(answer?.body).toBe(body);
    for (let again = 0; again < 3; again += 1) {
      expect(await ask()).toMatchObject({ status: 200, body: good });
    }
  });
});
