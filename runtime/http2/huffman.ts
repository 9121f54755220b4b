/**
 * Reads strings in the Huffman code of HPACK, four bits at a time.
 *
 * Source: RFC 7541, 5.2 and appendix B.
 */

/**
 * Bits in the code of each symbol; the last is the end of a string, which is never sent whole.
 * The codes follow: shorter before longer, and those of one length by symbol.
 */
// biome-ignore format: sixteen a row
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const endOfString = 256;

/** Half a tree: `children[2 * node + bit]` is the next node, or a leaf as ~symbol. */
const growTree = (): Int16Array => {
  const children = new Int16Array(2 * 256); // 257 leaves have 256 inner nodes
  const bySize = lengths
    .map((length, symbol) => ({ length, symbol }))
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let nodes = 1;
  let code = 0;
  let bits = bySize[0]?.length ?? 0;
  for (const { length, symbol } of bySize) {
    code <<= length - bits;
    bits = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const place = 2 * node + ((code >>> bit) & 1);
      if (children[place] === 0) {
        children[place] = nodes;
        nodes += 1;
      }
      node = children[place] ?? 0;
    }
    children[2 * node + (code & 1)] = ~symbol;
    code += 1;
  }
  return children;
};

const emits = 0x1_0000;
const fails = 0x2_0000;

/**
 * `steps[16 * node + nibble]`: the next node in the low byte, then the symbol that was completed
 * on the way, if `emits`. A code has five bits at least: four complete one symbol at most.
 */
const makeSteps = (children: Int16Array): Int32Array => {
  const steps = new Int32Array(256 * 16);
  for (let node = 0; node < 256; node += 1) {
    for (let nibble = 0; nibble < 16; nibble += 1)
      steps[16 * node + nibble] = walk(children, node, nibble);
  }
  return steps;
};

const walk = (children: Int16Array, from: number, nibble: number): number => {
  let node = from;
  let step = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    node = children[2 * node + ((nibble >>> bit) & 1)] ?? 0;
    if (node >= 0) continue;
    if (~node === endOfString) return fails;
    step = emits | (~node << 8);
    node = 0;
  }
  return step | node;
};

const tree = growTree();
const steps = makeSteps(tree);

/** Where a string may end: after nothing, or after up to seven ones, the start of `endOfString`. */
const mayEnd = new Uint8Array(256);
for (let node = 0, ones = 0; ones <= 7; ones += 1) {
  mayEnd[node] = 1;
  node = tree[2 * node + 1] ?? 0;
}

/** Room for `length` bytes of code, decoded. */
export const decodedBytes = (length: number): number => Math.ceil((length * 8) / 5);

/**
 * Decodes into `into` and answers how many bytes it wrote, or -1 if the code is broken: the end of
 * string within it, or padding that is too long or not all ones.
 */
export const decodeHuffman = (bytes: Buffer, from: number, to: number, into: Buffer): number => {
  let node = 0;
  let written = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    const high = steps[16 * node + (byte >>> 4)] ?? fails;
    if (high >= emits) {
      if (high >= fails) return -1;
      into[written] = high >>> 8;
      written += 1;
    }
    const low = steps[16 * (high & 0xff) + (byte & 0xf)] ?? fails;
    if (low >= emits) {
      if (low >= fails) return -1;
      into[written] = low >>> 8;
      written += 1;
    }
    node = low & 0xff;
  }
  return mayEnd[node] === 1 ? written : -1;
};
