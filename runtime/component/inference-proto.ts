/** `v2` messages over gRPC. Source: Open Inference Protocol, gRPC; engine contract, 3.5. */
import { readMessage } from "../protocol/proto-read.ts";
import { bytesOf, readRaw, textOrBytes, writeRaw } from "./inference-binary.ts";
import { inferRequest, inferResponse } from "./inference-schema.ts";
import { checkTensor } from "./inference-tensor.ts";
import type { InferRequest, InferResponse, InferTensor, WantedOutput } from "./inference-types.ts";
import { isObject, type JsonObject } from "./message.ts";
import { writeMessage } from "./proto-write.ts";
import { ComponentError } from "./user.ts";

export type ProtoRequest = {
  readonly request: InferRequest;
  /** Its tensors are raw, and so those of the response shall be. */
  readonly raw: boolean;
};

type Read = Readonly<Record<string, unknown>>;
const listOf = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** @throws {EngineError} MESSAGE_UNREADABLE for malformed bytes. @throws {ComponentError} 400 for bad tensors. */
export const readInferRequest = (body: Buffer): ProtoRequest => {
  const read = readMessage(body, inferRequest, (bytes) => bytes);
  const raws = listOf<Buffer>(read["rawInputContents"]);
  const tensors = listOf<Read>(read["inputs"]);
  if (raws.length > 0 && raws.length !== tensors.length) {
    throw new ComponentError(
      `the request has ${tensors.length} inputs, but ${raws.length} raw_input_contents`,
    );
  }
  const outputs = listOf<Read>(read["outputs"]);
  return {
    raw: raws.length > 0,
    request: {
      model_name: textOf(read["modelName"]),
      ...optional("model_version", textOf(read["modelVersion"])),
      ...optional("id", textOf(read["id"])),
      ...parametersIn(read),
      inputs: tensors.map((tensor, i) => readTensor(tensor, raws[i], `inputs[${i}]`)),
      ...(outputs.length === 0 ? {} : { outputs: outputs.map(readWanted) }),
    },
  };
};

const optional = (key: string, text: string): JsonObject => (text === "" ? {} : { [key]: text });

const readWanted = (output: Read): WantedOutput => ({
  name: textOf(output["name"]),
  ...parametersIn(output),
});

/** Each is one of three kinds; one that is none counts as absent. */
const parametersIn = ({ parameters }: Read): { readonly parameters?: JsonObject } => {
  if (!isObject(parameters)) return {};
  const entries = Object.entries(parameters).flatMap(([key, parameter]) =>
    Object.values(isObject(parameter) ? parameter : {}).map((value) => [key, value] as const),
  );
  return { parameters: Object.fromEntries(entries) };
};

const readTensor = (tensor: Read, raw: Buffer | undefined, place: string): InferTensor => {
  const datatype = textOf(tensor["datatype"]);
  const data =
    raw === undefined ? typedData(tensor, datatype, place) : readRaw(raw, datatype, place);
  return checkTensor(
    {
      name: textOf(tensor["name"]),
      datatype,
      shape: tensor["shape"] ?? [],
      ...parametersIn(tensor),
      data,
    },
    place,
  );
};

/** The list that holds a datatype. */
const lists: Readonly<Record<string, string>> = {
  BOOL: "boolContents",
  INT8: "intContents",
  INT16: "intContents",
  INT32: "intContents",
  INT64: "int64Contents",
  UINT8: "uintContents",
  UINT16: "uintContents",
  UINT32: "uintContents",
  UINT64: "uint64Contents",
  FP32: "fp32Contents",
  FP64: "fp64Contents",
  BYTES: "bytesContents",
};

const typedData = (tensor: Read, datatype: string, place: string): readonly unknown[] => {
  const list = Object.hasOwn(lists, datatype) ? lists[datatype] : undefined;
  if (list === undefined) {
    throw new ComponentError(
      `${place} has datatype ${JSON.stringify(datatype)}: send it in raw_input_contents, or as one of ${Object.keys(lists).join(", ")}`,
    );
  }
  const contents = isObject(tensor["contents"]) ? tensor["contents"] : {};
  const values = listOf<unknown>(contents[list]);
  return datatype === "BYTES" ? values.map((value) => textOrBytes(bytesOf(value))) : values;
};

/** The parameter by which an engine tells whose answer a tensor was in. */
const childParameter = "espalier.child";

/** A request as one for each child whose answers an engine has joined in it. */
export const splitByChild = (request: InferRequest): readonly InferRequest[] => {
  const children = new Map<unknown, InferTensor[]>();
  for (const tensor of request.inputs) {
    const { [childParameter]: child = 0, ...parameters } = tensor.parameters ?? {};
    const own = children.get(child) ?? [];
    own.push({ ...tensor, parameters });
    children.set(child, own);
  }
  return [...children.values()].map((inputs) => ({ ...request, inputs }));
};

/** @throws {ComponentError} 500 for values beyond their datatype. */
export const writeInferResponse = (response: InferResponse, raw: boolean): Buffer => {
  const { model_name, model_version, id, parameters, outputs } = response;
  const message = {
    modelName: model_name,
    modelVersion: model_version,
    id,
    parameters: parametersOut(parameters),
    outputs: outputs.map(({ name, datatype, shape, data, ...output }) => ({
      name,
      datatype,
      shape,
      parameters: parametersOut(output.parameters),
      ...(raw ? {} : { contents: contentsOf(datatype, data) }),
    })),
    ...(raw
      ? { rawOutputContents: outputs.map(({ data, datatype }) => writeRaw(data, datatype)) }
      : {}),
  };
  return Buffer.concat(writeMessage(message, inferResponse));
};

const contentsOf = (datatype: string, data: readonly unknown[]): JsonObject => {
  const list = Object.hasOwn(lists, datatype) ? lists[datatype] : undefined;
  if (list === undefined) throw new ComponentError(`${datatype} has no contents`, { status: 500 });
  return { [list]: datatype === "BYTES" ? data.map(bytesOf) : data };
};

const parametersOut = (parameters: JsonObject | undefined): JsonObject | undefined =>
  parameters &&
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, parameterOf(value)]));

/** There are but three kinds: anything else is its JSON. */
const parameterOf = (value: unknown): JsonObject => {
  if (typeof value === "boolean") return { boolParam: value };
  if (Number.isSafeInteger(value)) return { int64Param: value };
  return { stringParam: typeof value === "string" ? value : (JSON.stringify(value) ?? "") };
};
