/** Messages whose every part says which request they belong to. */
import { takeBody } from "./bodies.ts";
import type { Target } from "./judge.ts";

/** Small ones, and large ones of about 100 KB. */
export const sizes = { small: 60, large: 100_000 } as const;
export type Size = keyof typeof sizes;

/** `f-12` goes to the faulty container, `s-12` to the steady one. */
export const idOf = (target: Target, number: number): string => `${target[0]}-${number}`;

export const targetOf = (id: string): Target => (id.startsWith("f") ? "faulty" : "steady");

/** The id over and over, so that a piece of another message shows wherever it stands. */
export const textOf = (id: string, size: Size): string =>
  `${id} `.repeat(1 + Math.floor(sizes[size] / (id.length + 1)));

/** A SeldonMessage with that text in JSON. Source: engine contract, 3. */
export const jsonOf = (text: string): string => `{"strData":"${text}"}`;

const jsonStart = '{"strData":"';
const jsonEnd = '"}';

/** The id in such a message, or in one of gRPC: it stands first in the text. */
export const idIn = (body: Buffer, isJson: boolean): string => {
  const from = isJson ? jsonStart.length : protoStart(body);
  return body.toString("latin1", from, body.indexOf(" ", from));
};

/** `strData` is field 5; its length is a varint. Source: engine contract, 4.2. */
export const protoOf = (text: string): Buffer => {
  const length: number[] = [];
  let rest = text.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([0x2a, ...length, rest]), Buffer.from(text, "latin1")]);
};

/** Fills bytes as `textOf` has them. */
const repeat = (into: Buffer, from: number, to: number, id: string): Buffer =>
  into.fill(`${id} `, from, to, "latin1");

const lengthOf = (id: string, size: Size): number =>
  (id.length + 1) * (1 + Math.floor(sizes[size] / (id.length + 1)));

/** To be given back: `protoOf` such a text with gRPC's five bytes before it. Source: gRPC over HTTP/2. */
export const framedOf = (id: string, size: Size): Buffer => {
  const length = lengthOf(id, size);
  const varint = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : 3;
  const start = 5 + 1 + varint;
  const framed = takeBody(start + length);
  framed[0] = 0; // not compressed
  framed.writeUInt32BE(1 + varint + length, 1);
  framed[5] = 0x2a;
  for (let i = 0; i < varint; i += 1) {
    framed[6 + i] = ((length >>> (7 * i)) & 127) | (i < varint - 1 ? 128 : 0);
  }
  return repeat(framed, start, framed.length, id);
};

/** To be given back: `jsonOf` such a text behind a head that ends with the length of what follows. */
export const jsonBehind = (head: string, id: string, size: Size): Buffer => {
  const length = lengthOf(id, size);
  const whole = `${head}${length + jsonStart.length + jsonEnd.length}\r\n\r\n${jsonStart}`;
  const bytes = takeBody(whole.length + length + jsonEnd.length);
  const end = bytes.length - jsonEnd.length;
  bytes.write(whole, 0, "latin1");
  bytes.write(jsonEnd, end, "latin1");
  return repeat(bytes, whole.length, end, id);
};

const protoStart = (body: Buffer): number => {
  let at = 1;
  while (((body[at] ?? 0) & 128) !== 0) at += 1;
  return at + 1;
};
