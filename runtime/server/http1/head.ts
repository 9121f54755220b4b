/**
 * The plain head of a request: bytes in; what they say, or that they are not plain.
 *
 * The grammar is narrower than that of HTTP on purpose. Wherever two readers of HTTP could differ,
 * it says "odd", and Node's own parser is asked. What it accepts, that parser reads as the same
 * request: test/fuzz holds the two against each other.
 */

export type Head = {
  readonly method: string;
  readonly target: string;
  /** Names and values by turns, in the order and spelling in which they came. */
  readonly headers: readonly string[];
  /** Where the body begins, and how long it is. */
  readonly bodyAt: number;
  readonly bodyBytes: number;
  /** The client will ask for nothing more on this connection. */
  readonly last: boolean;
};

/** `partial`: a plain head as far as it has come. `odd`: anything else. */
export type Reading = Head | "partial" | "odd";

/** A head with more fields is odd. */
const mostFields = 100;

/** What a byte may be part of. */
const ofName = 1;
const ofValue = 2;
const ofTarget = 4;

/** Source: RFC 9110, 5.6.2 (token) and 5.5 (field-value); RFC 3986, 3.3 and 3.4 (path and query). */
const kinds = ((): Uint8Array => {
  const table = new Uint8Array(256);
  const mark = (kind: number, isOne: (character: string) => boolean): void => {
    for (let byte = 0; byte < 256; byte += 1) {
      if (isOne(String.fromCharCode(byte))) table[byte] = (table[byte] ?? 0) | kind;
    }
  };
  mark(ofName, (one) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(one));
  mark(ofValue, (one) => /[\t\x20-\x7e\x80-\xff]/.test(one));
  mark(ofTarget, (one) => /[\w\-.~!$&'()*+,;=:@%/?]/.test(one));
  return table;
})();

const kindOf = (bytes: Buffer, at: number): number => kinds[bytes[at] ?? 0] ?? 0;

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const slash = 0x2f;
const colon = 0x3a;

/** Of these a body is expected: without a length they are odd. */
const withBody = new Set(["POST", "PUT", "PATCH"]);
const methods = ["POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"].map((name) => ({
  name,
  bytes: Buffer.from(`${name} `),
}));
const afterTarget = Buffer.from(" HTTP/1.1\r\n");

/** How many of the bytes of `wanted` are at `at`, up to the end or the first other one. */
const countEqual = (bytes: Buffer, at: number, wanted: Buffer): number => {
  let count = 0;
  while (count < wanted.length && bytes[at + count] === wanted[count]) count += 1;
  return count;
};

/** The place behind bytes of one kind. */
const skip = (bytes: Buffer, from: number, end: number, kind: number): number => {
  let at = from;
  while (at < end && (kindOf(bytes, at) & kind) !== 0) at += 1;
  return at;
};

const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

/** Where names and values begin and end: scratch of one reading, which nothing interrupts. */
const marks = new Uint32Array(4 * mostFields);

/** What a scan comes to when it does not come to the end. */
const short = -1;
const other = -2;

/** Reads the head at the beginning of `bytes`; one of `limitBytes` or more is odd. */
export const readHead = (bytes: Buffer, limitBytes: number): Reading => {
  const end = Math.min(bytes.length, limitBytes - 1);
  const method = methodOf(bytes);
  if (method === undefined) return startsMethod(bytes) ? "partial" : "odd";
  const targetAt = method.bytes.length;
  const targetEnd = skip(bytes, targetAt, end, ofTarget);
  const fieldsAt = scanLineEnd(bytes, targetAt, targetEnd, end);
  const fieldsEnd = fieldsAt < 0 ? fieldsAt : scanFields(bytes, fieldsAt, end);
  if (fieldsEnd === other) return "odd";
  if (fieldsEnd === short) return end === bytes.length ? "partial" : "odd";
  const text = bytes.toString("latin1", 0, fieldsEnd);
  const line = { method: method.name, target: text.slice(targetAt, targetEnd), bodyAt: fieldsEnd };
  return headOf(line, text);
};

const methodOf = (bytes: Buffer): (typeof methods)[number] | undefined => {
  for (const one of methods) {
    if (countEqual(bytes, 0, one.bytes) === one.bytes.length) return one;
  }
  return undefined;
};

const startsMethod = (bytes: Buffer): boolean =>
  methods.some((one) => countEqual(bytes, 0, one.bytes) === bytes.length);

/** From the end of the target to the first field. */
const scanLineEnd = (bytes: Buffer, targetAt: number, at: number, end: number): number => {
  if (targetAt < end && bytes[targetAt] !== slash) return other;
  const count = Math.min(countEqual(bytes, at, afterTarget), end - at);
  if (count === afterTarget.length) return at + count;
  return at + count === end ? short : other;
};

/** Marks the fields; the place behind the empty line at their end. */
const scanFields = (bytes: Buffer, from: number, end: number): number => {
  let at = from;
  for (let mark = 0; at >= 0; mark += 4) {
    if (at >= end) return short;
    if (bytes[at] === carriageReturn) {
      marks[mark] = 0; // ends the list: no name is at the beginning
      return scanNewLine(bytes, at, end);
    }
    if (mark === marks.length) return other;
    at = scanField(bytes, at, { end, mark });
  }
  return at;
};

type Within = { readonly end: number; readonly mark: number };

/** Marks one field; the place behind its line. */
const scanField = (bytes: Buffer, at: number, { end, mark }: Within): number => {
  const nameEnd = skip(bytes, at, end, ofName);
  if (nameEnd >= end) return short;
  if (nameEnd === at || bytes[nameEnd] !== colon) return other;
  let valueAt = nameEnd + 1;
  while (valueAt < end && isBlank(bytes[valueAt])) valueAt += 1;
  let valueEnd = skip(bytes, valueAt, end, ofValue);
  const next = scanNewLine(bytes, valueEnd, end);
  while (valueEnd > valueAt && isBlank(bytes[valueEnd - 1])) valueEnd -= 1;
  marks[mark] = at;
  marks[mark + 1] = nameEnd;
  marks[mark + 2] = valueAt;
  marks[mark + 3] = valueEnd;
  return next;
};

const scanNewLine = (bytes: Buffer, at: number, end: number): number => {
  if (at >= end) return short;
  if (bytes[at] !== carriageReturn) return other;
  if (at + 1 >= end) return short;
  return bytes[at + 1] === lineFeed ? at + 2 : other;
};

type Line = Pick<Head, "method" | "target" | "bodyAt">;

const headOf = ({ method, target, bodyAt }: Line, text: string): Head | "odd" => {
  const headers: string[] = [];
  const said: Said = { host: undefined, length: undefined, connection: undefined };
  for (let mark = 0; mark < marks.length && marks[mark] !== 0; mark += 4) {
    const name = text.slice(marks[mark], marks[mark + 1]);
    const value = text.slice(marks[mark + 2], marks[mark + 3]);
    headers.push(name, value);
    if (!note(said, name, value)) return "odd";
  }
  const { host, length, connection } = said;
  if (host === undefined) return "odd";
  if (length === undefined ? withBody.has(method) : !isPlainLength.test(length)) return "odd";
  if (connection !== undefined && connection !== "keep-alive" && connection !== "close") {
    return "odd";
  }
  const last = connection === "close";
  return { method, target, headers, bodyAt, bodyBytes: Number(length ?? 0), last };
};

/** What the head says of where the request ends, and who it is for. */
type Said = {
  host: string | undefined;
  length: string | undefined;
  connection: string | undefined;
};

/** The lengths of the names below: most others need no second look. */
const noted = new Set([4, 6, 7, 10, 14, 16, 17]);

/** False for one too many, or one that asks for more than a plain answer. */
const note = (said: Said, name: string, value: string): boolean => {
  if (!noted.has(name.length)) return true;
  switch (name.toLowerCase()) {
    case "host": {
      const isFirst = said.host === undefined;
      said.host = value;
      return isFirst;
    }
    case "content-length": {
      const isFirst = said.length === undefined;
      said.length = value;
      return isFirst;
    }
    case "connection": {
      const isFirst = said.connection === undefined;
      said.connection = value.toLowerCase();
      return isFirst;
    }
    case "expect":
    case "upgrade":
    case "proxy-connection": // read as Connection by Node's parser
    case "transfer-encoding":
      return false;
    default:
      return true;
  }
};

/** Zeros in front are allowed by RFC 9110, 8.6, and an old source of disagreement. */
const isPlainLength = /^(?:0|[1-9]\d{0,14})$/;
