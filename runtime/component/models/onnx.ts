/** ONNX models, run by onnxruntime-node, a package that is installed only where it is wanted. */
import { dirname } from "node:path";
import { reshape } from "../tensor.ts";
import { ModelFault } from "./fault.ts";
import { type OnnxGraph, readOnnxFile, type Slot } from "./onnx-file.ts";
import { feedsOf, type Input } from "./onnx-input.ts";
import { loadRuntime, type Runtime, type Session, type Tensor } from "./onnx-runtime.ts";
import { elementOf } from "./onnx-types.ts";
import type { ModelOptions, StoredModel, TensorSpec } from "./stored-model.ts";

/** @throws {ModelFault} for a file that is no sound model, and where onnxruntime-node is missing. */
export const readOnnx = async (
  bytes: Buffer,
  file: string,
  { method, output }: ModelOptions,
  load: () => Promise<Runtime> = loadRuntime,
): Promise<StoredModel> => {
  if (method !== undefined) {
    throw new ModelFault(
      "parameter method",
      "means nothing to ONNX: name one of its outputs, output",
    );
  }
  const graph = readOnnxFile(bytes, dirname(file));
  const inputs = graph.inputs.map(inputOf);
  const outputs = outputsOf(graph, output);
  const runtime = await load();
  const session = await openSession(runtime, file);
  return {
    platform: "onnxruntime_onnx",
    inputs: graph.inputs.map(specOf),
    outputs: outputs.map(specOf),
    warnings: warningsOf(graph, output),
    featureNames: [],
    classNames: [],
    predict: async (X, names) => {
      const feeds = Object.fromEntries(
        feedsOf(X, names, inputs).map(({ input, values, shape }) => [
          input.name,
          new runtime.Tensor(input.element.type, input.element.arrayOf?.(values), shape),
        ]),
      );
      const wanted = outputs.map(({ name }) => name);
      const answers = await session.run(feeds, wanted);
      const [only] = wanted;
      if (wanted.length === 1 && only !== undefined) return valuesOf(answers[only]);
      return Object.fromEntries(wanted.map((name) => [name, valuesOf(answers[name])]));
    },
  };
};

const openSession = async (runtime: Runtime, file: string): Promise<Session> => {
  try {
    return await runtime.InferenceSession.create(file, {
      executionProviders: ["cpu"],
      logSeverityLevel: 3, // errors: what is wrong is thrown
    });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ModelFault("", `is not taken by onnxruntime: ${why.trim()}`);
  }
};

const inputOf = (slot: Slot): Input => {
  const { name, type, shape } = slot;
  if (type === undefined) throw new ModelFault(`input ${name}`, "is no tensor");
  const element = elementOf(type);
  if (element.arrayOf === undefined) {
    const message = `is of ${element.type}: export the model with inputs and outputs of float32`;
    throw new ModelFault(`input ${name}`, message);
  }
  return { name, element, shape };
};

/** All that are tensors, or the one that is asked for. */
const outputsOf = ({ outputs }: OnnxGraph, wanted: string | undefined): readonly Slot[] => {
  const served = outputs.filter(
    ({ type }) => type !== undefined && elementOf(type).arrayOf !== undefined,
  );
  const names = served.map(({ name }) => name).join(", ");
  if (wanted !== undefined) {
    const found = served.find(({ name }) => name === wanted);
    if (found !== undefined) return [found];
    throw new ModelFault("parameter output", `is ${JSON.stringify(wanted)}: there are ${names}`);
  }
  if (served.length > 0) return served;
  throw new ModelFault("graph", "has no output that is a tensor: export it with zipmap=False");
};

const warningsOf = ({ outputs }: OnnxGraph, wanted: string | undefined): readonly string[] => {
  const left = wanted === undefined ? outputs.filter(({ type }) => type === undefined) : [];
  return left.map(
    ({ name }) => `output ${name} is no tensor and is not answered: export it with zipmap=False`,
  );
};

const specOf = ({ name, type = 0, shape = [] }: Slot): TensorSpec => ({
  name,
  datatype: elementOf(type).datatype,
  shape: shape.map((size) => size ?? -1),
});

const valuesOf = (tensor: Tensor | undefined): unknown => {
  if (tensor === undefined) throw new Error("onnxruntime did not answer an output");
  const { data, dims, type } = tensor;
  const values: readonly unknown[] =
    type === "bool" ? Array.from(data, (one) => one === 1) : Array.from(data, plain);
  // a model may answer a single number
  return dims.length === 0 ? values : reshape(values, dims);
};

const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
