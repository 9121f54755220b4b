/** Numbers in and out of a TensorProto in its JSON form. Source: engine contract, 2.7. */
import { readElements } from "./datatype.ts";
import { kindOf, type Numbers, numericOrBoolean, readFlat, unfit } from "./nested.ts";
import { filled, repeated, tensorKind } from "./tensor-kinds.ts";

type Loose = Readonly<Record<string, unknown>>;

/** Proto3 JSON writes 64-bit integers, NaN and infinities as strings. */
const entry = (value: unknown): number | undefined => {
  if (typeof value !== "string") return numericOrBoolean(value);
  const number = Number(value);
  return value.trim() === "" || (Number.isNaN(number) && value !== "NaN") ? undefined : number;
};

/** The numbers of a tensor, which an error calls `place`. @throws {EngineError} PAYLOAD_UNFIT */
export const readTensorJson = (tensor: Loose, place: string): Numbers => {
  const { dtype, tensorContent } = tensor;
  const kind = tensorKind(dtype);
  if (kind === undefined) {
    throw unfit(`${place} has dtype ${kindOf(dtype)}; use one that holds numbers or booleans`);
  }
  const { element, list, value } = kind;
  const shape = readShape(tensor, place);
  if (typeof tensorContent === "string" && tensorContent !== "") {
    const content = Buffer.from(tensorContent, "base64");
    return filled(readElements(content, element, `${place}.tensorContent`), shape, place);
  }
  const given = tensor[list] ?? [];
  if (!Array.isArray(given)) throw unfit(`${place}.${list} is ${kindOf(given)}, not an array`);
  const entries = readFlat(given, `${place}.${list}`, entry);
  return repeated(value === undefined ? entries : entries.map(value), shape, place);
};

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A tensor without a shape is a single value. */
const readShape = ({ tensorShape = {} }: Loose, place: string): readonly number[] => {
  const dim = isObject(tensorShape) ? (tensorShape["dim"] ?? []) : undefined;
  if (!isObject(tensorShape) || !Array.isArray(dim) || tensorShape["unknownRank"] === true) {
    throw unfit(`${place}.tensorShape has no list of dimensions`);
  }
  return dim.map((one: unknown) => {
    const size = isObject(one) ? entry(one["size"] ?? 0) : undefined;
    return size ?? Number.NaN;
  });
};

/** Proto3 JSON writes what JSON has no number for as a string. */
export const jsonNumber = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value);

/** Numbers as a tensor of doubles. */
export const tensorJson = ({ shape, values }: Numbers): object => ({
  dtype: "DT_DOUBLE",
  tensorShape: { dim: shape.map((size) => ({ size: String(size) })) },
  doubleVal: values.map(jsonNumber),
});
