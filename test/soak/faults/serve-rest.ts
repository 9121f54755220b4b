/** An HTTP/1.1 server by hand and cheap: requests that say how long they are, on kept connections. */
import type { Socket } from "node:net";
import { dropRead, giveBody, takeBody } from "./bodies.ts";

export type RestAsk = { readonly path: string; readonly id: string; readonly body: Buffer };

const mostHead = 16_384;
const mostBytes = 1 << 24;
/** As Node.js has it; told to the client, and kept. */
const idleSeconds = 5;
const graceMs = 1000;
const fewBytes = 4096;
const headEnd = 4;

const contentLength = /^content-length: (\d+)\r$/im;
const puid = /^seldon-puid: (.*)\r$/im;
const requestLine = /^POST (\/\S*) HTTP\/1\.1\r\n/;

const headFor = (length: number): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=${idleSeconds}\r\nContent-Length: ${length}\r\n\r\n`;

/** What has come of a request, whose head is whole. */
type Coming = RestAsk & { got: number };

/** @throws {Error} when it is no request of an engine. */
const readHead = (head: string): Coming => {
  const path = requestLine.exec(head)?.[1];
  const length = Number(contentLength.exec(head)?.[1]);
  if (path === undefined || !(length <= mostBytes)) throw new Error(`no request: ${head}`);
  const body = takeBody(length);
  return { path, id: puid.exec(head)?.[1] ?? "", body, got: 0 };
};

const write = (socket: Socket, body: Buffer, written: () => void): void => {
  const head = headFor(body.length);
  if (body.length <= fewBytes) {
    socket.write(head + body.toString("latin1"), "latin1");
    written();
    return;
  }
  socket.cork();
  socket.write(head, "latin1");
  socket.write(body, written);
  socket.uncork();
};

/** Answers each request of a connection with what `answer` has for it. */
export const serveRest = (socket: Socket, answer: (ask: RestAsk) => Buffer): void => {
  let rest: Buffer | undefined; // the beginning of a head
  let coming: Coming | undefined;

  const replyIfWhole = (): void => {
    if (coming === undefined || coming.got < coming.body.length) return;
    const { body } = coming;
    write(socket, answer(coming), () => giveBody(body));
    coming = undefined;
  };

  /** Reads a head, or more of a body; answers up to where, which is no further if that is not whole. */
  const read = (bytes: Buffer, from: number): number => {
    if (coming === undefined) {
      const end = bytes.indexOf("\r\n\r\n", from, "latin1");
      if (end < 0) return from;
      coming = readHead(bytes.toString("latin1", from, end + 2));
      return end + headEnd;
    }
    const { body, got } = coming;
    const to = Math.min(bytes.length, from + body.length - got);
    coming.got += bytes.copy(body, got, from, to);
    return to;
  };

  const readAll = (come: Buffer): void => {
    const bytes = rest === undefined ? come : Buffer.concat([rest, come]);
    rest = undefined;
    for (let at = 0; at < bytes.length; ) {
      const to = read(bytes, at);
      if (to === at) {
        rest = Buffer.from(bytes.subarray(at));
        if (rest.length > mostHead) throw new Error("a head without end");
        return;
      }
      at = to;
      replyIfWhole();
    }
  };

  socket.on("data", (bytes: Buffer) => {
    try {
      readAll(bytes);
      dropRead(bytes);
    } catch {
      socket.destroy(); // what the engine takes for a broken container
    }
  });
  socket.setTimeout(idleSeconds * 1000 + graceMs, () => {
    if (coming === undefined) socket.destroy();
  });
  socket.on("error", () => socket.destroy()); // the engine has left
};
