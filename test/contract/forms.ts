/** Rows of numbers as messages of each protocol over each transport, made without the engine's codecs. */
import { decode, encode } from "../runtime/protocol/messages.ts";

export type Row = readonly number[];

export type Form = {
  /** What a client sends. */
  request(row: Row): Buffer;
  /** What a container finds in a request. */
  heard(message: Buffer): Row;
  /** What a router finds: over REST it is asked with the message as it is, be it a node's answer. */
  weighed(message: Buffer): Row;
  /** What a container answers. */
  answer(row: Row): Buffer;
  /** What a client finds in an answer. */
  read(message: Buffer): Row;
  /** What a router answers. */
  route(child: number): Buffer;
  /** What a combiner finds in its request, child by child. */
  rows(message: Buffer): readonly Row[];
};

/** What JSON.parse and protobufjs make of a message; a test fails on what is not there. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a message is what these tests are about
type Loose = any;

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const parse = (bytes: Buffer): Loose => JSON.parse(bytes.toString());
const shape = (row: Row): Row => [1, row.length];

const seldonMessage = (row: Row): object => ({ data: { names: ["a"], ndarray: [row] } });
const seldonRow = (message: Loose): Row => {
  const { ndarray, tensor } = message.data;
  return ndarray?.[0] ?? tensor.values;
};

const seldonRest: Form = {
  request: (row) => json(seldonMessage(row)),
  heard: (message) => seldonRow(parse(message)),
  weighed: (message) => seldonRow(parse(message)),
  answer: (row) => json(seldonMessage(row)),
  read: (message) => seldonRow(parse(message)),
  route: (child) => json({ data: { ndarray: [child] } }),
  rows: (message) => parse(message).map(seldonRow),
};

const seldonName = "seldon.protos.SeldonMessage";
const seldonProto = (row: Row): Buffer =>
  encode(seldonName, { data: { tensor: { shape: shape(row), values: row } } });
const seldonProtoRow = (message: Buffer): Row => seldonRow(decode(seldonName, message));

const seldonGrpc: Form = {
  request: seldonProto,
  heard: seldonProtoRow,
  weighed: seldonProtoRow,
  answer: seldonProto,
  read: seldonProtoRow,
  route: (child) => seldonProto([child]),
  rows: (message) => {
    const list: Loose = decode("seldon.protos.SeldonMessageList", message);
    return list.seldonMessages.map(seldonRow);
  },
};

const tensor = (row: Row): object => ({
  name: "x",
  datatype: "FP64",
  shape: shape(row),
  data: row,
});

const openInferenceRest: Form = {
  request: (row) => json({ id: "7", inputs: [tensor(row)] }),
  heard: (message) => parse(message).inputs[0].data,
  weighed: (message) => {
    const { inputs, outputs } = parse(message);
    return (inputs ?? outputs)[0].data;
  },
  answer: (row) => json({ model_name: "any", outputs: [tensor(row)] }),
  read: (message) => parse(message).outputs[0].data,
  route: (child) => json({ outputs: [{ ...tensor([child]), datatype: "INT32" }] }),
  rows: (message) => parse(message).map((one: Loose) => one.outputs[0].data),
};

const typed = (row: Row): object => ({
  name: "x",
  datatype: "FP64",
  shape: shape(row),
  contents: { fp64_contents: row },
});
const inferRequest = "inference.ModelInferRequest";
const inferResponse = "inference.ModelInferResponse";

const inferRow = (message: Buffer): Row =>
  (decode(inferRequest, message) as Loose).inputs[0].contents.fp64_contents;

const openInferenceGrpc: Form = {
  request: (row) => encode(inferRequest, { id: "7", inputs: [typed(row)] }),
  heard: inferRow,
  weighed: inferRow,
  answer: (row) => encode(inferResponse, { model_name: "any", outputs: [typed(row)] }),
  read: (message) => (decode(inferResponse, message) as Loose).outputs[0].contents.fp64_contents,
  route: (child) =>
    encode(inferResponse, {
      outputs: [
        { name: "r", datatype: "INT64", shape: [1], contents: { int64_contents: [child] } },
      ],
    }),
  rows: (message) => {
    const { inputs }: Loose = decode(inferRequest, message);
    return inputs.map((one: Loose, child: number) => {
      if (Number(one.parameters["espalier.child"].int64_param) !== child) {
        throw new Error(`tensor ${child} does not say whose it is`);
      }
      return one.contents.fp64_contents;
    });
  },
};

const tensorflowRest: Form = {
  request: (row) => json({ signature_name: "s", instances: [row] }),
  heard: (message) => parse(message).instances[0],
  weighed: (message) => {
    const { instances, predictions } = parse(message);
    return (instances ?? predictions)[0];
  },
  answer: (row) => json({ predictions: [row] }),
  read: (message) => parse(message).predictions[0],
  route: (child) => json({ predictions: [[child]] }),
  rows: (message) => parse(message).map((one: Loose) => one.predictions[0]),
};

const predictRequest = "tensorflow.serving.PredictRequest";
const predictResponse = "tensorflow.serving.PredictResponse";
const doubles = (row: Row): object => ({
  dtype: "DT_DOUBLE",
  tensor_shape: { dim: [{ size: 1 }, { size: row.length }] },
  double_val: row,
});
const doublesOf = (one: Loose): Row =>
  one.double_val ?? [...new Float64Array(Buffer.from(one.tensor_content, "base64"))];

const predictRow = (message: Buffer): Row =>
  doublesOf((decode(predictRequest, message) as Loose).inputs.x);

const tensorflowGrpc: Form = {
  request: (row) => encode(predictRequest, { inputs: { x: doubles(row) } }),
  heard: predictRow,
  weighed: predictRow,
  answer: (row) => encode(predictResponse, { outputs: { x: doubles(row) } }),
  read: (message) => {
    const { outputs }: Loose = decode(predictResponse, message);
    return doublesOf(Object.values(outputs)[0]);
  },
  route: (child) => encode(predictResponse, { outputs: { r: doubles([child]) } }),
  rows: (message) => {
    const { inputs }: Loose = decode(predictRequest, message);
    return Object.keys(inputs)
      .sort()
      .map((key, child) => {
        if (key !== `${child}/x`) throw new Error(`tensor "${key}" is not "${child}/x"`);
        return doublesOf(inputs[key]);
      });
  },
};

export type Protocol = "seldon" | "v2" | "tensorflow";
export type Transport = "REST" | "gRPC";

export const forms: Readonly<Record<Protocol, Readonly<Record<Transport, Form>>>> = {
  seldon: { REST: seldonRest, gRPC: seldonGrpc },
  v2: { REST: openInferenceRest, gRPC: openInferenceGrpc },
  tensorflow: { REST: tensorflowRest, gRPC: tensorflowGrpc },
};
