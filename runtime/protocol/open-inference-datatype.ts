import { type Element, elements } from "./datatype.ts";

/** Datatypes of tensors whose values are numbers. Source: Open Inference Protocol, tensor data types. */
const byName: Readonly<Record<string, Element>> = {
  BOOL: elements.bool,
  UINT8: elements.uint8,
  UINT16: elements.uint16,
  UINT32: elements.uint32,
  UINT64: elements.uint64,
  INT8: elements.int8,
  INT16: elements.int16,
  INT32: elements.int32,
  INT64: elements.int64,
  FP16: elements.fp16,
  BF16: elements.bf16,
  FP32: elements.fp32,
  FP64: elements.fp64,
};

/** How raw values of a datatype are read; undefined for BYTES and for what is none. */
export const elementOf = (datatype: unknown): Element | undefined =>
  typeof datatype === "string" && Object.hasOwn(byName, datatype) ? byName[datatype] : undefined;

/** Elements of BYTES are written as their length, 4 bytes, and their bytes. */
export const bytesLengthSize = 4;

/** The elements of raw BYTES, one at a time; undefined, and then no more, where one is cut off. */
export function* eachBytes(raw: Buffer): Generator<Buffer | undefined, void> {
  let at = 0;
  while (at < raw.length) {
    const start = at + bytesLengthSize;
    at = start > raw.length ? start : start + raw.readUInt32LE(at);
    yield at > raw.length ? undefined : raw.subarray(start, at);
  }
}

/** The elements of raw BYTES; undefined if they do not end where the tensor ends. */
export const bytesElements = (raw: Buffer): readonly Buffer[] | undefined => {
  const found: Buffer[] = [];
  for (const bytes of eachBytes(raw)) {
    if (bytes === undefined) return undefined;
    found.push(bytes);
  }
  return found;
};
