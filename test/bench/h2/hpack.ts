/**
 * The little of HPACK that the bench needs: header blocks made beforehand, and of those received
 * the one thing that matters, whether `grpc-status` is 0. Source: RFC 7541.
 */

/** Names and values below 127 bytes. */
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);

/** A field by its place in the static or dynamic table. Source: RFC 7541, 6.1. */
export const indexed = (index: number): Buffer => Buffer.from([0x80 | index]);

/** A field whose name is in the static table; the receiver keeps it or not. Source: 6.2. */
export const named = (index: number, value: string, kept: boolean): Buffer => {
  const first = kept ? [0x40 | index] : index < 15 ? [index] : [15, index - 15];
  return Buffer.concat([Buffer.from(first), text(value)]);
};

export const literal = (name: string, value: string, kept: boolean): Buffer =>
  Buffer.concat([Buffer.from([kept ? 0x40 : 0]), text(name), text(value)]);

/** What a sender begins with that gives the table up. Source: 4.2, 6.3. */
export const noTable = Buffer.from([0x20]);

/** The size of the dynamic table unless a peer says otherwise. Source: RFC 9113, 6.5.2. */
export const usualTableBytes = 4096;

/** As both coders of strings write it: plain, and by the Huffman code. Source: 5.2, appendix B. */
const statusNames = [
  Buffer.from("grpc-status"),
  Buffer.from([0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f]),
];
const zeros = [Buffer.from("0"), Buffer.from([0x07])];

const field = { other: 0, status: 1, statusZero: 2 } as const;
type Field = (typeof field)[keyof typeof field];

const staticFields = 61;
/** A table of the usual size holds no more: each field counts 32 bytes and its text. */
const mostKept = usualTableBytes / 32;

/** A header block, and how far it is read. */
export type Block = { bytes: Buffer; at: number };

/** Source: RFC 7541, 5.1. */
export const readInteger = (block: Block, mask: number): number => {
  let value = (block.bytes[block.at] ?? 0) & mask;
  block.at += 1;
  if (value < mask) return value;
  for (let shift = 0; shift <= 21; shift += 7) {
    const one = block.bytes[block.at] ?? 0;
    block.at += 1;
    value += (one & 127) << shift;
    if (one < 128) return value;
  }
  throw new Error("an integer of a header block does not end");
};

/**
 * Reads the header blocks of a connection in turn. Answers true if the block has `grpc-status: 0`,
 * false if it has another one, undefined if it has none.
 *
 * Which fields the sender has dropped of its table need not be known: it does not name them.
 */
export const makeStatusReader = () => {
  const kept = new Uint8Array(mostKept);
  let newest = 0;
  const block: Block = { bytes: Buffer.alloc(0), at: 0 };

  const string = (these: readonly Buffer[]): boolean => {
    const huffman = (block.bytes[block.at] ?? 0) >= 128;
    const length = readInteger(block, 127);
    const from = block.at;
    block.at += length;
    const wanted = these[huffman ? 1 : 0];
    return (
      wanted?.length === length && block.bytes.compare(wanted, 0, length, from, block.at) === 0
    );
  };

  const tableField = (index: number): Field => {
    const place = index - staticFields - 1;
    if (place < 0) return field.other;
    return kept[(newest + mostKept - place) % mostKept] as Field; // only fields are put there
  };

  const literalField = (mask: number): Field => {
    const index = readInteger(block, mask);
    const isStatus = index === 0 ? string(statusNames) : tableField(index) !== field.other;
    const isZero = string(zeros);
    if (!isStatus) return field.other;
    return isZero ? field.statusZero : field.status;
  };

  const keep = (one: Field): Field => {
    newest = (newest + 1) % mostKept;
    kept[newest] = one;
    return one;
  };

  const next = (): Field => {
    const first = block.bytes[block.at] ?? 0;
    if (first >= 0x80) return tableField(readInteger(block, 0x7f));
    if (first >= 0x40) return keep(literalField(0x3f));
    if (first >= 0x20) {
      readInteger(block, 0x1f); // a new size of the table
      return field.other;
    }
    return literalField(0x0f);
  };

  return (given: Buffer, from: number, to: number): boolean | undefined => {
    block.bytes = given;
    block.at = from;
    let found: boolean | undefined;
    while (block.at < to) {
      const one = next();
      if (one !== field.other) found = one === field.statusZero;
    }
    if (block.at !== to) throw new Error("a header block ends within a field");
    return found;
  };
};
