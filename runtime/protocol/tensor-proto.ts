/** Numbers in and out of a `tensorflow.TensorProto` in its bytes. Source: engine contract, 4.3. */
import { brainOf, type Element, elements, halfOf, readElements } from "./datatype.ts";
import { mostValues, type Numbers, sizeOf, unfit } from "./nested.ts";
import { bytesOf, embedded, fields, LENGTH, slice } from "./wire.ts";
import { firstOf, numberOf, numbersOf, type Scalar, scalars } from "./wire-scalar.ts";
import { doublesField, lengthField, type Pieces, varintField } from "./wire-write.ts";

type Kind = {
  /** How `tensor_content` holds it. */
  readonly element: Element;
  /** The field with one entry a value, and what is in it. */
  readonly field: number;
  readonly scalar: Scalar;
  readonly value?: (bits: number) => number;
};

const kind = (element: Element, field: number, scalar: Scalar): Kind => ({
  element,
  field,
  scalar,
});

/** By number of the DataType. */
const kinds: Readonly<Record<number, Kind>> = {
  1: kind(elements.fp32, 5, scalars.float),
  2: kind(elements.fp64, 6, scalars.double),
  3: kind(elements.int32, 7, scalars.int32),
  4: kind(elements.uint8, 7, scalars.int32),
  5: kind(elements.int16, 7, scalars.int32),
  6: kind(elements.int8, 7, scalars.int32),
  9: kind(elements.int64, 10, scalars.int64),
  10: kind(elements.bool, 11, scalars.bool),
  14: { ...kind(elements.bf16, 13, scalars.int32), value: brainOf },
  17: kind(elements.uint16, 7, scalars.int32),
  19: { ...kind(elements.fp16, 13, scalars.int32), value: halfOf },
  22: kind(elements.uint32, 16, scalars.uint32),
  23: kind(elements.uint64, 17, scalars.uint64),
};

const double = 2;
/** A reference to a value of a type has the type's number plus this. */
const reference = 100;

/**
 * The numbers of a tensor. Fewer values than its shape asks for stand for a tensor whose last
 * value repeats, none at all for zeros, as in TensorFlow.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for a type that is no number, and for a shape that the values
 * do not fit; MESSAGE_UNREADABLE for malformed bytes.
 */
export const readTensorProto = (tensor: Buffer, place: string): Numbers => {
  const { element, field, scalar, value } = kindOfTensor(tensor, place);
  const shape = readShape(tensor, place);
  const content = bytesOf(tensor, 4);
  const size = sizeOf(shape);
  const misfit = (count: number) =>
    unfit(`${place} has ${count} values, which is not what its shape [${shape}] asks for`);
  if (content !== undefined && content.length > 0) {
    const values = readElements(content, element, `${place}.tensor_content`);
    if (values.length !== size) throw misfit(values.length);
    return { shape, values };
  }
  const entries = numbersOf(tensor, field, scalar);
  const values = value === undefined ? entries : entries.map(value);
  const missing = size === undefined ? -1 : size - values.length;
  // A shape is cheap to write and dear to fill.
  if (missing < 0 || missing > mostValues) throw misfit(values.length);
  if (missing === 0) return { shape, values };
  return { shape, values: values.concat(new Array<number>(missing).fill(values.at(-1) ?? 0)) };
};

const kindOfTensor = (tensor: Buffer, place: string): Kind => {
  const dtype = numberOf(tensor, 1, scalars.int32) ?? 0;
  const found = kinds[dtype > reference ? dtype - reference : dtype];
  if (found !== undefined) return found;
  throw unfit(`${place} has dtype ${dtype}; use one that holds numbers or booleans`);
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
  const dtype = numberOf(tensor, 1, scalars.int32) ?? 0;
  const found = kinds[dtype];
  if (found === undefined) return undefined;
  const { element, field, scalar, value } = found;
  const content = bytesOf(tensor, 4);
  if (content !== undefined && content.length > 0) {
    return content.length < element.size ? undefined : element.read(content, 0);
  }
  const first = firstOf(tensor, field, scalar);
  return first === undefined || value === undefined ? first : value(first);
};

/** Numbers as a tensor of doubles. */
export const tensorProto = ({ shape, values }: Numbers): Pieces => [
  ...varintField(1, double),
  ...lengthField(
    2,
    shape.flatMap((size) => lengthField(2, varintField(1, size))),
  ),
  ...doublesField(6, values),
];
