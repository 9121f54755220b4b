/** What TensorProtos of numbers have in common, as bytes and as JSON. Source: engine contract, 2.7 and 4.3. */
import { brainOf, type Element, elements, halfOf } from "./datatype.ts";
import { mostValues, type Numbers, sizeOf, unfit } from "./nested.ts";
import { type Scalar, scalars } from "./wire-scalar.ts";

export type TensorKind = {
  /** Number and name of the DataType. */
  readonly number: number;
  readonly name: string;
  /** How `tensor_content` holds a value. */
  readonly element: Element;
  /** The list with one entry a value: its field, what is in it, and its name in JSON. */
  readonly field: number;
  readonly scalar: Scalar;
  readonly list: string;
  /** What an entry stands for, if not for itself. */
  readonly value?: (entry: number) => number;
};

const integers = { field: 7, scalar: scalars.int32, list: "intVal" };
const halves = { field: 13, scalar: scalars.int32, list: "halfVal" };
const floats = { field: 5, scalar: scalars.float, list: "floatVal" };
const doubles = { field: 6, scalar: scalars.double, list: "doubleVal" };
const longs = { field: 10, scalar: scalars.int64, list: "int64Val" };
const booleans = { field: 11, scalar: scalars.bool, list: "boolVal" };
const uint32s = { field: 16, scalar: scalars.uint32, list: "uint32Val" };
const uint64s = { field: 17, scalar: scalars.uint64, list: "uint64Val" };

const kinds: readonly TensorKind[] = [
  { number: 1, name: "DT_FLOAT", element: elements.fp32, ...floats },
  { number: 2, name: "DT_DOUBLE", element: elements.fp64, ...doubles },
  { number: 3, name: "DT_INT32", element: elements.int32, ...integers },
  { number: 4, name: "DT_UINT8", element: elements.uint8, ...integers },
  { number: 5, name: "DT_INT16", element: elements.int16, ...integers },
  { number: 6, name: "DT_INT8", element: elements.int8, ...integers },
  { number: 9, name: "DT_INT64", element: elements.int64, ...longs },
  { number: 10, name: "DT_BOOL", element: elements.bool, ...booleans },
  { number: 14, name: "DT_BFLOAT16", element: elements.bf16, ...halves, value: brainOf },
  { number: 17, name: "DT_UINT16", element: elements.uint16, ...integers },
  { number: 19, name: "DT_HALF", element: elements.fp16, ...halves, value: halfOf },
  { number: 22, name: "DT_UINT32", element: elements.uint32, ...uint32s },
  { number: 23, name: "DT_UINT64", element: elements.uint64, ...uint64s },
];

/** A reference to a value of a type has the type's number plus this. */
const reference = 100;

/** The kind of a DataType, by number or name; undefined if it is not of numbers. */
export const tensorKind = (dtype: unknown): TensorKind | undefined =>
  kinds.find(
    ({ number, name }) =>
      dtype === number || dtype === number + reference || dtype === name || dtype === `${name}_REF`,
  );

const misfit = (count: number, shape: readonly number[], place: string) =>
  unfit(`${place} has ${count} values, which is not what its shape [${shape}] asks for`);

/** Values that must fill the shape. @throws {EngineError} PAYLOAD_UNFIT */
export const filled = (
  values: readonly number[],
  shape: readonly number[],
  place: string,
): Numbers => {
  if (values.length === sizeOf(shape)) return { shape, values };
  throw misfit(values.length, shape, place);
};

/**
 * Fewer values than the shape asks for stand for a tensor whose last value repeats, none at all
 * for zeros, as in TensorFlow.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for too many values, and for more than can be worked on.
 */
export const repeated = (
  values: readonly number[],
  shape: readonly number[],
  place: string,
): Numbers => {
  const size = sizeOf(shape);
  // A shape is cheap to write and dear to fill.
  if (size === undefined || size < values.length || size > mostValues) {
    throw misfit(values.length, shape, place);
  }
  const missing = new Array<number>(size - values.length).fill(values.at(-1) ?? 0);
  return { shape, values: missing.length === 0 ? values : values.concat(missing) };
};
