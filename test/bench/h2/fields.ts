/** Header blocks read for the values of some fields. Source: RFC 7541. */
import { type Block, readInteger, usualTableBytes } from "./hpack.ts";
import { readHuffman } from "./huffman.ts";

/** What of the static table can matter to gRPC. Source: RFC 7541, appendix A. */
const statics: ReadonlyMap<number, readonly [name: string, value: string]> = new Map([
  [4, [":path", "/"]],
  [5, [":path", "/index.html"]],
  [8, [":status", "200"]],
  [9, [":status", "204"]],
  [10, [":status", "206"]],
  [11, [":status", "304"]],
  [12, [":status", "400"]],
  [13, [":status", "404"]],
  [14, [":status", "500"]],
  [31, ["content-type", ""]],
]);
const staticFields = 61;
/** A table of the usual size holds no more: each field counts 32 bytes and its text. */
const mostKept = usualTableBytes / 32;

/** The values in the order of the names: undefined where a block has none. One array for all blocks. */
export type Values = readonly (string | undefined)[];

/** Among the names that are looked for; none of them. */
const other = -1;

/**
 * Reads the header blocks of a connection in turn. Which fields the sender has dropped of its table
 * need not be known: it does not name them.
 */
export const makeFieldReader = (names: readonly string[]) => {
  const plain = names.map((name) => Buffer.from(name, "latin1"));
  const found = new Array<string | undefined>(names.length);
  const keptNames = new Int8Array(mostKept).fill(other);
  const keptValues = new Array<string>(mostKept).fill("");
  let newest = 0;
  const block: Block = { bytes: Buffer.alloc(0), at: 0 };

  const placeOf = (index: number): number =>
    (newest + mostKept - (index - staticFields - 1)) % mostKept;

  const nameAt = (index: number): number =>
    index > staticFields
      ? (keptNames[placeOf(index)] ?? other)
      : names.indexOf(statics.get(index)?.[0] ?? "");

  const readName = (): number => {
    const isHuffman = (block.bytes[block.at] ?? 0) >= 128;
    const length = readInteger(block, 127);
    const from = block.at;
    block.at += length;
    if (isHuffman) return names.indexOf(readHuffman(block.bytes, from, block.at));
    for (let i = 0; i < plain.length; i += 1) {
      const name = plain[i];
      if (name?.length === length && block.bytes.compare(name, 0, length, from, block.at) === 0)
        return i;
    }
    return other;
  };

  const readValue = (isWanted: boolean): string => {
    const isHuffman = (block.bytes[block.at] ?? 0) >= 128;
    const length = readInteger(block, 127);
    const from = block.at;
    block.at += length;
    if (!isWanted) return "";
    return isHuffman
      ? readHuffman(block.bytes, from, block.at)
      : block.bytes.toString("latin1", from, block.at);
  };

  const tell = (name: number, value: string): void => {
    if (name !== other) found[name] = value;
  };

  const literal = (mask: number, isKept: boolean): void => {
    const index = readInteger(block, mask);
    const name = index === 0 ? readName() : nameAt(index);
    const value = readValue(name !== other);
    tell(name, value);
    if (!isKept) return;
    newest = (newest + 1) % mostKept;
    keptNames[newest] = name;
    keptValues[newest] = value;
  };

  const next = (): void => {
    const first = block.bytes[block.at] ?? 0;
    if (first >= 0x80) {
      const index = readInteger(block, 0x7f);
      const isStatic = index <= staticFields;
      const value = isStatic ? statics.get(index)?.[1] : keptValues[placeOf(index)];
      tell(nameAt(index), value ?? "");
    } else if (first >= 0x40) literal(0x3f, true);
    else if (first >= 0x20)
      readInteger(block, 0x1f); // a new size of the table
    else literal(0x0f, false);
  };

  return (given: Buffer, from: number, to: number): Values => {
    block.bytes = given;
    block.at = from;
    found.fill(undefined);
    while (block.at < to) next();
    if (block.at !== to) throw new Error("a header block ends within a field");
    return found;
  };
};
