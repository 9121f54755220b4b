/** The tensors of v2 messages over gRPC: typed contents or raw ones. Source: engine contract, 3.5. */
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { readElements } from "./datatype.ts";
import { type Numbers, sizeOf, unfit } from "./nested.ts";
import { bytesLengthSize, elementOf } from "./open-inference-datatype.ts";
import type { Span } from "./span.ts";
import {
  embedded,
  fields,
  invalidType,
  LENGTH,
  readVarint,
  slice,
  textOf,
  VARINT,
} from "./wire.ts";
import { eachScalar, firstOf, numbersOf, type Scalar, scalars } from "./wire-scalar.ts";

export const requestName = "inference.ModelInferRequest";
export const responseName = "inference.ModelInferResponse";

/** The number of the raw contents, by message; that of the tensors is 5 in both. */
const rawFields: Readonly<Record<string, number>> = { [requestName]: 7, [responseName]: 6 };
export const tensorsField = 5;

export type Tensors = {
  readonly tensors: readonly Buffer[];
  /** One for each tensor, or none. */
  readonly raws: readonly Buffer[];
};

/** @throws {EngineError} MESSAGE_UNREADABLE for another message, malformed bytes, and raw contents for some tensors only. */
export const tensorsOf = ({ message = "", body }: Payload): Tensors => {
  const rawField = rawFields[message];
  if (rawField === undefined) throw invalidType(message);
  const tensors: Buffer[] = [];
  const raws: Buffer[] = [];
  for (const field of fields(body)) {
    if (field.wire !== LENGTH) continue;
    if (field.number === tensorsField) tensors.push(slice(body, field));
    if (field.number === rawField) raws.push(slice(body, field));
  }
  if (raws.length === 0 || raws.length === tensors.length) return { tensors, raws };
  throw new EngineError(
    "MESSAGE_UNREADABLE",
    `a ${message} has ${tensors.length} tensors but ${raws.length} raw contents`,
  );
};

/** The list in InferTensorContents that holds a datatype. */
type Contents = { readonly field: number; readonly scalar: Scalar };

const int32: Contents = { field: 2, scalar: scalars.int32 };
const uint32: Contents = { field: 4, scalar: scalars.uint32 };
const contentsByType: Readonly<Record<string, Contents>> = {
  BOOL: { field: 1, scalar: scalars.bool },
  INT8: int32,
  INT16: int32,
  INT32: int32,
  INT64: { field: 3, scalar: scalars.int64 },
  UINT8: uint32,
  UINT16: uint32,
  UINT32: uint32,
  UINT64: { field: 5, scalar: scalars.uint64 },
  FP32: { field: 6, scalar: scalars.float },
  FP64: { field: 7, scalar: scalars.double },
};
/** The list of BYTES. */
const bytesField = 8;

const nothing = Buffer.alloc(0);
const datatypeOf = (tensor: Buffer): string => textOf(tensor, 2);
const contentsOf = (tensor: Buffer): Buffer => embedded(tensor, 5) ?? nothing;
const listOf = (datatype: string): Contents | undefined =>
  Object.hasOwn(contentsByType, datatype) ? contentsByType[datatype] : undefined;

/** The numbers of the first tensor. @throws {EngineError} PAYLOAD_UNFIT, MESSAGE_UNREADABLE */
export const readFirst = ({ tensors: [tensor], raws: [raw] }: Tensors): Numbers => {
  if (tensor === undefined) throw unfit("it has no tensor");
  const place = `tensor "${textOf(tensor, 1).slice(0, 100)}"`;
  const shape = numbersOf(tensor, 3, scalars.int64);
  const values = raw === undefined ? readTyped(tensor, place) : readRaw(tensor, raw, place);
  if (values.length === sizeOf(shape)) return { shape, values };
  throw unfit(
    `${place} has ${values.length} values of ${datatypeOf(tensor)}, which is not what its shape [${shape}] asks for`,
  );
};

const readTyped = (tensor: Buffer, place: string): readonly number[] => {
  const list = listOf(datatypeOf(tensor));
  if (list === undefined) throw notNumbers(tensor, place);
  return numbersOf(contentsOf(tensor), list.field, list.scalar);
};

const readRaw = (tensor: Buffer, raw: Buffer, place: string): readonly number[] => {
  const element = elementOf(datatypeOf(tensor));
  if (element === undefined) throw notNumbers(tensor, place);
  return readElements(raw, element, place);
};

const notNumbers = (tensor: Buffer, place: string): EngineError =>
  unfit(`${place} is of "${datatypeOf(tensor).slice(0, 100)}", not of numbers or booleans`);

/** The first value of the first tensor; undefined if it has none that is a number. */
export const firstValue = ({ tensors: [tensor], raws: [raw] }: Tensors): number | undefined => {
  if (tensor === undefined) return undefined;
  const datatype = datatypeOf(tensor);
  if (raw !== undefined) {
    const element = elementOf(datatype);
    return element === undefined || raw.length < element.size ? undefined : element.read(raw, 0);
  }
  const list = listOf(datatype);
  return list && firstOf(contentsOf(tensor), list.field, list.scalar);
};

/** Typed contents as raw ones. @throws {EngineError} MESSAGE_UNREADABLE for a datatype that has no typed contents. */
export const rawOf = (tensor: Buffer): Buffer => {
  const datatype = datatypeOf(tensor);
  const contents = contentsOf(tensor);
  if (datatype === "BYTES") return rawBytes(bytesContents(tensor));
  const list = listOf(datatype);
  const size = elementOf(datatype)?.size;
  if (list === undefined || size === undefined) {
    const name = textOf(tensor, 1);
    throw new EngineError(
      "MESSAGE_UNREADABLE",
      `tensor "${name}" of "${datatype}" has no raw contents`,
    );
  }
  const spans: Span[] = [];
  eachScalar(contents, list.field, list.scalar, (at) => spans.push(at));
  const raw = Buffer.alloc(spans.length * size);
  spans.forEach((at, i) => {
    writeRaw(raw.subarray(i * size), { bytes: contents, at, list, size });
  });
  return raw;
};

type Value = {
  readonly bytes: Buffer;
  readonly at: Span;
  readonly list: Contents;
  readonly size: number;
};

/** Exactly: a 64-bit integer never becomes a number on the way. */
const writeRaw = (raw: Buffer, { bytes, at, list, size }: Value): void => {
  if (list.scalar.wire !== VARINT) {
    bytes.copy(raw, 0, at.start, at.start + size);
    return;
  }
  const { low, high } = readVarint(bytes, at);
  const value = list.field === 1 ? Number(low !== 0 || high !== 0) : low;
  // Negative numbers are in two's complement: their lower bytes are the smaller integer.
  if (size < 4) raw.writeUIntLE(value & (2 ** (8 * size) - 1), 0, size);
  else raw.writeUInt32LE(value, 0);
  if (size === 8) raw.writeUInt32LE(high, 4);
};

/** The elements of a tensor of BYTES with typed contents. @throws {EngineError} MESSAGE_UNREADABLE */
export const bytesContents = (tensor: Buffer): readonly Buffer[] => {
  const contents = contentsOf(tensor);
  const found: Buffer[] = [];
  for (const field of fields(contents)) {
    if (field.number === bytesField && field.wire === LENGTH) found.push(slice(contents, field));
  }
  return found;
};

const rawBytes = (elements: readonly Buffer[]): Buffer =>
  Buffer.concat(
    elements.flatMap((bytes) => {
      const length = Buffer.alloc(bytesLengthSize);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
