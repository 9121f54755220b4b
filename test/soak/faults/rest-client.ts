/** HTTP/1.1 by hand and cheap: one request at a time on a kept connection, its answer compared. */
import { connect, type Socket } from "node:net";
import type { Asked, Outcome } from "./judge.ts";
import { jsonOf } from "./message.ts";

export const predictions = "/api/v1.0/predictions";

/** The request with that id and text. Source: engine contract, 2.1 and 2.2. */
export const requestOf = (id: string, text: string): string => {
  const body = jsonOf(text);
  return `POST ${predictions} HTTP/1.1\r\nHost: soak\r\nSeldon-Puid: ${id}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

export type RestAnswer = {
  readonly status: number;
  readonly id: string;
  readonly body: string;
  /** Of the whole answer. */
  readonly length: number;
};

/** The answer at the start of these bytes, once it is whole; the engine always says how long it is. */
export const answerIn = (text: string): RestAnswer | undefined => {
  const headLength = text.indexOf("\r\n\r\n");
  if (headLength < 0) return undefined;
  const head = text.slice(0, headLength);
  const start = headLength + 4;
  const length = start + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`no answer: ${text.slice(0, 200)}`);
  if (text.length < length) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    id: /^seldon-puid: (.*)$/im.exec(head)?.[1] ?? "",
    body: text.slice(start, length),
    length,
  };
};

export const outcomeOf = (
  { status, id, body }: RestAnswer,
  asked: Asked,
  text: string,
): Outcome => {
  const what = `id ${id}, ${status}: ${body.slice(0, 300)}`;
  if (id !== asked.id) return { is: "wrong", what };
  if (status !== 200) return { is: "error", code: status, what };
  return body === jsonOf(text) ? { is: "right" } : { is: "wrong", what };
};

export type RestConnection = {
  /** Not to be called before the last one is answered. */
  ask(asked: Asked, text: string): Promise<Outcome>;
  close(): void;
};

/** Connects anew whenever the engine has closed the connection. */
export const makeRestConnection = (port: number, deadlineMs: number): RestConnection => {
  let socket: Socket | undefined;
  let parts: string[] = [];
  let length = 0;
  let wanted = 0;
  let settle: ((answer: RestAnswer | string) => void) | undefined;
  const end = (told: RestAnswer | string): void => {
    parts = [];
    length = 0;
    wanted = 0;
    settle?.(told);
    settle = undefined;
  };
  /** Joins what has come only when it may be whole. */
  const read = (chunk: string): void => {
    parts.push(chunk);
    length += chunk.length;
    if (length < wanted) return;
    const text = parts.join("");
    parts = [text];
    try {
      const answer = answerIn(text);
      if (answer === undefined) wanted = length + 1;
      else if (answer.length < text.length)
        end(`bytes behind the answer: ${text.slice(answer.length)}`);
      else end(answer);
    } catch (error) {
      end(String(error));
    }
  };
  const open = (): Socket => {
    const made = connect({ host: "127.0.0.1", port, noDelay: true });
    made.setEncoding("latin1");
    made.on("data", read);
    made.on("error", () => {}); // "close" follows
    made.on("close", () => {
      if (socket !== made) return;
      socket = undefined;
      end(`closed after ${length} bytes`);
    });
    return made;
  };
  return {
    ask: (asked, text) =>
      new Promise((resolve) => {
        const late = setTimeout(() => end(`nothing within ${deadlineMs} ms`), deadlineMs);
        settle = (told) => {
          clearTimeout(late);
          if (typeof told === "string") {
            socket?.destroy();
            socket = undefined;
            resolve({ is: "none", what: told });
          } else {
            resolve(outcomeOf(told, asked, text));
          }
        };
        socket ??= open();
        socket.write(requestOf(asked.id, text), "latin1");
      }),
    close: () => socket?.destroy(),
  };
};
