/**
 * `v2` messages over REST: JSON, and behind it the raw bytes of the tensors that say so.
 * Source: Open Inference Protocol, inference, binary tensor data extension.
 */
import { isUtf8 } from "node:buffer";
import { bytesOf, readRaw, writeRaw } from "./inference-binary.ts";
import { checkShape, checkTensor } from "./inference-tensor.ts";
import type { InferRequest, InferResponse, InferTensor, WantedOutput } from "./inference-types.ts";
import { parseJson } from "./json.ts";
import { asMessage, isObject, type JsonObject, kindOf } from "./message.ts";
import { ComponentError } from "./user.ts";

/** A body, of which the first `jsonBytes` are JSON; all of it if undefined. */
export type Body = { readonly bytes: Buffer; readonly jsonBytes: number | undefined };

/** Whom a request is for, by its path. */
export type Addressee = { readonly model: string; readonly version: string | undefined };

/** @throws {ComponentError} 400 */
export const readRequest = (body: Body, addressee: Addressee): InferRequest => {
  const { json, binary } = partsOf(body);
  const read = readOne(json, "the request", binary);
  return { ...read, ...named(addressee) };
};

/**
 * What a combiner gets: a list of responses, as an engine joins them, or a single request.
 *
 * @throws {ComponentError} 400
 */
export const readRequests = (body: Body, addressee: Addressee): readonly InferRequest[] => {
  const { json, binary } = partsOf(body);
  if (!Array.isArray(json))
    return [{ ...readOne(json, "the request", binary), ...named(addressee) }];
  const none = Buffer.alloc(0);
  return json.map((each, i) => ({ ...readOne(each, `message ${i}`, none), ...named(addressee) }));
};

const named = ({ model, version }: Addressee) => ({
  model_name: model,
  ...(version === undefined ? {} : { model_version: version }),
});

const partsOf = ({ bytes, jsonBytes = bytes.length }: Body) => {
  if (jsonBytes > bytes.length) {
    throw new ComponentError(
      `Inference-Header-Content-Length is ${jsonBytes}, but the body has ${bytes.length} bytes`,
    );
  }
  const text = bytes.subarray(0, jsonBytes);
  if (!isUtf8(text)) throw new ComponentError("Invalid JSON in the body: it is not UTF-8");
  return { json: parseJson(text.toString(), "the body"), binary: bytes.subarray(jsonBytes) };
};

/** A request; the tensors of a response count as those of a request. */
const readOne = (
  json: unknown,
  what: string,
  binary: Buffer,
): Omit<InferRequest, "model_name" | "model_version"> => {
  const { inputs, outputs, id, parameters } = asMessage(json, what);
  const tensors = inputs ?? outputs;
  if (!Array.isArray(tensors)) {
    throw new ComponentError(`${what} has no list "inputs": {"inputs": [{"name", ...}]}`);
  }
  return {
    inputs: readTensors(tensors, inputs === undefined ? "outputs" : "inputs", binary),
    ...(typeof id === "string" && id !== "" ? { id } : {}),
    ...(isObject(parameters) ? { parameters } : {}),
    ...(inputs !== undefined && Array.isArray(outputs) ? { outputs: outputs.map(readWanted) } : {}),
  };
};

const readWanted = (output: unknown, i: number): WantedOutput => {
  const { name, parameters } = asMessage(output, `outputs[${i}]`);
  if (typeof name !== "string") throw new ComponentError(`outputs[${i}] has no name`);
  return { name, ...(isObject(parameters) ? { parameters } : {}) };
};

const readTensors = (
  tensors: readonly unknown[],
  key: string,
  binary: Buffer,
): readonly InferTensor[] => {
  let used = 0;
  const read = tensors.map((tensor, i) => {
    const place = `${key}[${i}]`;
    const head = asMessage(tensor, place);
    const { binary_data_size: size, ...parameters } = parametersIn(head);
    if (size === undefined) return checkTensor(withBytes({ ...head, parameters }), place);
    if (!isSize(size) || size > binary.length - used) {
      throw new ComponentError(
        `${place} has binary_data_size ${JSON.stringify(size)}, but ${binary.length - used} bytes are left`,
      );
    }
    checkShape(head["shape"], place);
    const raw = binary.subarray(used, used + size);
    used += size;
    const data = readRaw(raw, String(head["datatype"]), place);
    return checkTensor({ ...head, parameters, data }, place);
  });
  if (used === binary.length) return read;
  throw new ComponentError(`the tensors account for ${used} of ${binary.length} binary bytes`);
};

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const parametersIn = ({ parameters }: JsonObject): JsonObject =>
  isObject(parameters) ? parameters : {};

/** BYTES that are no text come as base64, and say so. Source: MLServer's content types. */
const withBytes = (tensor: JsonObject): JsonObject => {
  const { datatype, data } = tensor;
  if (datatype !== "BYTES" || parametersIn(tensor)["content_type"] !== "base64") return tensor;
  if (!Array.isArray(data)) return tensor;
  return { ...tensor, data: data.flat(dimensions).map(fromBase64) };
};

/** As many as any tensor has. */
const dimensions = 32;

const fromBase64 = (value: unknown): Buffer => {
  if (typeof value === "string") return Buffer.from(value, "base64");
  throw new ComponentError(`BYTES of content_type base64 are strings, not ${kindOf(value)}`);
};

export type Written = { readonly body: Buffer; readonly jsonBytes: number | undefined };

/** A response; with raw bytes behind it for those outputs of which the request wants them. */
export const writeResponse = (
  response: InferResponse,
  request: InferRequest | undefined,
): Written => {
  const raws: Buffer[] = [];
  const outputs = response.outputs.map(({ data, ...output }) => {
    if (!wantsBinary(output.name, request)) return withBase64({ ...output, data });
    const raw = writeRaw(data, output.datatype);
    raws.push(raw);
    return { ...output, parameters: { ...output.parameters, binary_data_size: raw.length } };
  });
  const json = Buffer.from(stringify({ ...response, outputs }));
  return raws.length === 0
    ? { body: json, jsonBytes: undefined }
    : { body: Buffer.concat([json, ...raws]), jsonBytes: json.length };
};

/** An output's own word goes before that of the request. */
const wantsBinary = (name: string, request: InferRequest | undefined): boolean => {
  const own = request?.outputs?.find((output) => output.name === name)?.parameters;
  return (own?.["binary_data"] ?? request?.parameters?.["binary_data_output"]) === true;
};

/** @throws {ComponentError} 500 for numbers that JSON has not. */
const withBase64 = (output: InferTensor): InferTensor => {
  const { data, datatype, name } = output;
  if (datatype === "BYTES" && data.some((value) => value instanceof Uint8Array)) {
    const parameters = { ...output.parameters, content_type: "base64" };
    return { ...output, parameters, data: data.map((value) => bytesOf(value).toString("base64")) };
  }
  const wrong = data.find((value) => typeof value === "number" && !Number.isFinite(value));
  if (wrong === undefined) return output;
  throw new ComponentError(
    `output ${name} holds ${wrong}, which JSON cannot carry: ask for binary_data`,
    { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" },
  );
};

/** @throws {ComponentError} 500 for parameters that are no JSON. */
const stringify = (value: object): string => {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new ComponentError(
      `the response cannot be written as JSON: ${(cause as Error).message}`,
      {
        status: 500,
        reason: "MICROSERVICE_INTERNAL_ERROR",
        cause,
      },
    );
  }
};
