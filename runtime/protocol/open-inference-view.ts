/** Numbers in and out of v2 messages as JSON. Source: Open Inference Protocol, inference. */
import type { NumericView } from "../nodes/view.ts";
import { readElements } from "./datatype.ts";
import { skipSpace } from "./json-skip.ts";
import {
  finite,
  type Numbers,
  numericOrBoolean,
  readFlat,
  readNested,
  sizeOf,
  unfit,
} from "./nested.ts";
import { binarySizeOf, type Parts, type TensorHead } from "./open-inference-binary.ts";
import { elementOf } from "./open-inference-datatype.ts";
import type { HowToWrite } from "./protocol.ts";
import { findMember } from "./splice.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The JSON of a message; undefined if it is no JSON object. */
export const parseObject = (json: Buffer): Loose | undefined => {
  try {
    const message: unknown = JSON.parse(json.toString());
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
};

/** The first tensor of a request's inputs or of a response's outputs. */
const firstTensor = (message: Loose): { tensor: Loose; place: string } | undefined => {
  const key = Array.isArray(message["inputs"]) ? "inputs" : "outputs";
  const list = message[key];
  const tensor: unknown = Array.isArray(list) ? list[0] : undefined;
  return isObject(tensor) ? { tensor, place: `${key}[0]` } : undefined;
};

/**
 * The numbers of the first tensor; columns have no names in this protocol.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for BYTES, and for a shape that the data do not fit.
 */
export const readView = ({ json, binary }: Parts): NumericView => {
  const message = parseObject(json);
  if (message === undefined) throw unfit("it is not a JSON object");
  const first = firstTensor(message);
  if (first === undefined) throw unfit('it has no tensor in "inputs" or "outputs"');
  const { tensor, place } = first;
  const shape = readShape(tensor["shape"], place);
  const size = binarySizeOf(tensor as TensorHead); // every field of a head may be anything
  const { values, shape: nested } =
    size === undefined
      ? readData(tensor, place)
      : readBinary(tensor, take(binary, size, place), place);
  const fits = nested.length > 1 ? nested.join() === shape.join() : values.length === sizeOf(shape);
  if (!fits) {
    throw unfit(`${place} has data of shape [${nested}], which is not its shape [${shape}]`);
  }
  return { shape, values, names: [] };
};

const readShape = (shape: unknown, place: string): readonly number[] => {
  if (Array.isArray(shape) && sizeOf(shape) !== undefined) return shape;
  throw unfit(`${place}.shape is not an array of whole numbers, 0 or more`);
};

/** Data may be flat or nested. */
const readData = ({ data, datatype }: Loose, place: string): Numbers => {
  if (datatype === "BYTES") throw unfit(`${place} is of BYTES, not of numbers`);
  if (!Array.isArray(data)) throw unfit(`${place} has no data`);
  if (Array.isArray(data[0])) return readNested(data, `${place}.data`, numericOrBoolean);
  return { shape: [data.length], values: readFlat(data, `${place}.data`, numericOrBoolean) };
};

const take = (binary: Buffer, size: number, place: string): Buffer => {
  if (size <= binary.length) return binary.subarray(0, size);
  throw unfit(`${place} has binary_data_size ${size}, but ${binary.length} bytes are there`);
};

const readBinary = ({ datatype }: Loose, raw: Buffer, place: string): Numbers => {
  const element = elementOf(datatype);
  if (element === undefined) throw unfit(`${place} is not of numbers or booleans`);
  const values = readElements(raw, element, place);
  return { shape: [values.length], values };
};

export const isResponse = (message: unknown): message is { readonly outputs: readonly unknown[] } =>
  isObject(message) && Array.isArray(message["outputs"]);

/** The first value of the first output, nested or not; undefined if it is no number. */
export const firstValue = (outputs: readonly unknown[], binary: Buffer): number | undefined => {
  const [tensor] = outputs;
  if (!isObject(tensor)) return undefined;
  const size = binarySizeOf(tensor as TensorHead); // every field of a head may be anything
  if (size !== undefined) {
    const element = elementOf(tensor["datatype"]);
    const there = element !== undefined && size >= element.size && binary.length >= element.size;
    return there ? element.read(binary, 0) : undefined;
  }
  let value = tensor["data"];
  while (Array.isArray(value)) value = value[0];
  return numericOrBoolean(value);
};

/** What an answer of ours takes over from the first message it is made of. */
const kept = ["model_name", "id", "parameters"];

/**
 * A response with one tensor of FP64. `like` is the JSON of a message whose model, id, parameters
 * and tensor name are kept; undefined if it cannot be read. The tensor of a request is kept too, with
 * its name and 32 bits, if the numbers are made of it alone (`transforms`).
 *
 * @throws {EngineError} PAYLOAD_UNFIT for NaN and infinities, which JSON cannot write.
 */
export const writeView = (
  { shape, values }: NumericView,
  like: Buffer | undefined,
  { transforms = false, name = "" }: HowToWrite = {},
): Buffer => {
  const message = like && parseObject(like);
  const members = like === undefined || message === undefined ? [] : membersOf(like, kept);
  // Required in a response; requests need not have it.
  if (message?.["model_name"] === undefined)
    members.unshift(`"model_name":${JSON.stringify(name)}`);
  const first = transforms || isResponse(message) ? message && firstTensor(message)?.tensor : {};
  const datatype = transforms && first?.["datatype"] === "FP32" ? "FP32" : "FP64";
  const tensor = { name: nameOf(first), datatype, shape, data: finite(values) };
  return Buffer.from(`{${members.join(",")},"outputs":[${JSON.stringify(tensor)}]}`);
};

/** Members of an object as they are written. */
const membersOf = (json: Buffer, names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const value = findMember(json, skipSpace(json, 0), name)?.member;
    if (value === undefined) return [];
    return `${JSON.stringify(name)}:${json.toString("utf8", value.start, value.end)}`;
  });

const nameOf = (tensor: Loose | undefined): string =>
  typeof tensor?.["name"] === "string" ? tensor["name"] : "output";
