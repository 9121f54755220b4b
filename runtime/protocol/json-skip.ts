/**
 * Finding one's way in the bytes of a JSON text without parsing it.
 *
 * Only the structure along the way is read: strings are jumped over, numbers and names are not
 * judged. What does not read as JSON is answered with -1.
 */
export const quote = 0x22;
export const backslash = 0x5c;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;

export const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export const skipSpace = (json: Buffer, at: number): number => {
  let i = at;
  while (isSpace(json[i])) i += 1;
  return i;
};

/** Up to so many bytes a loop is faster than a native search. */
const shortRun = 64;

/** The offset behind the string that begins at `at`, or -1 if it does not end. */
export const skipString = (json: Buffer, at: number): number => {
  const stop = Math.min(json.length, at + shortRun);
  for (let i = at + 1; i < stop && json[i] !== backslash; i += 1) {
    if (json[i] === quote) return i + 1;
  }
  return searchString(json, at);
};

const searchString = (json: Buffer, at: number): number => {
  let end = json.indexOf(quote, at + 1);
  while (end >= 0) {
    let slashes = 0;
    while (json[end - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    end = json.indexOf(quote, end + 1);
  }
  return -1;
};

/** What a byte outside of strings means for the nesting: deeper, back, a string, or nothing. */
const meaning = new Int8Array(256);
const inward = 1;
const outward = -1;
const text = 2;
meaning.fill(inward, openBrace, openBrace + 1).fill(inward, openBracket, openBracket + 1);
meaning.fill(outward, closeBrace, closeBrace + 1).fill(outward, closeBracket, closeBracket + 1);
meaning.fill(text, quote, quote + 1);

const structural = [quote, openBrace, closeBrace, openBracket, closeBracket];

/** Finds the next byte with a meaning, or the end; remembers what it saw further on. */
const makeSearch = (json: Buffer): ((from: number) => number) => {
  let seen: { readonly byte: number; at: number }[] | undefined;
  return (from) => {
    seen ??= structural.map((byte) => ({ byte, at: -1 }));
    let nearest = json.length;
    for (const one of seen) {
      if (one.at < from) {
        const at = json.indexOf(one.byte, from);
        one.at = at < 0 ? json.length : at;
      }
      if (one.at < nearest) nearest = one.at;
    }
    return nearest;
  };
};

/** The next byte with a meaning within a short run, else where the run ends. */
const skipRun = (json: Buffer, at: number): number => {
  const stop = Math.min(json.length, at + shortRun);
  let i = at;
  while (i < stop && meaning[json[i] ?? 0] === 0) i += 1;
  return i;
};

/** The offset behind the object or array that begins at `at`, or -1 if it does not end. */
const skipNested = (json: Buffer, at: number): number => {
  const search = makeSearch(json);
  let depth = 0;
  let i = at;
  for (;;) {
    i = skipRun(json, i);
    let step = meaning[json[i] ?? 0] ?? 0;
    if (step === 0) {
      i = search(i);
      step = meaning[json[i] ?? 0] ?? 0;
    }
    if (i >= json.length) return -1;
    if (step === text) i = skipString(json, i);
    else i += 1;
    if (i < 0) return -1;
    if (step !== text) depth += step;
    if (depth === 0) return i;
  }
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
