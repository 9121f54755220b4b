/** The few words of ASN.1 that a certificate is written in. Source: ITU-T X.690. */

const element = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
};

const lengthOf = ({ length }: Uint8Array): Buffer => {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = bytesOf(length);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
};

/** A number that is not negative, in as few bytes as it fits in, the highest first. */
const bytesOf = (value: number): readonly number[] =>
  value < 0x100 ? [value] : [...bytesOf(Math.floor(value / 0x100)), value % 0x100];

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => element(0x31, ...parts);
export const octets = (...parts: readonly Uint8Array[]): Buffer => element(0x04, ...parts);
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text));
export const yes = element(0x01, Buffer.from([0xff]));

/** A whole number given by its bytes, the highest first; its highest bit must not be set. */
export const integer = (...bytes: readonly number[]): Buffer => element(0x02, Buffer.from(bytes));

/** `unused`: how many of the lowest bits of the last byte do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Buffer =>
  element(0x03, Buffer.from([unused]), bytes);

/** What a standard tags by number: `[3] EXPLICIT` around an element. */
export const explicit = (number: number, inner: Uint8Array): Buffer =>
  element(0xa0 | number, inner);

/** What a standard tags by number in the place of its own tag: `[2] IMPLICIT`, not constructed. */
export const implicit = (number: number, content: Uint8Array): Buffer =>
  element(0x80 | number, content);

/** An object identifier: "2.5.29.17". */
export const identifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = [first * 40 + second, ...rest].flatMap(base128);
  return element(0x06, Buffer.from(arcs));
};

const base128 = (value: number): readonly number[] => {
  const last = value % 0x80;
  const rest = Math.floor(value / 0x80);
  return rest === 0 ? [last] : [...base128(rest).map((byte) => byte | 0x80), last];
};

/** UTCTime until 2049, GeneralizedTime from then on. Source: RFC 5280, 4.1.2.5. */
export const time = (epochMs: number): Buffer => {
  const digits = `${new Date(epochMs).toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
  return new Date(epochMs).getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
};
