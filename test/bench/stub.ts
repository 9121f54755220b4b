/**
 * The model stub, a process of its own: keep-alive HTTP/1.1 and gRPC by hand on sockets, so that it
 * costs little. It reads each request to its end and gives the same answer always; which size, the port
 * says. Tells its parent the ports and ends with it.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { messageOf, protoMessageOf } from "./bodies.ts";
import { answerBytes, mostNodes, type Size } from "./cases.ts";
import { framed } from "./h2/grpc.ts";
import { serveGrpc } from "./h2/stub.ts";
import type { FromStub } from "./messages.ts";

const headEnd = Buffer.from("\r\n\r\n");
const contentLength = /\r\ncontent-length: *(\d+)/i;
const largestHead = 65_536;

const answerOf = (size: Size): Buffer => {
  const body = messageOf(answerBytes[size]);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
};

const serve = (socket: Socket, answer: Buffer): void => {
  const text = answer.length < 4096 ? answer.toString("latin1") : undefined;
  let head: Buffer | undefined; // the beginning of a head that is not whole
  let missing = 0; // bytes of the current body

  const reply = (): void => {
    if (text === undefined) socket.write(answer);
    else socket.write(text, "latin1");
  };

  /** Reads one head at the beginning of `bytes`; answers what follows, or undefined if it is not whole. */
  const readHead = (bytes: Buffer): Buffer | undefined => {
    const end = bytes.indexOf(headEnd);
    if (end < 0) {
      if (bytes.length > largestHead) socket.destroy();
      head = bytes;
      return undefined;
    }
    head = undefined;
    const length = contentLength.exec(bytes.toString("latin1", 0, end))?.[1];
    if (length === undefined) {
      socket.end("HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return undefined;
    }
    missing = Number(length);
    if (missing === 0) reply();
    return bytes.subarray(end + headEnd.length);
  };

  socket.on("data", (chunk: Buffer) => {
    let bytes: Buffer | undefined = head === undefined ? chunk : Buffer.concat([head, chunk]);
    while (bytes !== undefined && bytes.length > 0) {
      if (missing === 0) {
        bytes = readHead(bytes);
      } else {
        const taken = Math.min(missing, bytes.length);
        missing -= taken;
        bytes = bytes.subarray(taken);
        if (missing === 0) reply();
      }
    }
  });
  socket.on("error", () => socket.destroy()); // whoever called is gone
};

const listen = (onSocket: (socket: Socket) => void): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, onSocket);
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)); // a TCP server's address
  });

const listenRest = (size: Size): Promise<readonly number[]> => {
  const answer = answerOf(size);
  return listenAll((socket) => serve(socket, answer));
};

const listenGrpc = (size: Size): Promise<readonly number[]> => {
  const message = framed(protoMessageOf(answerBytes[size]));
  return listenAll((socket) => serveGrpc(socket, message));
};

const listenAll = (onSocket: (socket: Socket) => void): Promise<readonly number[]> =>
  Promise.all(Array.from({ length: mostNodes }, () => listen(onSocket)));

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {}); // Ctrl-C is for the bench, which then ends this process
const ports: FromStub = {
  rest: { small: await listenRest("small"), large: await listenRest("large") },
  grpc: { small: await listenGrpc("small"), large: await listenGrpc("large") },
};
process.send?.(ports);
