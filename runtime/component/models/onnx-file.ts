/**
 * What an ONNX file declares: the tensors that go in and come out, and sizes, which are checked
 * before anything is allocated for them.
 *
 * Source: ONNX, `onnx.proto`: the numbers of fields.
 */
import { EngineError } from "../../errors.ts";
import { bytesOf, fields, LENGTH, readVarint, slice, textOf, VARINT } from "../../protocol/wire.ts";
import { ModelFault } from "./fault.ts";
import { checkTensor, type TensorPlace } from "./onnx-tensor.ts";

/** An input or output; undefined dimensions are open. */
export type Slot = {
  readonly name: string;
  /** Of `TensorProto.DataType`; undefined for what is no tensor. */
  readonly type: number | undefined;
  /** Undefined if any shape will do. */
  readonly shape: readonly (number | undefined)[] | undefined;
};

export type OnnxGraph = { readonly inputs: readonly Slot[]; readonly outputs: readonly Slot[] };

/** A tensor that a graph makes of nothing may have so many elements. */
const mostMade = 2 ** 26;
const deepest = 32;

/** `folder` is where files beside the model are. @throws {ModelFault} */
export const readOnnxFile = (bytes: Buffer, folder: string): OnnxGraph => {
  try {
    const graph = bytesOf(bytes, 7);
    if (graph === undefined) throw new ModelFault("graph", "is missing: this is no ONNX model");
    return readGraph(graph, { folder, path: "graph", depth: 0 });
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new ModelFault("", `is no whole ONNX model: ${thrown.message}`);
  }
};

/** The embedded messages, or texts, of a field. */
function* each(bytes: Buffer, ...numbers: readonly number[]): Generator<Buffer> {
  for (const field of fields(bytes)) {
    if (field.wire === LENGTH && numbers.includes(field.number)) yield slice(bytes, field);
  }
}

/** Integers that are known from the file, by the name of their tensor; empty if they are no shape. */
type Constants = Map<string, readonly number[]>;

const readGraph = (graph: Buffer, place: TensorPlace): OnnxGraph => {
  if (place.depth > deepest) throw new ModelFault(place.path, "has graphs in graphs too deep");
  const constants: Constants = new Map();
  for (const tensor of each(graph, 5)) {
    const { name, wholes } = checkTensor(tensor, place);
    constants.set(name, wholes ?? []);
  }
  for (const node of each(graph, 1)) checkNode(node, place, constants);
  // old files list constants among the inputs
  const inputs = [...each(graph, 11)].map(slotOf).filter(({ name }) => !constants.has(name));
  return { inputs, outputs: [...each(graph, 12)].map(slotOf) };
};

const checkNode = (node: Buffer, place: TensorPlace, constants: Constants): void => {
  const operator = textOf(node, 4);
  const path = `${place.path}, node ${JSON.stringify(textOf(node, 3) || operator)}`;
  const inner = { ...place, path, depth: place.depth + 1 };
  for (const attribute of each(node, 5)) {
    for (const tensor of each(attribute, 5, 10)) {
      const { wholes } = checkTensor(tensor, inner);
      if (operator === "Constant") constants.set(textOf(node, 2), wholes ?? []);
    }
    for (const graph of each(attribute, 6, 11)) readGraph(graph, inner);
  }
  if (operator !== "ConstantOfShape") return;
  const [input = Buffer.alloc(0)] = each(node, 1);
  const shape = constants.get(input.toString()) ?? [];
  if (shape.reduce((product, size) => product * size, 1) <= mostMade) return;
  throw new ModelFault(path, `makes a tensor of [${shape}]: at most ${mostMade} elements are made`);
};

/** Source: ONNX, ValueInfoProto and TypeProto. */
const slotOf = (value: Buffer): Slot => {
  const name = textOf(value, 1);
  const tensor = bytesOf(bytesOf(value, 2) ?? Buffer.alloc(0), 1);
  if (tensor === undefined) return { name, type: undefined, shape: undefined };
  const shape = bytesOf(tensor, 2);
  return {
    name,
    type: numberIn(tensor, 1),
    shape: shape && [...each(shape, 1)].map((dimension) => numberIn(dimension, 1)),
  };
};

/** Undefined if it is not there, or not above 0: a dimension that is open may be written so. */
const numberIn = (bytes: Buffer, number: number): number | undefined => {
  let found: number | undefined;
  for (const field of fields(bytes)) {
    if (field.number !== number || field.wire !== VARINT) continue;
    const { low, high } = readVarint(bytes, field);
    found = high > 0x7fffffff ? 0 : high * 2 ** 32 + low;
  }
  return found === 0 ? undefined : found;
};
