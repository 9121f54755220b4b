import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { EngineError } from "../errors.ts";

const unzip = promisify(gunzip);

/** A gzip file of nothing. Source: RFC 1952, 2.3. */
const smallestBytes = 18;
/** The least that zlib unpacks into. */
const smallestChunkBytes = 64;

/**
 * How large a gzip body says it is when unpacked: its last four bytes, little-endian.
 * Source: RFC 1952, 2.3.1 (ISIZE).
 */
export const claimedBytes = (body: Buffer): number =>
  body.length < smallestBytes ? 0 : body.readUInt32LE(body.length - 4);

/** @throws {EngineError} MESSAGE_UNREADABLE when it is no gzip, or is larger than it says. */
export type Unpack = (body: Buffer) => Promise<Buffer>;

/** Unpacks one body at a time: the threads that do it are those that requests need. */
export const makeUnpack = (): Unpack => {
  let last: Promise<unknown> = Promise.resolve();
  return (body) => {
    const unpacked = last.then(() => unpackOne(body));
    last = unpacked.catch(() => {});
    return unpacked;
  };
};

const unpackOne: Unpack = async (body) => {
  const bytes = claimedBytes(body);
  try {
    return await unzip(body, {
      maxOutputLength: Math.max(1, bytes),
      chunkSize: Math.max(smallestChunkBytes, bytes), // in one piece: pieces would be copied
    });
  } catch (cause) {
    throw new EngineError("MESSAGE_UNREADABLE", "the gzip payload cannot be unpacked", { cause });
  }
};
