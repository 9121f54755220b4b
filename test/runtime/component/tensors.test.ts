import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { denseOf, plainArrays, reshape } from "../../../runtime/component/tensor.ts";
import { decodeTensorProto, encodeTensorProto } from "../../../runtime/component/tftensor.ts";
import { ComponentError } from "../../../runtime/component/user.ts";

const dim = (...sizes: number[]): object => ({
  dim: sizes.map((size) => ({ size: String(size) })),
});
const base64 = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");

describe("denseOf", () => {
  it.each([
    { name: "no values", array: [], dense: { shape: [0], values: [] } },
    { name: "rows without values", array: [[], []], dense: { shape: [2, 0], values: [] } },
    {
      name: "two rows",
      array: [
        [1, 2],
        [3, 4],
      ],
      dense: { shape: [2, 2], values: [1, 2, 3, 4] },
    },
    { name: "rows of different lengths", array: [[1], [2, 3]], dense: undefined },
    { name: "a row among numbers", array: [1, [2]], dense: undefined },
    { name: "a number among rows", array: [[2], 1], dense: undefined },
    { name: "words", array: ["a"], dense: undefined },
    { name: "truth values", array: [true], dense: undefined },
    { name: "a gap", array: [1, null], dense: undefined },
  ])("$name", ({ array, dense }) => {
    expect(denseOf(array)).toEqual(dense);
  });

  it("gives up on arrays of more dimensions than any model has", () => {
    let deep: unknown[] = [1];
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(denseOf(deep)).toBeUndefined();
  });
});

describe("reshape", () => {
  it.each([
    { shape: [4], nested: [1, 2, 3, 4] },
    { shape: [], nested: [1, 2, 3, 4] },
    {
      shape: [2, 2],
      nested: [
        [1, 2],
        [3, 4],
      ],
    },
    { shape: [-1, 4], nested: [[1, 2, 3, 4]] },
    {
      shape: [2, -1, 1],
      nested: [
        [[1], [2]],
        [[3], [4]],
      ],
    },
  ])("$shape", ({ shape, nested }) => {
    expect(reshape([1, 2, 3, 4], shape)).toEqual(nested);
  });

  it.each([[[3]], [[-1, 3]], [[-1, -1]], [[-2, -2]], [[2, 2, 0]], [[-1, 0]]])(
    "refuses %j",
    (shape) => {
      expect(() => reshape([1, 2, 3, 4], shape)).toThrow(ComponentError);
    },
  );

  it("undoes denseOf", () => {
    const arrays = fc
      .tuple(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
      )
      .chain(([a, b, c]) => {
        const fixed = (length: number) => ({ minLength: length, maxLength: length });
        return fc.array(fc.array(fc.array(fc.double(), fixed(c)), fixed(b)), fixed(a));
      });
    fc.assert(
      fc.property(arrays, (array) => {
        const dense = denseOf(array);
        expect(dense && reshape(dense.values, dense.shape)).toEqual(array);
      }),
    );
  });
});

describe("plainArrays", () => {
  it.each([
    { value: new Float64Array([1, 2]), plain: [1, 2] },
    { value: new BigInt64Array([1n]), plain: [1] },
    { value: [new Int8Array([1]), [2]], plain: [[1], [2]] },
    { value: [["a"]], plain: [["a"]] },
    { value: { a: 1 }, plain: { a: 1 } },
  ])("$value", ({ value, plain }) => {
    expect(plainArrays(value)).toEqual(plain);
  });
});

describe("decodeTensorProto", () => {
  const rows = [
    { name: "float", tensor: { dtype: "DT_FLOAT", floatVal: [1.5, 2] }, value: [1.5, 2], size: 2 },
    {
      name: "double",
      tensor: { dtype: "DT_DOUBLE", doubleVal: [1.5, "NaN"] },
      value: [1.5, NaN],
      size: 2,
    },
    { name: "a number for a type", tensor: { dtype: 3, intVal: [7] }, value: [7], size: 1 },
    {
      name: "64-bit integers, which come as strings",
      tensor: { dtype: "DT_INT64", int64Val: ["-5"] },
      value: [-5],
      size: 1,
    },
    {
      name: "unsigned 64-bit integers",
      tensor: { dtype: "DT_UINT64", uint64Val: ["5"] },
      value: [5],
      size: 1,
    },
    {
      name: "unsigned 32-bit integers",
      tensor: { dtype: "DT_UINT32", uint32Val: [5] },
      value: [5],
      size: 1,
    },
    {
      name: "truth values",
      tensor: { dtype: "DT_BOOL", boolVal: [true, false] },
      value: [true, false],
      size: 2,
    },
    {
      name: "strings",
      tensor: { dtype: "DT_STRING", stringVal: ["aMOp"] },
      value: ["hé"],
      size: 1,
    },
    {
      name: "half floats",
      tensor: { dtype: "DT_HALF", halfVal: [0x3c00, 0xc000, 1] },
      value: [1, -2, 2 ** -24],
      size: 3,
    },
    {
      name: "half floats that are not finite",
      tensor: { dtype: "DT_HALF", halfVal: [0x7c00, 0xfc00, 0x7e00] },
      value: [Infinity, -Infinity, NaN],
      size: 3,
    },
    {
      name: "bfloat16",
      tensor: { dtype: "DT_BFLOAT16", halfVal: [0x3f80, 0xc000] },
      value: [1, -2],
      size: 2,
    },
    {
      name: "a last value that repeats",
      tensor: { dtype: "DT_FLOAT", floatVal: [1, 2] },
      value: [1, 2, 2],
      size: 3,
    },
    {
      name: "bytes of floats",
      tensor: { dtype: "DT_FLOAT", tensorContent: base64(new Float32Array([1, 2])) },
      value: [1, 2],
      size: 2,
    },
    {
      name: "bytes of doubles",
      tensor: { dtype: "DT_DOUBLE", tensorContent: base64(new Float64Array([0.1])) },
      value: [0.1],
      size: 1,
    },
    {
      name: "bytes of 16-bit integers",
      tensor: { dtype: "DT_INT16", tensorContent: base64(new Int16Array([-3])) },
      value: [-3],
      size: 1,
    },
    {
      name: "bytes of unsigned 16-bit integers",
      tensor: { dtype: "DT_UINT16", tensorContent: base64(new Uint16Array([65535])) },
      value: [65535],
      size: 1,
    },
    {
      name: "bytes of 8-bit integers",
      tensor: { dtype: "DT_INT8", tensorContent: base64(new Int8Array([-1])) },
      value: [-1],
      size: 1,
    },
    {
      name: "bytes of unsigned 8-bit integers",
      tensor: { dtype: "DT_UINT8", tensorContent: base64(new Uint8Array([255])) },
      value: [255],
      size: 1,
    },
    {
      name: "bytes of 32-bit integers",
      tensor: { dtype: "DT_INT32", tensorContent: base64(new Int32Array([-9])) },
      value: [-9],
      size: 1,
    },
    {
      name: "bytes of unsigned 32-bit integers",
      tensor: { dtype: "DT_UINT32", tensorContent: base64(new Uint32Array([9])) },
      value: [9],
      size: 1,
    },
    {
      name: "bytes of 64-bit integers",
      tensor: { dtype: "DT_INT64", tensorContent: base64(new BigInt64Array([-9n])) },
      value: [-9],
      size: 1,
    },
    {
      name: "bytes of unsigned 64-bit integers",
      tensor: { dtype: "DT_UINT64", tensorContent: base64(new BigUint64Array([9n])) },
      value: [9],
      size: 1,
    },
    {
      name: "bytes of truth values",
      tensor: { dtype: "DT_BOOL", tensorContent: base64(new Uint8Array([1, 0])) },
      value: [true, false],
      size: 2,
    },
    {
      name: "bytes of half floats",
      tensor: { dtype: "DT_HALF", tensorContent: base64(new Uint16Array([0x3c00])) },
      value: [1],
      size: 1,
    },
    {
      name: "bytes of bfloat16",
      tensor: { dtype: "DT_BFLOAT16", tensorContent: base64(new Uint16Array([0x3f80])) },
      value: [1],
      size: 1,
    },
  ];
  it.each(rows)("$name", ({ tensor, value, size }) => {
    expect(decodeTensorProto({ ...tensor, tensorShape: dim(size) })).toEqual(value);
  });

  it("shapes the values", () => {
    const tensor = { dtype: "DT_INT32", tensorShape: dim(2, 2), intVal: [1, 2, 3, 4] };
    expect(decodeTensorProto(tensor)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("reads a tensor without dimensions as one value", () => {
    expect(decodeTensorProto({ dtype: "DT_INT32", intVal: [1] })).toEqual([1]);
  });

  it.each([
    { name: "no type", tensor: {} },
    { name: "a type without plain values", tensor: { dtype: "DT_COMPLEX64" } },
    { name: "a type named like a method of objects", tensor: { dtype: "constructor" } },
    { name: "values that are no list", tensor: { dtype: "DT_FLOAT", floatVal: 1 } },
    {
      name: "a size that is no number",
      tensor: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "x" }] } },
    },
    { name: "dimensions that are no list", tensor: { dtype: "DT_FLOAT", tensorShape: { dim: 2 } } },
    { name: "half a value", tensor: { dtype: "DT_FLOAT", tensorContent: "AAA=" } },
    { name: "bytes of strings", tensor: { dtype: "DT_STRING", tensorContent: "AAA=" } },
    {
      name: "more values than the shape",
      tensor: { dtype: "DT_FLOAT", tensorShape: dim(1), floatVal: [1, 2] },
    },
    {
      name: "one value for a billion",
      tensor: { dtype: "DT_FLOAT", tensorShape: dim(1e9), floatVal: [1] },
    },
  ])("refuses $name", ({ tensor }) => {
    expect(() => decodeTensorProto(tensor)).toThrow(ComponentError);
  });

  it("undoes encodeTensorProto", () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { minLength: 1 }), fc.boolean(), (values, flat) => {
        const shape = flat ? [values.length] : [values.length, 1];
        expect(decodeTensorProto(encodeTensorProto({ shape, values }, { asJson: true }))).toEqual(
          reshape(values, shape),
        );
      }),
    );
  });
});
