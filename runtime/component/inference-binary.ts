/**
 * Tensors as raw bytes: little-endian, row by row; BYTES with the length of each before it.
 * Source: Open Inference Protocol, binary tensor data extension.
 */
import { isUtf8 } from "node:buffer";
import { bytesLengthSize, elementOf } from "../protocol/open-inference-datatype.ts";
import { ComponentError } from "./user.ts";

/** @throws {ComponentError} 400 for bytes that are no such tensor. */
export const readRaw = (bytes: Buffer, datatype: string, place: string): readonly unknown[] => {
  if (datatype === "BYTES") return elementsIn(bytes, place).map(textOrBytes);
  const element = elementOf(datatype);
  if (element === undefined) {
    throw new ComponentError(`${place} has datatype ${JSON.stringify(datatype)}, which is none`);
  }
  const { size } = element;
  if (bytes.length % size !== 0) {
    throw new ComponentError(`${place} has ${bytes.length} bytes, no multiple of ${size}`);
  }
  const values = Array.from({ length: bytes.length / size }, (_, i) =>
    element.read(bytes, i * size),
  );
  return datatype === "BOOL" ? values.map((value) => value !== 0) : values;
};

const elementsIn = (bytes: Buffer, place: string): readonly Buffer[] => {
  const found: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + bytesLengthSize;
    const end = start > bytes.length ? Number.NaN : start + bytes.readUInt32LE(at);
    if (!(end <= bytes.length)) {
      throw new ComponentError(`${place}: its BYTES do not end where the tensor ends`);
    }
    found.push(bytes.subarray(start, end));
    at = end;
  }
  return found;
};

/** An element of BYTES is text unless it cannot be. */
export const textOrBytes = (bytes: Buffer): string | Buffer =>
  isUtf8(bytes) ? bytes.toString() : bytes;

type Writer = {
  readonly size: number;
  readonly write: (bytes: Buffer, value: number, at: number) => void;
};

const long = (value: number): bigint => BigInt.asUintN(64, BigInt(value));

const writers: Readonly<Record<string, Writer>> = {
  BOOL: { size: 1, write: (bytes, value, at) => bytes.writeUInt8(value, at) },
  UINT8: { size: 1, write: (bytes, value, at) => bytes.writeUInt8(value, at) },
  UINT16: { size: 2, write: (bytes, value, at) => bytes.writeUInt16LE(value, at) },
  UINT32: { size: 4, write: (bytes, value, at) => bytes.writeUInt32LE(value, at) },
  UINT64: { size: 8, write: (bytes, value, at) => bytes.writeBigUInt64LE(long(value), at) },
  INT8: { size: 1, write: (bytes, value, at) => bytes.writeInt8(value, at) },
  INT16: { size: 2, write: (bytes, value, at) => bytes.writeInt16LE(value, at) },
  INT32: { size: 4, write: (bytes, value, at) => bytes.writeInt32LE(value, at) },
  INT64: { size: 8, write: (bytes, value, at) => bytes.writeBigUInt64LE(long(value), at) },
  FP32: { size: 4, write: (bytes, value, at) => bytes.writeFloatLE(value, at) },
  FP64: { size: 8, write: (bytes, value, at) => bytes.writeDoubleLE(value, at) },
};

/** @throws {ComponentError} 500 for a value beyond its datatype. */
export const writeRaw = (data: readonly unknown[], datatype: string): Buffer => {
  if (datatype === "BYTES") return Buffer.concat(data.flatMap(withLength));
  const writer = writers[datatype];
  if (writer === undefined) throw internal(`${datatype} cannot be written raw`);
  const { size, write } = writer;
  const bytes = Buffer.allocUnsafe(data.length * size);
  try {
    data.forEach((value, i) => {
      write(bytes, Number(value), i * size);
    });
  } catch (cause) {
    throw internal(`a value is no ${datatype}: ${(cause as Error).message}`); // a RangeError of Buffer
  }
  return bytes;
};

/** Text, or bytes as they are. */
export const bytesOf = (value: unknown): Buffer =>
  value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));

const withLength = (value: unknown): readonly Buffer[] => {
  const bytes = bytesOf(value);
  const length = Buffer.alloc(bytesLengthSize);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
};

const internal = (message: string): ComponentError =>
  new ComponentError(message, { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" });
