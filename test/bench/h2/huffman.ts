/** The Huffman code of HPACK, as far as printable characters go. Source: RFC 7541, appendix B. */

/** Characters by the bits of their codes, and in the order of these; longer ones are of no use here. */
const byBits: readonly (readonly [bits: number, characters: string])[] = [
  [5, "012aceiost"],
  [6, " %-./3456789=A_bdfghlmnpru"],
  [7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"],
  [8, "&*,;XZ"],
  [10, '!"()?'],
  [11, "'+|"],
  [12, "#>"],
  [13, "\0$@[]~"],
  [14, "^}"],
  [15, "<`{"],
];
const mostBits = 15;

/** A one stands before the bits of a code, so that no two are the same number. */
const makeCodes = (): ReadonlyMap<number, string> => {
  const codes = new Map<number, string>();
  let code = 0;
  let last = 0;
  for (const [bits, characters] of byBits) {
    code <<= bits - last;
    last = bits;
    for (const character of characters) {
      codes.set((1 << bits) | code, character);
      code += 1;
    }
  }
  return codes;
};
const codes = makeCodes();

/** @throws {Error} when a character is none that is printable. */
export const readHuffman = (bytes: Buffer, from: number, to: number): string => {
  let text = "";
  let code = 1;
  let bits = 0;
  for (let i = from; i < to; i += 1) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | (((bytes[i] ?? 0) >> bit) & 1);
      bits += 1;
      const character = codes.get(code);
      if (character === undefined && bits >= mostBits) throw new Error("a character of a header");
      if (character === undefined) continue;
      text += character;
      code = 1;
      bits = 0;
    }
  }
  return text; // what is left are ones that fill the last byte
};
