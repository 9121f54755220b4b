/** The head of an answer as text, as node:http would write it. */

import { EngineError } from "../../errors.ts";
import { STATUS_CODES } from "../../node-http.ts";
import type { Ticks } from "./ticks.ts";

export type Answered = {
  readonly status: number;
  /** Names and values by turns. */
  readonly headers: readonly string[];
};

export type Framing = {
  /** Bytes of the body; undefined where there is none and no length is told. */
  readonly length: number | "chunked" | undefined;
  /** Nothing more is answered on this connection. */
  readonly last: boolean;
};

export type WriteHead = (answer: Answered, framing: Framing) => string;

/** Source: RFC 9110, 5.6.2 and 5.5. */
const isName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const isOddValue = /[^\t\x20-\x7e\x80-\xff]/;

/** The last value that was found to be right, by name: most fields say the same in every answer. */
const checked = new Map<string, string>();
const mostNames = 1000;

const statusLines = new Map<number, string>();

/**
 * Makes the writer of one listener; `idleTimeoutMs` is how long it waits for the next request.
 * The writer throws EngineError INTERNAL for a status, name or value that HTTP cannot carry.
 */
export const makeWriteHead = (ticks: Ticks, idleTimeoutMs: number): WriteHead => {
  const waits = Math.ceil(idleTimeoutMs);
  const keepAlive = `Connection: keep-alive\r\n${
    waits === 0 ? "" : `Keep-Alive: timeout=${Math.floor(waits / 1000)}\r\n`
  }`;
  let date = "";
  let dateAt = -1;
  const dateLine = (): string => {
    if (dateAt !== ticks.now) {
      dateAt = ticks.now;
      date = `Date: ${new Date().toUTCString()}\r\n`;
    }
    return date;
  };
  return ({ status, headers }, { length, last }) => {
    let text = statusLine(status);
    let hasDate = false;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? "";
      const value = headers[i + 1] ?? "";
      checkField(name, value);
      hasDate ||= name.length === 4 && name.toLowerCase() === "date";
      text += `${name}: ${value}\r\n`;
    }
    if (typeof length === "number") text += `Content-Length: ${length}\r\n`;
    if (!hasDate) text += dateLine();
    text += last ? "Connection: close\r\n" : keepAlive;
    return length === "chunked" ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
  };
};

const checkField = (name: string, value: string): void => {
  const last = checked.get(name);
  if (last === value) return;
  if (last === undefined && !isName.test(name)) {
    throw new EngineError("INTERNAL", `"${name}" cannot name a header`);
  }
  if (isOddValue.test(value)) {
    throw new EngineError("INTERNAL", `header ${name} of the answer holds a character it may not`);
  }
  if (last !== undefined || checked.size < mostNames) checked.set(name, value);
};

const statusLine = (status: number): string => {
  const known = statusLines.get(status);
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new EngineError("INTERNAL", `${status} is no status of HTTP`);
  }
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
  statusLines.set(status, line);
  return line;
};

/** Source: RFC 9110, 6.4.1. */
export const isBodiless = (status: number): boolean =>
  status === 204 || status === 304 || status < 200;
