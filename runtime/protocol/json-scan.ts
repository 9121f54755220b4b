/**
 * Finding one's way in the bytes of a JSON text without parsing it.
 *
 * Only the structure along the way is read: strings are jumped over, numbers and names are not
 * judged. What does not read as JSON is answered with undefined or -1.
 */
import type { Span } from "./span.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
export const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export const skipSpace = (json: Buffer, at: number): number => {
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

/** The offset behind the value that begins at `at`, or -1 if there is none. */
export const skipValue = (json: Buffer, at: number): number => {
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

/** The key whose opening quote is at `at`, and where its value begins; undefined if there is none. */
const readKey = (json: Buffer, at: number): { key: Span; value: number } | undefined => {
  if (json[at] !== quote) return undefined;
  const end = skipString(json, at);
  if (end < 0) return undefined;
  const separator = skipSpace(json, end);
  if (json[separator] !== colon) return undefined;
  return { key: { start: at + 1, end: end - 1 }, value: skipSpace(json, separator + 1) };
};

/**
 * Visits the keys of the object that begins at `at`, with the offsets of their values, until
 * `visit` returns false. A key's span is what is between its quotes.
 *
 * Returns the offset behind the object, or where the visit ended; -1 if it does not read as one.
 */
export const eachKey = (
  json: Buffer,
  at: number,
  visit: (key: Span, value: number) => boolean,
): number => {
  if (json[at] !== openBrace) return -1;
  let i = skipSpace(json, at + 1);
  if (json[i] === closeBrace) return i + 1;
  for (;;) {
    const read = readKey(json, i);
    if (read === undefined) return -1;
    if (!visit(read.key, read.value)) return read.value;
    const end = skipValue(json, read.value);
    if (end < 0) return -1;
    i = skipSpace(json, end);
    if (json[i] === closeBrace) return i + 1;
    if (json[i] !== comma) return -1;
    i = skipSpace(json, i + 1);
  }
};

/** Is this the key's name? One written with escapes counts as what it stands for. */
export const isNamed = (json: Buffer, { start, end }: Span, name: string): boolean => {
  if (end - start === name.length) return json.toString("latin1", start, end) === name;
  if (end - start < name.length || !json.subarray(start, end).includes(backslash)) return false;
  try {
    return JSON.parse(json.toString("utf8", start - 1, end + 1)) === name;
  } catch {
    return false;
  }
};

/** The elements of the array that begins at `at`; undefined if it does not read as one. */
export const elementsOf = (json: Buffer, at: number): readonly Span[] | undefined => {
  if (json[at] !== openBracket) return undefined;
  const elements: Span[] = [];
  let i = skipSpace(json, at + 1);
  if (json[i] === closeBracket) return elements;
  for (;;) {
    const end = skipValue(json, i);
    if (end < 0) return undefined;
    elements.push({ start: i, end });
    i = skipSpace(json, end);
    if (json[i] === closeBracket) return elements;
    if (json[i] !== comma) return undefined;
    i = skipSpace(json, i + 1);
  }
};
