/**
 * HTTP/1.1 by hand and cheap, for those who are many: one request at a time on a kept connection, its
 * answer compared as it comes.
 */
import { connect, type Socket } from "node:net";
import { giveBody } from "./bodies.ts";
import type { Asked, Outcome } from "./judge.ts";
import { jsonBehind, type Size } from "./message.ts";
import { predictions } from "./rest-text.ts";

export type PlainRest = {
  /** Not to be called before the last one is answered. */
  ask(asked: Asked, size: Size): Promise<Outcome>;
  /** Gives up what is late; to be called now and then. */
  look(): void;
  close(): void;
};

/** All connections read into this buffer in turn. */
const readBuffer = Buffer.allocUnsafeSlow(262_144);

/** Source: engine contract, 2.1 and 2.2. */
const begin = `POST ${predictions} HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nSeldon-Puid: `;
const contentLength = /^content-length: (\d+)\r$/im;
const puid = /^seldon-puid: (.*)\r$/im;
const mostHead = 2048;
const oddBytes = 300;

type Asking = {
  readonly asked: Asked;
  readonly sent: Buffer;
  readonly settle: (outcome: Outcome) => void;
  /** What has come of the head. */
  head: string;
  status: number;
  id: string;
  /** Bytes of the body that have not come; -1 while the head has not. */
  missing: number;
  /** Where in `sent` stands what has to come next. */
  at: number;
  /** How they differ from what was sent. */
  odd: string | undefined;
};

/** Reads the head; answers where the body begins in these bytes, or undefined if that is not yet. */
const readHead = (asking: Asking, length: number): number | undefined => {
  const before = asking.head.length;
  asking.head += readBuffer.toString("latin1", 0, Math.min(length, mostHead));
  const end = asking.head.indexOf("\r\n\r\n");
  if (end < 0 && asking.head.length < mostHead) return undefined;
  const head = asking.head.slice(0, end + 2);
  const told = contentLength.exec(head)?.[1];
  if (end < 0 || told === undefined) throw new Error(`no answer: ${asking.head.slice(0, 200)}`);
  asking.status = Number(head.slice(9, 12));
  asking.id = puid.exec(head)?.[1] ?? "";
  asking.missing = Number(told);
  asking.at = asking.sent.indexOf("\r\n\r\n") + 4;
  const wanted = asking.sent.length - asking.at;
  if (asking.missing !== wanted) asking.odd = `${told} bytes where ${wanted} were sent: `;
  return end + 4 - before;
};

const takeBody = (asking: Asking, from: number, to: number): void => {
  const { sent, at } = asking;
  asking.missing -= to - from;
  asking.at += to - from;
  if (asking.missing < 0) {
    const behind = to + asking.missing;
    throw new Error(
      `bytes behind the answer: ${readBuffer.toString("latin1", behind, to).slice(0, 300)}`,
    );
  }
  const { odd = "" } = asking;
  if (odd === "" && sent.compare(readBuffer, from, to, at, asking.at) === 0) return;
  asking.odd = odd + readBuffer.toString("latin1", from, Math.min(to, from + oddBytes));
};

const outcomeOf = ({ asked, status, id, odd }: Asking): Outcome => {
  if (id === asked.id && status === 200 && odd === undefined) return { is: "right" };
  const what = `id ${id}, ${status}: ${odd}`;
  if (id !== asked.id || status === 200) return { is: "wrong", what };
  return { is: "error", code: status, what };
};

/** Connects anew whenever the engine has closed the connection. */
export const makePlainRest = (port: number, deadlineMs: number): PlainRest => {
  let socket: Socket | undefined;
  let asking: Asking | undefined;
  let stray = false;

  const settle = (outcome: Outcome): void => {
    const { settle } = asking ?? {};
    asking = undefined;
    settle?.(outcome);
  };
  const fail = (what: string): void => {
    const left = socket;
    socket = undefined;
    left?.destroy();
    settle({ is: "none", what });
  };
  const read = (length: number): void => {
    if (asking === undefined) {
      stray = true; // the next one is told
      return;
    }
    const from = asking.missing < 0 ? readHead(asking, length) : 0;
    if (from === undefined) return;
    takeBody(asking, from, length);
    if (asking.missing === 0) settle(outcomeOf(asking));
  };
  const open = (): Socket => {
    const made = connect({
      ...{ host: "127.0.0.1", port, noDelay: true },
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          if (socket !== made) return true;
          try {
            read(length);
          } catch (error) {
            fail(String(error));
          }
          return true;
        },
      },
    });
    made.on("error", () => {}); // "close" follows
    made.on("close", () => {
      if (socket === made) fail(`closed with ${asking?.missing} bytes to come`);
    });
    return made;
  };
  return {
    ask: (asked, size) =>
      new Promise((resolve) => {
        let holders = 2; // the socket, and the comparison
        const letGo = (): void => {
          holders -= 1;
          if (holders === 0) giveBody(sent);
        };
        const settle = (outcome: Outcome): void => {
          letGo();
          resolve(outcome);
        };
        const sent = jsonBehind(`${begin}${asked.id}\r\nContent-Length: `, asked.id, size);
        asking = {
          ...{ asked, sent, settle, head: "", status: 0, id: "" },
          ...{ missing: -1, at: -1, odd: undefined },
        };
        if (stray) {
          stray = false;
          fail("bytes that nobody had asked for");
          return;
        }
        socket ??= open();
        if (size === "small") socket.write(sent.toString("latin1"), "latin1");
        else socket.write(sent, letGo);
      }),
    look: () => {
      if (asking === undefined || performance.now() - asking.asked.sentAt < deadlineMs) return;
      fail(`nothing within ${deadlineMs} ms`);
    },
    close: () => socket?.destroy(),
  };
};
