/** The messages of protocol `seldon`. Source: engine contract, 4.2 and 4.3. */
import { list, map, schema } from "./proto-schema.ts";

const content = { oneof: "data_oneof" } as const;
const seldon = (name: string): string => `seldon.protos.${name}`;

const status = schema(seldon("Status"), [
  [1, "code", "int32"],
  [2, "info", "string"],
  [3, "reason", "string"],
  [4, "status", { words: { SUCCESS: 0, FAILURE: 1 } }],
]);

const metric = schema(seldon("Metric"), [
  [1, "key", "string"],
  [2, "type", { words: { COUNTER: 0, GAUGE: 1, TIMER: 2 } }],
  [3, "value", "float"],
  [4, "tags", "string", map],
]);

const meta = schema(seldon("Meta"), [
  [1, "puid", "string"],
  [2, "tags", "value", map],
  [3, "routing", "int32", map],
  [4, "requestPath", "string", map],
  [5, "metrics", { message: metric }, list],
]);

const tensor = schema(seldon("Tensor"), [
  [1, "shape", "int32", list],
  [2, "values", "double", list],
]);

const dtypes = [
  ...["INVALID", "FLOAT", "DOUBLE", "INT32", "UINT8", "INT16", "INT8", "STRING", "COMPLEX64"],
  ...["INT64", "BOOL", "QINT8", "QUINT8", "QINT32", "BFLOAT16", "QINT16", "QUINT16", "UINT16"],
  ...["COMPLEX128", "HALF", "RESOURCE", "VARIANT", "UINT32", "UINT64"],
];

const dimension = schema("tensorflow.TensorShapeProto.Dim", [
  [1, "size", "int64"],
  [2, "name", "string"],
]);

const tensorShape = schema("tensorflow.TensorShapeProto", [
  [2, "dim", { message: dimension }, list],
  [3, "unknownRank", "bool"],
]);

/** Without resources and variants, which are no data. */
const tensorProto = schema("tensorflow.TensorProto", [
  [1, "dtype", { words: Object.fromEntries(dtypes.map((name, i) => [`DT_${name}`, i])) }],
  [2, "tensorShape", { message: tensorShape }],
  [3, "versionNumber", "int32"],
  [4, "tensorContent", "bytes"],
  [5, "floatVal", "float", list],
  [6, "doubleVal", "double", list],
  [7, "intVal", "int32", list],
  [8, "stringVal", "bytes", list],
  [9, "scomplexVal", "float", list],
  [10, "int64Val", "int64", list],
  [11, "boolVal", "bool", list],
  [12, "dcomplexVal", "double", list],
  [13, "halfVal", "int32", list],
  [16, "uint32Val", "uint32", list],
  [17, "uint64Val", "uint64", list],
]);

const defaultData = schema(seldon("DefaultData"), [
  [1, "names", "string", list],
  [2, "tensor", { message: tensor }, content],
  [3, "ndarray", "list", content],
  [4, "tftensor", { message: tensorProto }, content],
]);

/** google.protobuf.Any: its message stays as the bytes that it is. */
const any = schema("google.protobuf.Any", [
  [1, "@type", "string"],
  [2, "value", "bytes"],
]);

export const seldonMessage = schema(seldon("SeldonMessage"), [
  [1, "status", { message: status }],
  [2, "meta", { message: meta }],
  [3, "data", { message: defaultData }, content],
  [4, "binData", "bytes", content],
  [5, "strData", "string", content],
  [6, "jsonData", "value", content],
  [7, "customData", { message: any }, content],
]);

export const seldonMessageList = schema(seldon("SeldonMessageList"), [
  [1, "seldonMessages", { message: seldonMessage }, list],
]);

export const feedback = schema(seldon("Feedback"), [
  [1, "request", { message: seldonMessage }],
  [2, "response", { message: seldonMessage }],
  [3, "reward", "float"],
  [4, "truth", { message: seldonMessage }],
]);

const messageMetadata = schema(seldon("SeldonMessageMetadata"), [
  [1, "messagetype", "string"],
  [2, "schema", "value"],
  [3, "name", "string"],
  [4, "datatype", "string"],
  [5, "shape", "int64", list],
]);

export const modelMetadata = schema(seldon("SeldonModelMetadata"), [
  [1, "name", "string"],
  [2, "versions", "string", list],
  [3, "platform", "string"],
  [4, "inputs", { message: messageMetadata }, list],
  [5, "outputs", { message: messageMetadata }, list],
  [6, "custom", "string", map],
]);
