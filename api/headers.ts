/** Matches on request headers, as Ambassador's annotations write them. */

/** The value that a header must have; `true`: any. */
export type HeaderMatches = { readonly [name: string]: string | true };

/** Source: RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const isPlain = (value: string): boolean =>
  ![...value].some((character) => character < " " || character === "\u007f");

/**
 * Reads `name: value`, or `name` for any value. v1 takes `name: value: name: value` for two headers,
 * and so does this wherever it can be read so; a value may have colons of its own otherwise.
 * Undefined: it is none of these.
 *
 * Source: operator contract, 6.2, 6.3, 12.8.
 */
export const readHeaders = (text: string): HeaderMatches | undefined => {
  const parts = text.split(":").map((part) => part.trim());
  const [name = "", ...rest] = parts;
  if (rest.length === 0) return token.test(name) ? { [name]: true } : undefined;
  const pairs = parts.flatMap((part, i) =>
    i % 2 === 0 ? [[part, parts[i + 1] ?? ""] as const] : [],
  );
  return parts.length % 2 === 0 && pairs.every(([key]) => token.test(key)) && isPlain(text)
    ? Object.fromEntries(pairs)
    : readRegexHeader(text);
};

/**
 * Reads `name: expression`; the expression may have colons.
 *
 * Source: operator contract, 10 (`seldon.io/ambassador-regex-header`), 12.8.
 */
export const readRegexHeader = (text: string): { readonly [name: string]: string } | undefined => {
  const [, name = "", value = ""] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  return token.test(name.trim()) && isPlain(value) ? { [name.trim()]: value.trim() } : undefined;
};
