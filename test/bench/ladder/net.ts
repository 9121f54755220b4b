/** HTTP/1.1 by hand on sockets, with nothing that a product needs: what Node.js can do at best. */
import { connect, createServer, type Socket } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");
const contentLength = /\r\ncontent-length: *(\d+)/i;

/** Larger messages are written as bytes. */
const textBytes = 16_384;

/** Calls `onMessage` with each body: one of a known length, after a head that is whole. */
const makeReader = (onMessage: (body: Buffer) => void): ((bytes: Buffer) => void) => {
  let parts: Buffer[] = [];
  let come = 0;
  let missing = -1; // bytes of the body that have not come; -1 while the head has not

  return (bytes) => {
    parts.push(bytes);
    come += bytes.length;
    if (missing >= 0 && come < missing) return;
    let whole = parts.length === 1 ? bytes : Buffer.concat(parts);
    if (missing < 0) {
      const end = whole.indexOf(headEnd);
      if (end >= 0) {
        missing = Number(contentLength.exec(whole.toString("latin1", 0, end))?.[1] ?? 0);
        whole = whole.subarray(end + headEnd.length);
      }
    }
    parts = [whole];
    come = whole.length;
    if (missing < 0 || come < missing) return;
    parts = [];
    come = 0;
    missing = -1;
    onMessage(whole);
  };
};

const write = (socket: Socket, head: string, body: Buffer): void => {
  const text = `${head}Content-Length: ${body.length}\r\n\r\n`;
  if (body.length <= textBytes) {
    socket.write(text + body.toString("latin1"), "latin1");
    return;
  }
  socket.cork();
  socket.write(text, "latin1");
  socket.write(body);
  socket.uncork();
};

export type Handler = (body: Buffer, answer: (body: Buffer) => void) => void;

const answerHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

export const listenNet = (port: number, handle: Handler): void => {
  createServer({ noDelay: true }, (socket) => {
    const answer = (body: Buffer): void => write(socket, answerHead, body);
    const read = makeReader((body) => handle(body, answer));
    socket.on("data", (bytes: Buffer) => read(bytes));
    socket.on("error", () => socket.destroy()); // whoever called is gone
  }).listen(port, "127.0.0.1");
};

/** Requests over kept connections, one at a time on each. */
export const makeNetClient = (port: number, path: string): Handler => {
  const idle: ((body: Buffer, answer: (body: Buffer) => void) => void)[] = [];
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`;

  const open = (): Handler => {
    let waiting = (_body: Buffer): void => {};
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const send: Handler = (body, answer) => {
      waiting = answer;
      write(socket, head, body);
    };
    const read = makeReader((body) => {
      idle.push(send);
      waiting(body);
    });
    socket.on("data", (bytes: Buffer) => read(bytes));
    return send;
  };
  return (body, answer) => (idle.pop() ?? open())(body, answer);
};
