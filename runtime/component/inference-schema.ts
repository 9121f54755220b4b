/** The messages of protocol `v2` over gRPC. Source: engine contract, 3.5. */
import { list, map, type Schema, schema } from "../protocol/proto-schema.ts";

const parameter = schema("inference.InferParameter", [
  [1, "boolParam", "bool", { oneof: "parameter_choice" }],
  [2, "int64Param", "int64", { oneof: "parameter_choice" }],
  [3, "stringParam", "string", { oneof: "parameter_choice" }],
]);

const contents = schema("inference.InferTensorContents", [
  [1, "boolContents", "bool", list],
  [2, "intContents", "int32", list],
  [3, "int64Contents", "int64", list],
  [4, "uintContents", "uint32", list],
  [5, "uint64Contents", "uint64", list],
  [6, "fp32Contents", "float", list],
  [7, "fp64Contents", "double", list],
  [8, "bytesContents", "bytes", list],
]);

const tensor = (type: string): Schema =>
  schema(type, [
    [1, "name", "string"],
    [2, "datatype", "string"],
    [3, "shape", "int64", list],
    [4, "parameters", { message: parameter }, map],
    [5, "contents", { message: contents }],
  ]);

const wantedOutput = schema("inference.ModelInferRequest.InferRequestedOutputTensor", [
  [1, "name", "string"],
  [2, "parameters", { message: parameter }, map],
]);

export const inferRequest = schema("inference.ModelInferRequest", [
  [1, "modelName", "string"],
  [2, "modelVersion", "string"],
  [3, "id", "string"],
  [4, "parameters", { message: parameter }, map],
  [5, "inputs", { message: tensor("inference.ModelInferRequest.InferInputTensor") }, list],
  [6, "outputs", { message: wantedOutput }, list],
  [7, "rawInputContents", "bytes", list],
]);

export const inferResponse = schema("inference.ModelInferResponse", [
  [1, "modelName", "string"],
  [2, "modelVersion", "string"],
  [3, "id", "string"],
  [4, "parameters", { message: parameter }, map],
  [5, "outputs", { message: tensor("inference.ModelInferResponse.InferOutputTensor") }, list],
  [6, "rawOutputContents", "bytes", list],
]);

const tensorMetadata = schema("inference.ModelMetadataResponse.TensorMetadata", [
  [1, "name", "string"],
  [2, "datatype", "string"],
  [3, "shape", "int64", list],
]);

export const modelMetadataResponse = schema("inference.ModelMetadataResponse", [
  [1, "name", "string"],
  [2, "versions", "string", list],
  [3, "platform", "string"],
  [4, "inputs", { message: tensorMetadata }, list],
  [5, "outputs", { message: tensorMetadata }, list],
]);

export const serverMetadataResponse = schema("inference.ServerMetadataResponse", [
  [1, "name", "string"],
  [2, "version", "string"],
  [3, "extensions", "string", list],
]);

/** One word, yes or no: the answers about life and readiness. */
export const yes = schema("inference.ServerLiveResponse", [[1, "live", "bool"]]);
