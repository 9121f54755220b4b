/** Messages whose every part says which request they belong to. */
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

const protoStart = (body: Buffer): number => {
  let at = 1;
  while (((body[at] ?? 0) & 128) !== 0) at += 1;
  return at + 1;
};
