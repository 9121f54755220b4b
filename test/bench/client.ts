/** One connection of the loader: a request out, its answer read and checked, by hand on a socket. */
import { connect, type Socket } from "node:net";

export type Verdict = "ok" | "status" | "length" | "connection";

export type Client = {
  /** Sends one request; not to be called before the last one was answered. */
  send(): void;
  /** False once the connection is closed. */
  usable(): boolean;
  close(): void;
};

export type ClientOptions = {
  readonly port: number;
  readonly request: string | Buffer;
  readonly answerBytes: number;
  /** Told once for each request sent. */
  readonly onAnswer: (client: Client, verdict: Verdict) => void;
};

/** All connections read into this buffer in turn. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);
const contentLength = /\r\ncontent-length: *(\d+)/i;
const ok = "HTTP/1.1 200";

/** Opens a connection. Resolves when it is open, rejects if it cannot be opened. */
export const makeClient = (options: ClientOptions): Promise<Client> => {
  const { port, request, answerBytes, onAnswer } = options;
  let busy = false;
  let head = ""; // what has come of the head
  let missing = -1; // bytes of the body that have not come; -1 while the head has not

  const settle = (verdict: Verdict): void => {
    if (!busy) return;
    busy = false;
    head = "";
    missing = -1;
    if (verdict !== "ok") socket.destroy();
    onAnswer(client, verdict);
  };

  /** Answers how many bytes behind the head came with it, or undefined if that is not whole. */
  const readHead = (text: string): number | undefined => {
    head += text;
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    if (!head.startsWith(ok)) return fail("status");
    const length = contentLength.exec(head.slice(0, end))?.[1];
    if (length === undefined || Number(length) !== answerBytes) return fail("length");
    missing = answerBytes;
    return head.length - end - 4;
  };

  const fail = (verdict: Verdict): undefined => {
    settle(verdict);
    return undefined;
  };

  const read = (length: number): boolean => {
    if (!busy) {
      socket.destroy(); // bytes that nobody asked for
      return false;
    }
    const come = missing < 0 ? readHead(readBuffer.toString("latin1", 0, length)) : length;
    if (come === undefined) return true;
    missing -= come;
    if (missing === 0) settle("ok");
    else if (missing < 0) settle("length");
    return true;
  };

  const socket: Socket = connect({
    host: "127.0.0.1",
    port,
    noDelay: true,
    onread: { buffer: readBuffer, callback: (length) => read(length) },
  });
  const client: Client = {
    send: () => {
      busy = true;
      if (!socket.writable)
        setImmediate(settle, "connection"); // closed while it was idle
      else if (typeof request === "string") socket.write(request, "latin1");
      else socket.write(request);
    },
    usable: () => socket.writable,
    close: () => {
      busy = false;
      socket.destroy();
    },
  };
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(client));
    socket.on("error", reject);
    socket.on("close", () => settle("connection"));
  });
};
