/** Tensors of the protocol `v2`, checked. Source: Open Inference Protocol, tensor data. */
import type { InferRequest, InferResponse, InferTensor } from "./inference-types.ts";
import { isObject, type JsonObject, kindOf } from "./message.ts";
import { regularOf } from "./tensor.ts";
import { ComponentError } from "./user.ts";

export type ElementKind = "number" | "boolean" | "text";

const whole = (value: unknown): boolean => Number.isInteger(value);
const any = (value: unknown): boolean => typeof value === "number";

type Datatype = { readonly kind: ElementKind; readonly fits: (value: unknown) => boolean };

const number = (fits: (value: unknown) => boolean): Datatype => ({ kind: "number", fits });

const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isText = (value: unknown): value is string | Uint8Array =>
  typeof value === "string" || value instanceof Uint8Array;

export const datatypes: Readonly<Record<string, Datatype>> = {
  BOOL: { kind: "boolean", fits: isBoolean },
  UINT8: number(whole),
  UINT16: number(whole),
  UINT32: number(whole),
  UINT64: number(whole),
  INT8: number(whole),
  INT16: number(whole),
  INT32: number(whole),
  INT64: number(whole),
  FP16: number(any),
  BF16: number(any),
  FP32: number(any),
  FP64: number(any),
  BYTES: { kind: "text", fits: isText },
};

/** What a datatype's values are in JavaScript. @throws {ComponentError} 400 */
export const kindOfDatatype = (datatype: unknown, place: string): ElementKind => {
  const known =
    typeof datatype === "string" && Object.hasOwn(datatypes, datatype)
      ? datatypes[datatype]
      : undefined;
  if (known !== undefined) return known.kind;
  throw new ComponentError(
    `${place} has datatype ${JSON.stringify(datatype)}: use one of ${Object.keys(datatypes).join(", ")}`,
  );
};

/** A shape of known sizes. @throws {ComponentError} 400 */
export const checkShape = (shape: unknown, place: string): readonly number[] => {
  if (Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    return shape;
  }
  throw new ComponentError(`${place} has shape ${text(shape)}: use whole numbers, 0 or more`);
};

/**
 * A tensor whose data, flat or nested, are as many as its shape says and as its datatype says.
 *
 * @throws {ComponentError} 400, naming the tensor.
 */
export const checkTensor = (given: unknown, place: string): InferTensor => {
  if (!isObject(given)) throw new ComponentError(`${place} is ${kindOf(given)}, not a tensor`);
  const { name, datatype, parameters } = given;
  if (typeof name !== "string") throw new ComponentError(`${place} has no name`);
  const where = `${place} ${text(name)}`;
  kindOfDatatype(datatype, where);
  const shape = checkShape(given["shape"], where);
  const type = String(datatype);
  const data = checkData(given["data"], { type, shape, place: where });
  return {
    name,
    datatype: type,
    shape,
    ...(isObject(parameters) ? { parameters } : {}),
    data,
  };
};

type Expected = {
  readonly type: string;
  readonly shape: readonly number[];
  readonly place: string;
};

const checkData = (given: unknown, { type, shape, place }: Expected): readonly unknown[] => {
  if (!Array.isArray(given)) throw new ComponentError(`${place} has no list "data"`);
  const flat = Array.isArray(given[0]) ? flatten(given, shape, place) : given;
  const size = shape.reduce((product, each) => product * each, 1);
  if (flat.length !== size) {
    throw new ComponentError(
      `${place} has ${flat.length} values, which is not what its shape [${shape}] asks for`,
    );
  }
  const data = type === "BOOL" ? flat.map(asBoolean) : flat;
  const fits = datatypes[type]?.fits ?? any;
  const wrong = data.findIndex((value) => !fits(value));
  if (wrong < 0) return data;
  throw new ComponentError(`${place}: value ${wrong} is ${text(data[wrong])}, not ${type}`);
};

const isLeaf = (value: unknown): value is unknown => !Array.isArray(value);

const flatten = (
  nested: readonly unknown[],
  shape: readonly number[],
  place: string,
): readonly unknown[] => {
  const regular = regularOf(nested, isLeaf);
  if (String(regular?.shape) === String(shape)) return regular?.values ?? [];
  const own = regular === undefined ? "no regular shape" : `the shape [${regular.shape}]`;
  throw new ComponentError(`${place} has data of ${own}, but its shape is [${shape}]`);
};

/** Some clients write booleans as numbers. */
const asBoolean = (value: unknown): unknown => (value === 0 || value === 1 ? value === 1 : value);

const text = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 100);

/** What `inferRaw` returned, completed. @throws {ComponentError} 500 for what is no response. */
export const checkResponse = (returned: unknown, request: InferRequest): InferResponse => {
  const response = isObject(returned) ? returned : {};
  const { outputs, parameters, model_name, id } = response;
  if (!Array.isArray(outputs)) throw internal("inferRaw returned no response with outputs");
  try {
    return {
      model_name: typeof model_name === "string" ? model_name : request.model_name,
      ...(request.model_version ? { model_version: request.model_version } : {}),
      ...idOf(id, request),
      ...(isObject(parameters) ? { parameters } : {}),
      outputs: outputs.map((output, i) => checkTensor(output, `outputs[${i}]`)),
    };
  } catch (thrown) {
    throw internal(`inferRaw returned a bad response: ${(thrown as Error).message}`); // checkTensor throws errors
  }
};

const idOf = (id: unknown, request: InferRequest): JsonObject => {
  const own = typeof id === "string" ? id : request.id;
  return own ? { id: own } : {};
};

const internal = (message: string): ComponentError =>
  new ComponentError(message, { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" });
