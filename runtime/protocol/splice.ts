/**
 * Finding and replacing members of a JSON object in its bytes, without parsing the rest.
 *
 * Only the structure along the way is read: strings are jumped over, numbers and names are not
 * judged. Whatever does not read as JSON is answered with undefined, and so left as it is.
 */

/** A part of a buffer, by its byte offsets. */
export type Span = { readonly start: number; readonly end: number };

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const skipSpace = (json: Buffer, at: number): number => {
  let i = at;
  while (isSpace(json[i])) i += 1;
  return i;
};

/** The offset behind the string that begins at `at`, or -1 if it does not end. */
const skipString = (json: Buffer, at: number): number => {
  let end = json.indexOf(quote, at + 1);
  while (end >= 0) {
    let slashes = 0;
    while (json[end - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    end = json.indexOf(quote, end + 1);
  }
  return -1;
};

/** The offset behind the object or array that begins at `at`, or -1 if it does not end. */
const skipNested = (json: Buffer, at: number): number => {
  let depth = 0;
  for (let i = at; i < json.length; i += 1) {
    const byte = json[i];
    if (byte === quote) {
      i = skipString(json, i) - 1;
      if (i < 0) return -1;
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
};

const skipValue = (json: Buffer, at: number): number => {
  const byte = json[at];
  if (byte === quote) return skipString(json, at);
  if (byte === openBrace || byte === openBracket) return skipNested(json, at);
  let i = at;
  while (i < json.length && !isSpace(json[i]) && !endsValue(json[i])) i += 1;
  return i > at ? i : -1;
};

const endsValue = (byte: number | undefined): boolean =>
  byte === comma ||
  byte === closeBrace ||
  byte === closeBracket ||
  byte === colon ||
  byte === quote;

type Member = { readonly key: Span; readonly value: Span };

/** The member whose key begins at `at`. */
const readMember = (json: Buffer, at: number): Member | undefined => {
  if (json[at] !== quote) return undefined;
  const keyEnd = skipString(json, at);
  if (keyEnd < 0) return undefined;
  const separator = skipSpace(json, keyEnd);
  if (json[separator] !== colon) return undefined;
  const start = skipSpace(json, separator + 1);
  const end = skipValue(json, start);
  if (end < 0) return undefined;
  return { key: { start: at + 1, end: keyEnd - 1 }, value: { start, end } };
};

/**
 * The value of a member of the object that begins at `at`, and where the object ends.
 *
 * Of several members with the key the last one counts, as it does for JSON.parse. A key written
 * with escapes is not recognised.
 */
export const findMember = (
  json: Buffer,
  at: number,
  name: string,
): { readonly member: Span | undefined; readonly end: number } | undefined => {
  if (json[at] !== openBrace) return undefined;
  let member: Span | undefined;
  let i = skipSpace(json, at + 1);
  if (json[i] === closeBrace) return { member, end: i + 1 };
  for (;;) {
    const read = readMember(json, i);
    if (read === undefined) return undefined;
    if (isNamed(json, read.key, name)) member = read.value;
    i = skipSpace(json, read.value.end);
    if (json[i] === closeBrace) return { member, end: i + 1 };
    if (json[i] !== comma) return undefined;
    i = skipSpace(json, i + 1);
  }
};

const isNamed = (json: Buffer, { start, end }: Span, name: string): boolean =>
  end - start === name.length && json.toString("latin1", start, end) === name;

/**
 * The JSON text with `meta.routing` set to `routing`; every other byte stays.
 *
 * Undefined where there is nothing to set it in: no JSON object, or no member `meta` that is an
 * object. Source: deviation E6.
 */
export const withRouting = (json: Buffer, routing: string): Buffer | undefined => {
  if (json.indexOf('"meta"') < 0) return undefined;
  const top = skipSpace(json, 0);
  const found = findMember(json, top, "meta");
  if (found?.member === undefined || skipSpace(json, found.end) !== json.length) return undefined;
  const meta = found.member.start;
  const inner = findMember(json, meta, "routing");
  if (inner === undefined) return undefined;
  if (inner.member !== undefined) return replace(json, inner.member, routing);
  const first = skipSpace(json, meta + 1);
  const separator = json[first] === closeBrace ? "" : ",";
  return replace(json, { start: meta + 1, end: meta + 1 }, `"routing":${routing}${separator}`);
};

const replace = (json: Buffer, { start, end }: Span, text: string): Buffer =>
  Buffer.concat([json.subarray(0, start), Buffer.from(text), json.subarray(end)]);
