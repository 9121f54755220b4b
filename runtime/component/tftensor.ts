/** TensorFlow's TensorProto in its JSON form. Source: engine contract, 2.7 and 4.3. */
import { type Dense, reshape } from "./tensor.ts";
import { ComponentError } from "./user.ts";

type Kind = {
  readonly number: number;
  /** The field with one entry a value. */
  readonly field: string;
  /** Bytes of one value in `tensorContent`; 0 if it has none. */
  readonly size: number;
  readonly read: (bytes: DataView, at: number) => number | boolean;
  /** How an entry of `field` is turned into a value; as it is if absent. */
  readonly entry?: (value: unknown) => unknown;
};

const never = (): number => 0;

/** Half precision: 1 sign, 5 exponent, 10 fraction bits. Source: IEEE 754, binary16. */
const halfOf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** bfloat16: the upper half of a 32-bit float. */
const brainOf = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
};

/** Bytes come as base64 in JSON, as they are otherwise. */
const bytesOf = (value: unknown): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(String(value), "base64");

const text = (value: unknown): string => bytesOf(value).toString("utf8");

const kinds: Readonly<Record<string, Kind>> = {
  DT_FLOAT: { number: 1, field: "floatVal", size: 4, read: (b, at) => b.getFloat32(at, true) },
  DT_DOUBLE: { number: 2, field: "doubleVal", size: 8, read: (b, at) => b.getFloat64(at, true) },
  DT_INT32: { number: 3, field: "intVal", size: 4, read: (b, at) => b.getInt32(at, true) },
  DT_UINT8: { number: 4, field: "intVal", size: 1, read: (b, at) => b.getUint8(at) },
  DT_INT16: { number: 5, field: "intVal", size: 2, read: (b, at) => b.getInt16(at, true) },
  DT_INT8: { number: 6, field: "intVal", size: 1, read: (b, at) => b.getInt8(at) },
  DT_STRING: { number: 7, field: "stringVal", size: 0, read: never, entry: text },
  DT_INT64: {
    number: 9,
    field: "int64Val",
    size: 8,
    read: (b, at) => Number(b.getBigInt64(at, true)),
  },
  DT_BOOL: {
    number: 10,
    field: "boolVal",
    size: 1,
    read: (b, at) => b.getUint8(at) !== 0,
    entry: (value) => value === true,
  },
  DT_BFLOAT16: {
    number: 14,
    field: "halfVal",
    size: 2,
    read: (b, at) => brainOf(b.getUint16(at, true)),
    entry: (value) => brainOf(Number(value)),
  },
  DT_UINT16: { number: 17, field: "intVal", size: 2, read: (b, at) => b.getUint16(at, true) },
  DT_HALF: {
    number: 19,
    field: "halfVal",
    size: 2,
    read: (b, at) => halfOf(b.getUint16(at, true)),
    entry: (value) => halfOf(Number(value)),
  },
  DT_UINT32: { number: 22, field: "uint32Val", size: 4, read: (b, at) => b.getUint32(at, true) },
  DT_UINT64: {
    number: 23,
    field: "uint64Val",
    size: 8,
    read: (b, at) => Number(b.getBigUint64(at, true)),
  },
};

const kindOf = (dtype: unknown): Kind => {
  const kind =
    typeof dtype === "string" && Object.hasOwn(kinds, dtype)
      ? kinds[dtype]
      : Object.values(kinds).find(({ number }) => number === dtype);
  if (kind !== undefined) return kind;
  throw new ComponentError(
    `data.tftensor.dtype ${JSON.stringify(dtype)} is not supported: use one of ${Object.keys(kinds).join(", ")}`,
  );
};

/**
 * The values of a TensorProto as nested arrays; strings are read as UTF-8.
 *
 * Fewer values than the shape needs stand for a tensor whose last value repeats, as in TensorFlow.
 *
 * @throws {ComponentError} 400 for a dtype that has no plain values, or a malformed tensor.
 */
export const decodeTensorProto = (tensor: Readonly<Record<string, unknown>>): unknown => {
  const kind = kindOf(tensor["dtype"]);
  const shape = shapeOf(tensor["tensorShape"]);
  const wanted = shape.reduce((product, size) => product * size, 1);
  const given = tensor["tensorContent"] ? fromContent(kind, tensor) : fromField(kind, tensor);
  const last = given.at(-1);
  const values =
    given.length > 0 && given.length < wanted && wanted <= maxRepeated
      ? [...given, ...new Array<unknown>(wanted - given.length).fill(last)]
      : given;
  return shape.length === 0 && values.length === 1 ? values : reshape(values, shape);
};

/** A shape is cheap to write and dear to fill: no more values than this are made from one. */
const maxRepeated = 10_000_000;

const shapeOf = (tensorShape: unknown): readonly number[] => {
  const { dim = [] } = Object(tensorShape) as { dim?: unknown }; // checked in the next line
  if (!Array.isArray(dim)) throw new ComponentError("data.tftensor.tensorShape.dim must be a list");
  return dim.map((each) => {
    const size = Number(Object(each).size ?? 0);
    if (Number.isSafeInteger(size) && size >= 0) return size;
    throw new ComponentError(
      "data.tftensor.tensorShape.dim: each size must be a whole number, 0 or more",
    );
  });
};

const fromContent = (kind: Kind, tensor: Readonly<Record<string, unknown>>): unknown[] => {
  const content = bytesOf(tensor["tensorContent"]);
  if (kind.size === 0 || content.length % kind.size !== 0) {
    throw new ComponentError(
      `data.tftensor.tensorContent has ${content.length} bytes, which is not a whole number of values`,
    );
  }
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  return Array.from({ length: content.length / kind.size }, (_, i) =>
    kind.read(view, i * kind.size),
  );
};

const fromField = (kind: Kind, tensor: Readonly<Record<string, unknown>>): unknown[] => {
  const entries = tensor[kind.field] ?? [];
  if (!Array.isArray(entries)) {
    throw new ComponentError(`data.tftensor.${kind.field} must be a list`);
  }
  // 64-bit integers, NaN and infinities come as strings in this form
  return entries.map(kind.entry ?? Number);
};

/** Numbers as a TensorProto: integers of 32 bits when `integer` (a route), else doubles. */
export const encodeTensorProto = (
  dense: Dense,
  { integer = false, asJson }: { readonly integer?: boolean; readonly asJson: boolean },
): Record<string, unknown> => ({
  dtype: integer ? "DT_INT32" : "DT_DOUBLE",
  tensorShape: { dim: dense.shape.map((size) => ({ size: String(size) })) },
  [integer ? "intVal" : "doubleVal"]: asJson ? jsonNumbers(dense.values) : dense.values,
});

/** Proto3 JSON writes what JSON has no number for as a string. */
export const jsonNumbers = (values: readonly number[]): readonly (number | string)[] =>
  values.every(Number.isFinite)
    ? values
    : values.map((value) => (Number.isFinite(value) ? value : String(value)));
