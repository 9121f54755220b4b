/** From a component's reply to the tensors of a `v2` response. */
import type { Action } from "./action.ts";
import { datatypes, type ElementKind } from "./inference-tensor.ts";
import type { InferTensor, WantedOutput } from "./inference-types.ts";
import {
  asMessage,
  type Content,
  contentOf,
  isObject,
  type JsonObject,
  kindOf,
} from "./message.ts";
import { plainArrays, type Regular, regularOf } from "./tensor.ts";
import { ComponentError } from "./user.ts";

/** What the model's metadata says of an output. */
export type Declared = { readonly name: string; readonly datatype: string };

export const declaredOf = ({ outputs }: JsonObject): readonly Declared[] =>
  (Array.isArray(outputs) ? outputs : []).flatMap((each) => {
    const { name, datatype } = asMessage(each);
    return typeof name === "string" && typeof datatype === "string" ? [{ name, datatype }] : [];
  });

type Terms = {
  readonly act: Action;
  readonly declared: readonly Declared[];
  readonly wanted: readonly WantedOutput[];
};

/** What a single output is called if nobody says. */
const plainName = "predict";

/**
 * An array is one output, an object of arrays one for each; a text, bytes or another object is one
 * of BYTES. Names and datatypes are those of the metadata; else numbers are FP64, a route INT64.
 *
 * @throws {ComponentError} 500 for what no tensor can hold, 400 for an output that is not there.
 */
export const outputsOf = (
  reply: JsonObject,
  { act, declared, wanted }: Terms,
): readonly InferTensor[] => {
  const fallback = act === "route" ? "INT64" : "FP64";
  const arrays = arraysOf(reply, act);
  const only = arrays.length === 1 && declared.length === 1 ? declared[0] : undefined;
  const outputs = arrays.map(({ name, parameters, ...array }): InferTensor => {
    const known =
      declared.find((each) => each.name === name) ?? (act === "route" ? undefined : only);
    const called = name ?? known?.name ?? plainName;
    const tensor = typed(array, known?.datatype ?? fallback, { act, name: called });
    return { name: called, ...tensor, ...(parameters === undefined ? {} : { parameters }) };
  });
  return wanted.length === 0 ? outputs : pick(outputs, wanted);
};

/** A single output is called as the request calls it. */
const pick = (
  outputs: readonly InferTensor[],
  wanted: readonly WantedOutput[],
): readonly InferTensor[] => {
  const [only] = outputs;
  const [first] = wanted;
  if (outputs.length === 1 && wanted.length === 1 && only !== undefined && first !== undefined) {
    return [{ ...only, name: first.name }];
  }
  return wanted.map(({ name }) => {
    const found = outputs.find((output) => output.name === name);
    if (found !== undefined) return found;
    const names = outputs.map((output) => output.name).join(", ");
    throw new ComponentError(`there is no output ${JSON.stringify(name)}: there are ${names}`);
  });
};

type Leaf = number | boolean | string | Uint8Array;
type Named = Regular<Leaf> & { readonly name?: string; readonly parameters?: JsonObject };

const arraysOf = (reply: JsonObject, act: Action): readonly Named[] => {
  const tensor = tensorIn(reply);
  if (tensor !== undefined) return [{ ...tensor, ...namesIn(reply) }];
  const { value } = contentIn(reply, act);
  if (typeof value === "string" || value instanceof Uint8Array) {
    return [{ shape: [1], values: [value] }];
  }
  if (Array.isArray(value)) return [{ ...regular(value, act), ...namesIn(reply) }];
  if (!isObject(value)) throw internal(`${act} returned ${kindOf(value)}, which is no tensor`);
  const entries = Object.entries(value).map(([name, each]) => [name, plainArrays(each)] as const);
  if (entries.length === 0 || !entries.every(([, each]) => Array.isArray(each))) {
    return [{ shape: [1], values: [JSON.stringify(value)] }];
  }
  return entries.map(([name, each]) => ({
    name,
    ...regular(Array.isArray(each) ? each : [], `${act}, ${name}`),
  }));
};

const contentIn = (reply: JsonObject, act: Action): Content => {
  try {
    return contentOf(reply);
  } catch (thrown) {
    throw internal(`${act} returned a bad message: ${(thrown as Error).message}`); // contentOf throws errors
  }
};

/** Numbers that are laid out already. In JSON those that it has no number for are strings. */
const tensorIn = ({ data }: JsonObject): Regular<Leaf> | undefined => {
  const tensor = isObject(data) ? data["tensor"] : undefined;
  if (!isObject(tensor)) return undefined;
  const { shape, values } = tensor;
  if (!Array.isArray(shape) || !Array.isArray(values)) return undefined;
  const numbers = values.every((value) => typeof value === "number") ? values : values.map(Number);
  const size = shape.reduce((product: number, each) => product * Number(each), 1);
  return size === numbers.length ? { shape, values: numbers } : undefined;
};

const isLeaf = (value: unknown): value is Leaf =>
  ["number", "boolean", "string"].includes(typeof value) || value instanceof Uint8Array;

const regular = (array: readonly unknown[], what: string): Regular<Leaf> => {
  const found = regularOf(array, isLeaf);
  if (found !== undefined) return found;
  throw internal(
    `${what} returned an array that is not regular, or holds more than numbers, booleans and strings: no tensor can hold it`,
  );
};

/** Names of columns that the class gave: those made of numbers say nothing. */
const namesIn = ({ data }: JsonObject): { readonly parameters?: JsonObject } => {
  const names = isObject(data) ? data["names"] : undefined;
  if (!Array.isArray(names) || names.every((name, i) => name === `t:${i}`)) return {};
  return { parameters: { names: JSON.stringify(names) } };
};

const kindOfLeaf = (value: Leaf): ElementKind =>
  typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "text";

type What = { readonly act: Action; readonly name: string };

/** The array as a datatype: numbers as that which is asked for. */
const typed = (
  { shape, values }: Regular<Leaf>,
  datatype: string,
  { act, name }: What,
): Pick<InferTensor, "shape" | "datatype" | "data"> => {
  const [first] = values;
  const kind = first === undefined ? undefined : kindOfLeaf(first);
  if (!values.every((value) => kindOfLeaf(value) === kind)) {
    throw internal(`output ${name} of ${act} mixes numbers, booleans and strings in one array`);
  }
  const type = kind === "boolean" ? "BOOL" : kind === "text" ? "BYTES" : asWritten(datatype);
  const wrong = values.findIndex((value) => datatypes[type]?.fits(value) !== true);
  if (wrong < 0) return { datatype: type, shape, data: values };
  throw internal(`output ${name} of ${act} is ${datatype}, but value ${wrong} is ${values[wrong]}`);
};

/** Halves are answered as floats, and a number is no boolean and no text whatever is declared. */
const asWritten = (datatype: string): string =>
  datatypes[datatype]?.kind !== "number"
    ? "FP64"
    : datatype === "FP16" || datatype === "BF16"
      ? "FP32"
      : datatype;

const internal = (message: string): ComponentError =>
  new ComponentError(message, { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" });
