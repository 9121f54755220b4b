import type { Limits } from "../limits.ts";
import { broken, makeBodySink, makeChunkReader } from "./reply-body.ts";

/** What a server answered. Header names are in lower case; names and values stand by turns. */
export type HttpReply = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
};

/** `reusable`: the connection may carry another request after this reply. */
export type Finished = { readonly reply: HttpReply; readonly reusable: boolean };

export type ReplyReader = {
  /** Takes bytes as they come (they are copied); answers once the reply is whole. */
  read(bytes: Buffer): Finished | undefined;
  /** The connection ended; whole only if the reply was to end with it. */
  end(): Finished | undefined;
  /** True once a byte of the reply has come. */
  started(): boolean;
};

type Head = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly keepAlive: boolean;
  readonly framing: Framing;
};
type Framing =
  | { readonly by: "length"; readonly bytes: number }
  | { readonly by: "chunks" }
  | { readonly by: "close" };

const headEnd = Buffer.from("\r\n\r\n");
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones RFC 9110, 5.5 forbids in a value
const forbidden = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** @throws {EngineError} NODE_PROTOCOL when the text is not the head of an HTTP/1.1 reply. */
const parseHead = (text: string): Head => {
  const lines = text.split("\r\n");
  const first = statusLine.exec(lines[0] ?? "");
  if (first === null) throw broken("it does not begin with an HTTP/1.1 status line");
  const headers: string[] = [];
  let length: number | undefined;
  let coding = "";
  let connection = "";
  for (let i = 1; i < lines.length; i += 1) {
    const [name, value] = parseHeader(lines[i] ?? "", i);
    headers.push(name, value);
    if (name === "content-length") length = contentLength(value, length);
    else if (name === "transfer-encoding") coding = coding === "" ? value : `${coding},${value}`;
    else if (name === "connection") connection += `,${value.toLowerCase()}`;
  }
  const status = Number(first[2]);
  // RFC 9112, 6.3: chunks win over a length, and such a connection is not to be trusted further.
  const doubtful = coding !== "" && length !== undefined;
  return {
    status,
    headers,
    framing: framingOf(status, length, coding),
    keepAlive: !doubtful && persists(first[1] === "1", connection),
  };
};

const parseHeader = (line: string, number: number): readonly [string, string] => {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  const value = trimmed(line, colon + 1);
  if (!headerName.test(name) || forbidden.test(value)) {
    throw broken(`header line ${number} is malformed`);
  }
  return [name.toLowerCase(), value];
};

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Without blanks at both ends; String.trim would also take bytes of UTF-8 away. */
const trimmed = (line: string, from: number): string => {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
};

const persists = (http11: boolean, connection: string): boolean =>
  http11 ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);

const contentLength = (value: string, earlier: number | undefined): number => {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  if (length === undefined) throw broken("its Content-Length is not a number");
  if (earlier !== undefined && earlier !== length) throw broken("it has two Content-Lengths");
  return length;
};

const framingOf = (status: number, length: number | undefined, coding: string): Framing => {
  if (status === 204 || status === 304) return { by: "length", bytes: 0 };
  if (coding !== "") {
    if (coding.trim().toLowerCase() !== "chunked") {
      throw broken(`its Transfer-Encoding is "${coding}"; only "chunked" is understood`);
    }
    return { by: "chunks" };
  }
  return length === undefined ? { by: "close" } : { by: "length", bytes: length };
};

/**
 * Reads one HTTP/1.1 reply, byte by byte as it comes: by length, in chunks, or to the end of the
 * connection. Interim replies (1xx) are passed over.
 *
 * @throws {EngineError} NODE_PROTOCOL on bytes that are not such a reply, or larger than the limits.
 * Source: RFC 9112, sections 4 to 7.
 */
export const makeReplyReader = (limits: Limits): ReplyReader => {
  let head: Head | undefined;
  let rest: Buffer | undefined; // bytes that were not enough for the step they belong to
  let started = false;
  const body = makeBodySink(limits);
  const chunks = makeChunkReader();

  const finish = ({ status, headers }: Head, reusable: boolean): Finished => ({
    reply: { status, headers, body: body.whole() },
    reusable,
  });

  const readHead = (bytes: Buffer): Buffer | undefined => {
    const all = rest === undefined ? bytes : Buffer.concat([rest, bytes]);
    const end = all.indexOf(headEnd);
    if (end > limits.maxHeaderBytes || (end < 0 && all.length > limits.maxHeaderBytes)) {
      throw broken(`its head is larger than ${limits.maxHeaderBytes} bytes`);
    }
    if (end < 0) {
      rest = Buffer.from(all);
      return undefined;
    }
    rest = undefined;
    const parsed = parseHead(all.toString("latin1", 0, end));
    const after = all.subarray(end + headEnd.length);
    if (parsed.status === 101) throw broken("it switches protocols, which was not asked for");
    if (parsed.status < 200) return readHead(after);
    if (parsed.framing.by === "length") body.expect(parsed.framing.bytes);
    head = parsed;
    return after;
  };

  const readBody = (bytes: Buffer, parsed: Head): Finished | undefined => {
    const { framing, keepAlive } = parsed;
    switch (framing.by) {
      case "length": {
        const missing = framing.bytes - body.bytes();
        body.add(bytes.length > missing ? bytes.subarray(0, missing) : bytes);
        if (body.bytes() < framing.bytes) return undefined;
        return finish(parsed, keepAlive && bytes.length === missing);
      }
      case "chunks": {
        const left = chunks.read(bytes, body.add);
        return left === undefined ? undefined : finish(parsed, keepAlive && left === 0);
      }
      case "close":
        body.add(bytes);
        return undefined;
    }
  };

  return {
    started: () => started,
    read: (bytes) => {
      started = true;
      const after = head === undefined ? readHead(bytes) : bytes;
      return after === undefined || head === undefined ? undefined : readBody(after, head);
    },
    end: () => (head?.framing.by === "close" ? finish(head, false) : undefined),
  };
};
