/** Numbers in and out of a `tensorflow.TensorProto` in its bytes. Source: engine contract, 4.3. */
import { readElements } from "./datatype.ts";
import { type Numbers, unfit } from "./nested.ts";
import { filled, repeated, tensorKind } from "./tensor-kinds.ts";
import { bytesOf, embedded, fields, LENGTH, slice } from "./wire.ts";
import { firstOf, numberOf, numbersOf, scalars } from "./wire-scalar.ts";
import { doublesField, floatsField, lengthField, type Pieces, varintField } from "./wire-write.ts";

const dtypeOf = (tensor: Buffer): number => numberOf(tensor, 1, scalars.int32) ?? 0;

const contentOf = (tensor: Buffer): Buffer | undefined => {
  const content = bytesOf(tensor, 4);
  return content?.length === 0 ? undefined : content;
};

/**
 * The numbers of a tensor, which an error calls `place`.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for a type that is no number, and for a shape that the values
 * do not fit; MESSAGE_UNREADABLE for malformed bytes.
 */
export const readTensorProto = (tensor: Buffer, place: string): Numbers => {
  const kind = tensorKind(dtypeOf(tensor));
  if (kind === undefined) {
    throw unfit(`${place} has dtype ${dtypeOf(tensor)}; use one that holds numbers or booleans`);
  }
  const { element, field, scalar, value } = kind;
  const shape = readShape(tensor, place);
  const content = contentOf(tensor);
  if (content !== undefined) {
    return filled(readElements(content, element, `${place}.tensor_content`), shape, place);
  }
  const entries = numbersOf(tensor, field, scalar);
  return repeated(value === undefined ? entries : entries.map(value), shape, place);
};

const readShape = (tensor: Buffer, place: string): readonly number[] => {
  const shape: number[] = [];
  const message = embedded(tensor, 2) ?? Buffer.alloc(0);
  if (numberOf(message, 3, scalars.bool) === 1) throw unfit(`${place} has a shape of unknown rank`);
  for (const field of fields(message)) {
    if (field.number === 2 && field.wire === LENGTH) {
      shape.push(numberOf(slice(message, field), 1, scalars.int64) ?? 0);
    }
  }
  return shape;
};

/** The first value, if it has one and is of numbers. @throws {EngineError} MESSAGE_UNREADABLE */
export const firstOfTensorProto = (tensor: Buffer): number | undefined => {
  const kind = tensorKind(dtypeOf(tensor));
  if (kind === undefined) return undefined;
  const { element, field, scalar, value } = kind;
  const content = contentOf(tensor);
  if (content !== undefined) {
    return content.length < element.size ? undefined : element.read(content, 0);
  }
  const first = firstOf(tensor, field, scalar);
  return first === undefined || value === undefined ? first : value(first);
};

/** DT_FLOAT and DT_DOUBLE. */
const float = 1;
const double = 2;

export const isFloat = (tensor: Buffer): boolean => dtypeOf(tensor) === float;

/** Numbers as a tensor of doubles. */
export const tensorProto = ({ shape, values }: Numbers): Pieces => [
  ...varintField(1, double),
  ...shapePieces(shape),
  ...doublesField(6, values),
];

/** Numbers as a tensor of 32-bit floats. */
export const floatTensorProto = ({ shape, values }: Numbers): Pieces => [
  ...varintField(1, float),
  ...shapePieces(shape),
  ...floatsField(5, values),
];

const shapePieces = (shape: readonly number[]): Pieces =>
  lengthField(
    2,
    shape.flatMap((size) => lengthField(2, varintField(1, size))),
  );
