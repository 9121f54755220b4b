/** The elements of ONNX tensors. Source: ONNX, `TensorProto.DataType`. */

export type Element = {
  /** As onnxruntime calls it. */
  readonly type: string;
  /** As the Open Inference Protocol calls it. */
  readonly datatype: string;
  /** Bytes in raw data. */
  readonly bytes: number;
  /** What requests hold of it. */
  readonly holds: "number" | "whole" | "bigint" | "text" | "boolean";
  /** Undefined if such tensors are not served as inputs and outputs. */
  readonly arrayOf: ((values: readonly unknown[]) => unknown) | undefined;
};

type Row = readonly [
  type: string,
  datatype: string,
  bytes: number,
  holds: Element["holds"],
  arrayOf?: Element["arrayOf"],
];

const numbers = (make: (values: Iterable<number>) => unknown): Element["arrayOf"] => {
  return (values) => make(values as readonly number[]); // each was checked to be a number
};
const wholes = (make: (values: Iterable<bigint>) => unknown): Element["arrayOf"] => {
  return (values) => make((values as readonly number[]).map(BigInt)); // each is a whole number
};

const rows: ReadonlyMap<number, Row> = new Map<number, Row>([
  [1, ["float32", "FP32", 4, "number", numbers((values) => Float32Array.from(values))]],
  [2, ["uint8", "UINT8", 1, "whole", numbers((values) => Uint8Array.from(values))]],
  [3, ["int8", "INT8", 1, "whole", numbers((values) => Int8Array.from(values))]],
  [4, ["uint16", "UINT16", 2, "whole", numbers((values) => Uint16Array.from(values))]],
  [5, ["int16", "INT16", 2, "whole", numbers((values) => Int16Array.from(values))]],
  [6, ["int32", "INT32", 4, "whole", numbers((values) => Int32Array.from(values))]],
  [7, ["int64", "INT64", 8, "bigint", wholes((values) => BigInt64Array.from(values))]],
  [8, ["string", "BYTES", 0, "text", (values) => [...values]]],
  [9, ["bool", "BOOL", 1, "boolean", (values) => Uint8Array.from(values as boolean[], Number)]],
  [10, ["float16", "FP16", 2, "number"]],
  [11, ["float64", "FP64", 8, "number", numbers((values) => Float64Array.from(values))]],
  [12, ["uint32", "UINT32", 4, "whole", numbers((values) => Uint32Array.from(values))]],
  [13, ["uint64", "UINT64", 8, "bigint", wholes((values) => BigUint64Array.from(values))]],
  [14, ["complex64", "", 8, "number"]],
  [15, ["complex128", "", 16, "number"]],
  [16, ["bfloat16", "BF16", 2, "number"]],
]);

/** Of later versions: 8 bits, or 4. */
const tiny: Row = ["a type of less than 8 bits", "", 0, "number"];

export const elementOf = (type: number): Element => {
  const [name, datatype, bytes, holds, arrayOf] = rows.get(type) ?? tiny;
  return { type: name, datatype, bytes, holds, arrayOf };
};

/** Least and most that a whole number may be, by the type that holds it. */
export const boundsOf = ({ type }: Element): readonly [number, number] => {
  const bits = Number(/\d+$/.exec(type)?.[0] ?? 64);
  if (bits === 64) return [type.startsWith("u") ? 0 : -(2 ** 53) + 1, 2 ** 53 - 1];
  return type.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
};
