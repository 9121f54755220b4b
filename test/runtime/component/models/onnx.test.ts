import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { ModelFault } from "../../../../runtime/component/models/fault.ts";
import { readOnnx } from "../../../../runtime/component/models/onnx.ts";
import { readOnnxFile } from "../../../../runtime/component/models/onnx-file.ts";
import { feedsOf, type Input } from "../../../../runtime/component/models/onnx-input.ts";
import { elementOf } from "../../../../runtime/component/models/onnx-types.ts";
import { ComponentError } from "../../../../runtime/component/user.ts";
import {
  lengthField,
  textField,
  varint,
  varintField,
} from "../../../../runtime/protocol/wire-write.ts";
import { fixtures } from "../../../models/answers.ts";

const message = (...fields: readonly (readonly Buffer[])[]): readonly Buffer[] => fields.flat();
const modelOf = (...graph: readonly (readonly Buffer[])[]): Buffer =>
  Buffer.concat(message(varintField(1, 9), lengthField(7, message(...graph))));
const tensorOf = (...fields: readonly (readonly Buffer[])[]) =>
  message(...fields, textField(8, "w"));
const dims = (...sizes: readonly number[]) => message(...sizes.map((size) => varintField(1, size)));
const raw = (bytes: Buffer) => lengthField(9, [bytes]);
const entry = (key: string, value: string) =>
  lengthField(13, message(textField(1, key), textField(2, value)));

const faultOf = (bytes: Buffer): string | undefined => {
  try {
    readOnnxFile(bytes, fixtures);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ModelFault) return thrown.field;
    throw thrown;
  }
};

const float = varintField(2, 1);
const int64 = varintField(2, 7);
const where = 'graph, tensor "w"';

describe("readOnnxFile", () => {
  const file = readFileSync(join(fixtures, "small-onnx.onnx"));

  it("tells what goes in and comes out", () => {
    const { inputs, outputs } = readOnnxFile(file, fixtures);
    expect(inputs).toEqual([{ name: "features", type: 1, shape: [undefined, 4] }]);
    expect(outputs.map(({ name, type }) => [name, type])).toEqual([
      ["label", 7],
      ["probabilities", 1],
    ]);
  });

  it("tells of a file that is cut off, wherever that is", () => {
    for (let length = 2; length < file.length; length += 1) {
      const cut = file.subarray(0, length);
      const field = faultOf(cut);
      // where a field of the file ends the rest may be missing: then the graph is
      if (field !== undefined) expect(["", "graph"]).toContain(field);
    }
  });

  it.each([
    { name: "a gigabyte that is not there", tensor: [float, dims(2 ** 28)], fault: where },
    { name: "more than is there", tensor: [float, dims(3), raw(Buffer.alloc(8))], fault: where },
    { name: "less than is there", tensor: [float, dims(1), raw(Buffer.alloc(8))], fault: where },
    { name: "a negative size", tensor: [float, dims(-1)], fault: where },
    {
      name: "more dimensions than are known",
      tensor: [float, dims(...Array(70).fill(1))],
      fault: where,
    },
    { name: "sizes beyond numbers", tensor: [float, dims(2 ** 40, 2 ** 40)], fault: where },
    { name: "what is there", tensor: [float, dims(2), raw(Buffer.alloc(8))], fault: undefined },
    {
      name: "packed values",
      tensor: [float, dims(2), lengthField(4, [Buffer.alloc(8)])],
      fault: undefined,
    },
    { name: "a text", tensor: [varintField(2, 8), dims(1), textField(6, "a")], fault: undefined },
    { name: "no value", tensor: [float, dims(0)], fault: undefined },
    {
      name: "a file elsewhere",
      tensor: [float, dims(1), varintField(14, 1), entry("location", "../a")],
      fault: where,
    },
    {
      name: "a file that is missing",
      tensor: [float, dims(1), varintField(14, 1), entry("location", "no")],
      fault: where,
    },
    {
      name: "a file that is too short",
      tensor: [float, dims(2 ** 28), varintField(14, 1), entry("location", "small-onnx.onnx")],
      fault: where,
    },
    {
      name: "a file that is long enough",
      tensor: [float, dims(2), varintField(14, 1), entry("location", "small-onnx.onnx")],
      fault: undefined,
    },
  ])("holds a tensor to what it declares: $name", ({ tensor, fault }) => {
    expect(faultOf(modelOf(lengthField(5, tensorOf(...tensor))))).toBe(fault);
  });

  const ofShape = lengthField(
    1,
    message(textField(1, "w"), textField(2, "y"), textField(4, "ConstantOfShape")),
  );
  it.each([
    { sizes: [2 ** 14, 2 ** 14], fault: 'graph, node "ConstantOfShape"' },
    { sizes: [100, 100], fault: undefined },
  ])("bounds a tensor that is made of nothing: $sizes", ({ sizes, fault }) => {
    const packed = lengthField(7, sizes.map(varint));
    expect(faultOf(modelOf(ofShape, lengthField(5, tensorOf(int64, dims(2), packed))))).toBe(fault);
    const values = Buffer.concat(
      sizes.map((size) => Buffer.from(BigInt64Array.of(BigInt(size)).buffer)),
    );
    expect(faultOf(modelOf(ofShape, lengthField(5, tensorOf(int64, dims(2), raw(values)))))).toBe(
      fault,
    );
  });

  it("looks into graphs of nodes, but not forever", () => {
    const nested = (depth: number): readonly Buffer[] =>
      depth === 0
        ? lengthField(5, tensorOf(float, dims(2 ** 28)))
        : lengthField(1, lengthField(5, lengthField(6, nested(depth - 1))));
    expect(faultOf(modelOf(nested(2)))).toContain('tensor "w"');
    expect(faultOf(modelOf(nested(50)))).toContain("graph");
  });
});

describe("readOnnx", () => {
  const bytes = readFileSync(join(fixtures, "small-onnx.onnx"));
  const options = { method: undefined, classNames: undefined, output: undefined };
  /** A runtime that answers two outputs whatever it is asked, and says what it was asked. */
  const asked: unknown[] = [];
  const runtime = {
    InferenceSession: {
      create: async () => ({
        run: async (feeds: object, wanted: readonly string[]) => {
          asked.push(feeds, wanted);
          return {
            label: { type: "int64", dims: [2], data: BigInt64Array.of(1n, 2n) },
            probabilities: { type: "float32", dims: [2, 1], data: Float32Array.of(0.5, 1) },
          };
        },
      }),
    },
    Tensor: class {
      readonly type: string;
      readonly data: readonly unknown[];
      readonly dims: readonly number[];
      constructor(type: string, data: unknown, dims: readonly number[]) {
        this.type = type;
        this.data = Array.from(data as Float32Array); // what its input makes
        this.dims = dims;
      }
    },
  };
  const broken = {
    ...runtime,
    InferenceSession: { create: () => Promise.reject(new Error("no")) },
  };

  it("asks for all outputs, and answers them by name", async () => {
    const model = await readOnnx(bytes, "model.onnx", options, async () => runtime);
    expect(await model.predict([[1, 2, 3, 4]], [])).toEqual({
      label: [1, 2],
      probabilities: [[0.5], [1]],
    });
    expect(asked).toEqual([
      { features: { type: "float32", data: [1, 2, 3, 4], dims: [1, 4] } },
      ["label", "probabilities"],
    ]);
  });

  it("answers the one output that is wanted", async () => {
    const one = { ...options, output: "label" };
    const model = await readOnnx(bytes, "model.onnx", one, async () => runtime);
    expect(await model.predict([[1, 2, 3, 4]], [])).toEqual([1, 2]);
    expect(model.outputs).toEqual([{ name: "label", datatype: "INT64", shape: [-1] }]);
  });

  it.each([
    { name: "an output that is not there", over: { output: "x" }, field: "parameter output" },
    { name: "a method", over: { method: "predict" as const }, field: "parameter method" },
    { name: "a file that the runtime refuses", over: {}, field: "" },
  ])("refuses $name", async ({ over, field }) => {
    const read = readOnnx(bytes, "model.onnx", { ...options, ...over }, async () => broken);
    await expect(read).rejects.toMatchObject({ name: "ModelFault", field });
  });

  const value = (number: number, name: string, type: number) => {
    const tensor = lengthField(1, varintField(1, type));
    return lengthField(number, message(textField(1, name), lengthField(2, tensor)));
  };
  const sequence = lengthField(
    12,
    message(textField(1, "map"), lengthField(2, lengthField(4, []))),
  );
  it("warns of outputs that are no tensors", async () => {
    const model = modelOf(value(11, "x", 1), value(12, "y", 1), sequence);
    const { warnings, outputs } = await readOnnx(model, "m.onnx", options, async () => runtime);
    expect([warnings?.length, outputs.map(({ name }) => name)]).toEqual([1, ["y"]]);
  });

  it.each([
    {
      name: "an input of 16 bits",
      model: [value(11, "x", 10), value(12, "y", 1)],
      field: "input x",
    },
    {
      name: "an input that is no tensor",
      model: [lengthField(11, textField(1, "x"))],
      field: "input x",
    },
    { name: "no output that is a tensor", model: [value(11, "x", 1), sequence], field: "graph" },
  ])("refuses $name", async ({ model, field }) => {
    const read = readOnnx(modelOf(...model), "m.onnx", options, async () => runtime);
    await expect(read).rejects.toMatchObject({ name: "ModelFault", field });
  });

  it("says what to install where there is no runtime", async () => {
    await expect(readOnnx(bytes, "model.onnx", options)).rejects.toMatchObject({
      message: expect.stringContaining("npm install --ignore-scripts onnxruntime-node"),
    });
  });
});

describe("feedsOf", () => {
  const input = (name: string, type: number, shape: Input["shape"]): Input => ({
    name,
    element: elementOf(type),
    shape,
  });
  const table = input("x", 1, [undefined, 2]);
  const column = (name: string, type: number): Input => input(name, type, [undefined, 1]);

  it.each([
    {
      name: "rows",
      X: [[1, null]],
      inputs: [table],
      want: [{ values: [1, Number.NaN], shape: [1, 2] }],
    },
    {
      name: "a single row",
      X: [1, true],
      inputs: [table],
      want: [{ values: [1, 1], shape: [1, 2] }],
    },
    {
      name: "columns",
      X: [
        [1, "a"],
        [2, "b"],
      ],
      inputs: [column("n", 7), column("t", 8)],
      want: [
        { values: [1, 2], shape: [2, 1] },
        { values: ["a", "b"], shape: [2, 1] },
      ],
    },
    {
      name: "an object",
      X: { n: [[1]], b: [[0], [true]] },
      inputs: [column("b", 9), column("n", 2)],
      want: [
        { values: [false, true], shape: [2, 1] },
        { values: [1], shape: [1, 1] },
      ],
    },
    {
      name: "any shape",
      X: [[[1]]],
      inputs: [input("x", 11, undefined)],
      want: [{ values: [1], shape: [1, 1, 1] }],
    },
  ])("takes $name", ({ X, inputs, want }) => {
    const feeds = feedsOf(X, [], inputs);
    expect(feeds.map(({ values, shape }) => ({ values, shape }))).toEqual(want);
  });

  it.each([
    { name: "another width", X: [[1, 2, 3]], inputs: [table], said: "[1,3]" },
    { name: "no rows", X: [], inputs: [table], said: "is empty" },
    { name: "uneven rows", X: [[1, 2], [3]], inputs: [table], said: "row 1" },
    {
      name: "a text",
      X: [
        [1, 2],
        [1, "2"],
      ],
      inputs: [table],
      said: "row 1, column 1",
    },
    { name: "a fraction", X: [[1.5]], inputs: [column("n", 7)], said: "row 0, column 0" },
    { name: "a number too large", X: [[256]], inputs: [column("n", 2)], said: "0 to 255" },
    { name: "a number for a text", X: [[1]], inputs: [column("t", 8)], said: "a text" },
    { name: "a number for a boolean", X: [[2]], inputs: [column("b", 9)], said: "true or false" },
    { name: "a missing input", X: { a: [[1]] }, inputs: [column("n", 1)], said: "input n" },
    { name: "an array for several", X: [[1, 2]], inputs: [table, column("n", 1)], said: "x, n" },
    {
      name: "a place far in",
      X: [[[1, "a"]]],
      inputs: [input("x", 1, [1, 1, 2])],
      said: "[0,0,1]",
    },
  ])("refuses $name, naming the place", ({ X, inputs, said }) => {
    try {
      feedsOf(X, [], inputs);
    } catch (thrown) {
      expect(thrown instanceof ComponentError && [thrown.status, thrown.message]).toEqual([
        400,
        expect.stringContaining(said),
      ]);
      return;
    }
    throw new Error("it was not refused");
  });
});
