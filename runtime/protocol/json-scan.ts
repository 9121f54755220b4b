/**
 * Finding keys and elements in the bytes of a JSON text without parsing it.
 * What does not read as JSON is answered with undefined or -1.
 */
import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  openBrace,
  openBracket,
  quote,
  skipSpace,
  skipString,
  skipValue,
} from "./json-skip.ts";
import type { Span } from "./span.ts";

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
