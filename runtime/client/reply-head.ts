import { broken } from "./reply-body.ts";

export type ReplyHead = {
  readonly status: number;
  /** Names in lower case and values by turns. */
  readonly headers: readonly string[];
  /** The connection may carry another request afterwards. */
  readonly keepAlive: boolean;
  readonly framing: Framing;
};

export type Framing =
  | { readonly by: "length"; readonly bytes: number }
  | { readonly by: "chunks" }
  | { readonly by: "close" };

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads the head of a reply, without the empty line at its end.
 *
 * @throws {EngineError} NODE_PROTOCOL when the text is not the head of an HTTP/1.1 reply.
 * Source: RFC 9112, sections 4 to 6.
 */
export const parseHead = (text: string): ReplyHead => {
  let end = lineEnd(text, 0);
  const first = statusLine.exec(text.slice(0, end));
  if (first === null) throw broken("it does not begin with an HTTP/1.1 status line");
  const fields: Fields = { headers: [], length: undefined, coding: "", connection: "" };
  while (end < text.length) {
    const start = end + 2;
    end = lineEnd(text, start);
    const colon = text.indexOf(":", start);
    const name = colon < 0 || colon > end ? undefined : knownName(text.slice(start, colon));
    const value = trimmed(text, colon + 1, end);
    if (name === undefined || !isPrintable(value)) {
      throw broken(`header line ${fields.headers.length / 2 + 1} is malformed`);
    }
    addField(fields, name, value);
  }
  const { headers, length, coding, connection } = fields;
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

type Fields = {
  readonly headers: string[];
  length: number | undefined;
  coding: string;
  connection: string;
};

const addField = (fields: Fields, name: string, value: string): void => {
  const { headers, length, coding } = fields;
  headers.push(name, value);
  if (name === "content-length") fields.length = contentLength(value, length);
  else if (name === "connection") fields.connection += `,${value.toLowerCase()}`;
  else if (name === "transfer-encoding")
    fields.coding = coding === "" ? value : `${coding},${value}`;
};

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? text.length : end;
};

/** Names that were seen, as they came, to themselves in lower case: there are few, and they recur. */
const names = new Map<string, string>();
const mostNames = 500;
const longestName = 64;

/** A header's name in lower case; undefined if it is none. */
const knownName = (text: string): string | undefined => {
  const known = names.get(text);
  if (known !== undefined || !headerName.test(text)) return known;
  const name = text.toLowerCase();
  if (names.size < mostNames && text.length <= longestName) names.set(text, name);
  return name;
};

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Without the controls that a value must not have. Source: RFC 9110, 5.5. */
const isPrintable = (value: string): boolean => {
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false;
  }
  return true;
};

/** Without blanks at both ends; String.trim would also take bytes of UTF-8 away. */
const trimmed = (text: string, from: number, to: number): string => {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
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
