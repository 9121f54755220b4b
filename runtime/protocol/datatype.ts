/**
 * Numbers as raw tensors hold them: little-endian, row-major, without padding.
 *
 * Source: Open Inference Protocol, binary tensor data extension; engine contract, 4.3 (`tensor_content`).
 */
import { mostValues, tooMany, unfit } from "./nested.ts";

export type Element = {
  /** Bytes of one. */
  readonly size: number;
  read(bytes: Buffer, at: number): number;
};

/** Half precision: 1 sign, 5 exponent, 10 fraction bits. Source: IEEE 754, binary16. */
export const halfOf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** bfloat16: the upper half of a 32-bit float. */
export const brainOf = (bits: number): number => {
  const float = Buffer.alloc(4);
  float.writeUInt16LE(bits & 0xffff, 2);
  return float.readFloatLE(0);
};

/** 64-bit integers beyond 2^53 lose their last digits. */
export const elements = {
  bool: { size: 1, read: (bytes, at) => (bytes.readUInt8(at) === 0 ? 0 : 1) },
  uint8: { size: 1, read: (bytes, at) => bytes.readUInt8(at) },
  uint16: { size: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  uint32: { size: 4, read: (bytes, at) => bytes.readUInt32LE(at) },
  uint64: { size: 8, read: (bytes, at) => Number(bytes.readBigUInt64LE(at)) },
  int8: { size: 1, read: (bytes, at) => bytes.readInt8(at) },
  int16: { size: 2, read: (bytes, at) => bytes.readInt16LE(at) },
  int32: { size: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  int64: { size: 8, read: (bytes, at) => Number(bytes.readBigInt64LE(at)) },
  fp16: { size: 2, read: (bytes, at) => halfOf(bytes.readUInt16LE(at)) },
  bf16: { size: 2, read: (bytes, at) => brainOf(bytes.readUInt16LE(at)) },
  fp32: { size: 4, read: (bytes, at) => bytes.readFloatLE(at) },
  fp64: { size: 8, read: (bytes, at) => bytes.readDoubleLE(at) },
} as const satisfies Record<string, Element>;

/** All numbers of a raw tensor. @throws {EngineError} PAYLOAD_UNFIT, naming `place`. */
export const readElements = (bytes: Buffer, { size, read }: Element, place: string): number[] => {
  if (bytes.length % size !== 0) {
    throw unfit(`${place} has ${bytes.length} bytes, which is no multiple of ${size}`);
  }
  const length = bytes.length / size;
  if (length > mostValues) throw tooMany(length, place);
  return Array.from({ length }, (_, i) => read(bytes, i * size));
};
