/** HTTP by hand: bytes out, and every answer that comes back, in order. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type RawAnswer = {
  readonly status: number;
  /** By name in lower case; several values stand one after the other, with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

export type Heard = {
  readonly answers: readonly RawAnswer[];
  /** What is left over: half an answer, or nothing. */
  readonly rest: string;
  /** The engine has closed the connection. */
  readonly closed: boolean;
};

export type RawOptions = {
  /** How many answers to wait for, unless the connection closes before. */
  readonly answers?: number;
  /** Closes our side once all is sent. */
  readonly halfClose?: boolean;
};

const headEnd = "\r\n\r\n";
const limitMs = 50_000;

/**
 * Sends the pieces, each once the one before has left, on a connection of its own. All is text of
 * latin1, so that one character is one byte. Answers are taken to have a Content-Length.
 *
 * @throws {Error} when neither the answers nor the end of the connection have come in time.
 */
export const converse = async (
  port: number,
  pieces: readonly string[],
  { answers: wanted = Number.POSITIVE_INFINITY, halfClose = false }: RawOptions = {},
): Promise<Heard> => {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  const done = hear(socket, wanted);
  try {
    await once(socket, "connect");
    for (const piece of pieces) {
      if (!socket.writable) break;
      await new Promise((resolve) => socket.write(piece, "latin1", resolve));
      await new Promise(setImmediate);
    }
    if (halfClose) socket.end();
    return await done;
  } finally {
    socket.destroy();
  }
};

const hear = (socket: Socket, wanted: number): Promise<Heard> =>
  new Promise((resolve, reject) => {
    let text = "";
    const settle = (closed: boolean): void => {
      clearTimeout(late);
      resolve({ ...answersIn(text), closed });
    };
    const late = setTimeout(() => {
      const { answers, rest } = answersIn(text);
      reject(
        new Error(`${answers.length} answers within ${limitMs} ms, then: ${rest.slice(0, 500)}`),
      );
    }, limitMs);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (answersIn(text).answers.length >= wanted) settle(false);
    });
    socket.on("error", () => settle(true)); // a refused connection may be reset under what we still send
    socket.on("end", () => settle(true));
  });

const answersIn = (text: string): Omit<Heard, "closed"> => {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (;;) {
    const found = firstOf(rest);
    if (found === undefined || Number.isNaN(found.answer.status)) return { answers, rest };
    // 100 Continue is no answer.
    if (found.answer.status >= 200) answers.push(found.answer);
    rest = rest.slice(found.length);
  }
};

const firstOf = (text: string): { answer: RawAnswer; length: number } | undefined => {
  const headLength = text.indexOf(headEnd);
  if (headLength < 0) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, headLength).split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [name = "", ...value] = line.split(":");
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, (before === undefined ? "" : `${before},`) + value.join(":").trim());
  }
  const start = headLength + headEnd.length;
  const length = start + Number(headers.get("content-length") ?? 0);
  if (text.length < length) return undefined;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  return { answer: { status, headers, body: text.slice(start, length) }, length };
};

/** A POST with a body that says how long it is. */
export const posted = (
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): string => {
  const lines = Object.entries({
    Host: "engine",
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body, "latin1")),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
};

/** The same in chunks of that many bytes. */
export const chunked = (
  path: string,
  body: string,
  { bytes = 1000, headers = "" }: { readonly bytes?: number; readonly headers?: string } = {},
): string => {
  const head = `POST ${path} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`;
  let text = head;
  for (let at = 0; at < body.length; at += bytes) {
    const part = body.slice(at, at + bytes);
    text += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return `${text}0\r\n\r\n`;
};

/** Pieces of that many bytes. */
export const cut = (text: string, bytes: number): readonly string[] => {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += bytes) pieces.push(text.slice(at, at + bytes));
  return pieces;
};
