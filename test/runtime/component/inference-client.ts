/** Clients of the protocol v2, one for each way in which tensors travel, of one shape. */
import type { Client } from "@grpc/grpc-js";
import { decode, encode, ours } from "../protocol/messages.ts";
import { callBytes } from "./grpc-client.ts";

export type PlainTensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
  readonly parameters?: Readonly<Record<string, unknown>>;
};

export type PlainRequest = {
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly PlainTensor[];
  readonly outputs?: readonly { readonly name: string }[];
};

export type Asked = { readonly status: "ok" | "refused" | "failed"; readonly text: string };

export type PlainReply = Asked & {
  readonly model_name?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly outputs: readonly PlainTensor[];
};

export type Ask = (request: PlainRequest, path?: string) => Promise<PlainReply>;

type Raw = {
  readonly size: number;
  readonly write: (bytes: Buffer, value: never, at: number) => unknown;
  readonly read: (bytes: Buffer, at: number) => unknown;
};

/** Independent of the code under test: DataView-like methods of Buffer by datatype. */
const raws: Readonly<Record<string, Raw>> = {
  BOOL: { size: 1, write: (b, v, at) => b.writeUInt8(Number(v), at), read: (b, at) => b[at] === 1 },
  INT8: { size: 1, write: (b, v, at) => b.writeInt8(v, at), read: (b, at) => b.readInt8(at) },
  UINT16: {
    size: 2,
    write: (b, v, at) => b.writeUInt16LE(v, at),
    read: (b, at) => b.readUInt16LE(at),
  },
  INT32: {
    size: 4,
    write: (b, v, at) => b.writeInt32LE(v, at),
    read: (b, at) => b.readInt32LE(at),
  },
  INT64: {
    size: 8,
    write: (b, v, at) => b.writeBigInt64LE(BigInt(v), at),
    read: (b, at) => Number(b.readBigInt64LE(at)),
  },
  UINT64: {
    size: 8,
    write: (b, v, at) => b.writeBigUInt64LE(BigInt(v), at),
    read: (b, at) => Number(b.readBigUInt64LE(at)),
  },
  FP32: { size: 4, write: (b, v, at) => b.writeFloatLE(v, at), read: (b, at) => b.readFloatLE(at) },
  FP64: {
    size: 8,
    write: (b, v, at) => b.writeDoubleLE(v, at),
    read: (b, at) => b.readDoubleLE(at),
  },
};

const toRaw = ({ datatype, data }: PlainTensor): Buffer => {
  if (datatype === "BYTES") {
    return Buffer.concat(
      data.flatMap((value) => {
        const bytes = Buffer.from(String(value));
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return [length, bytes];
      }),
    );
  }
  const raw = Object.hasOwn(raws, datatype) ? raws[datatype] : undefined;
  if (raw === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(data.length * raw.size);
  data.forEach((value, i) => {
    raw.write(bytes, value as never, i * raw.size);
  });
  return bytes;
};

const fromRaw = (bytes: Buffer, datatype: string): unknown[] => {
  const found: unknown[] = [];
  const raw = raws[datatype];
  for (let at = 0; at < bytes.length; ) {
    if (datatype === "BYTES") {
      const end = at + 4 + bytes.readUInt32LE(at);
      found.push(bytes.toString("utf8", at + 4, end));
      at = end;
      continue;
    }
    if (raw === undefined) throw new Error(`no raw ${datatype}`);
    found.push(raw.read(bytes, at));
    at += raw.size;
  }
  return found;
};

const restReply = async (answer: Response): Promise<PlainReply> => {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const jsonBytes = Number(answer.headers.get("inference-header-content-length") ?? bytes.length);
  const json = JSON.parse(bytes.toString("utf8", 0, jsonBytes));
  if (answer.status !== 200) {
    return { status: answer.status < 500 ? "refused" : "failed", text: json.error, outputs: [] };
  }
  let at = jsonBytes;
  const outputs = json.outputs.map((output: PlainTensor & { parameters?: object }) => {
    const { binary_data_size: size, ...parameters } = { ...output.parameters } as Record<
      string,
      unknown
    >;
    const own = { ...output, parameters };
    if (size === undefined) return own;
    at += Number(size);
    return { ...own, data: fromRaw(bytes.subarray(at - Number(size), at), output.datatype) };
  });
  return { ...json, status: "ok", text: "", outputs: outputs.map(tidy) };
};

/** Without parameters that are empty. */
const tidy = ({ parameters = {}, ...tensor }: PlainTensor): PlainTensor =>
  Object.keys(parameters).length === 0 ? tensor : { ...tensor, parameters };

export const askJson =
  (url: string): Ask =>
  async (request, path = "/v2/models/unit/infer") =>
    restReply(
      await fetch(url + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(request),
      }),
    );

export const askBinary =
  (url: string): Ask =>
  async (request, path = "/v2/models/unit/infer") => {
    const binary = request.inputs.map(toRaw);
    const inputs = request.inputs.map(({ data, parameters, ...input }, i) => ({
      ...input,
      parameters: { ...parameters, binary_data_size: binary[i]?.length },
    }));
    const parameters = { ...request.parameters, binary_data_output: true };
    const json = Buffer.from(JSON.stringify({ ...request, parameters, inputs }));
    return restReply(
      await fetch(url + path, {
        method: "POST",
        headers: { "Inference-Header-Content-Length": String(json.length) },
        body: Buffer.concat([json, ...binary]),
      }),
    );
  };

const lists: Readonly<Record<string, string>> = {
  BOOL: "bool_contents",
  INT8: "int_contents",
  UINT16: "uint_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  UINT64: "uint64_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};

const parametersOut = (parameters: Readonly<Record<string, unknown>> = {}): object =>
  Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => {
      if (typeof value === "boolean") return [key, { bool_param: value }];
      return [key, typeof value === "number" ? { int64_param: value } : { string_param: value }];
    }),
  );

const parametersIn = (parameters: Readonly<Record<string, object>> = {}): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [key, Object.values(value)[0]]),
  );

const requestName = "inference.ModelInferRequest";
const responseName = "inference.ModelInferResponse";

const contentsOf = ({ datatype, data }: PlainTensor): object => ({
  [lists[datatype] ?? ""]:
    datatype === "BYTES"
      ? data.map((value) => Buffer.from(String(value)).toString("base64"))
      : data,
});

type DecodedTensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape?: readonly number[];
  readonly parameters?: Readonly<Record<string, object>>;
  readonly contents?: Readonly<Record<string, readonly unknown[]>>;
};

type Decoded = {
  readonly model_name?: string;
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly outputs?: readonly DecodedTensor[];
  readonly raw_output_contents?: readonly string[];
};

const outputOf = (output: DecodedTensor, raw: string | undefined): PlainTensor => {
  const { name, datatype, shape = [], parameters, contents = {} } = output;
  const values = contents[lists[datatype] ?? ""] ?? [];
  const fromBase64 = (value: unknown): string => Buffer.from(String(value), "base64").toString();
  const typed = datatype === "BYTES" ? values.map(fromBase64) : values;
  return tidy({
    name,
    datatype,
    shape,
    data: raw === undefined ? typed : fromRaw(Buffer.from(raw, "base64"), datatype),
    parameters: parametersIn(parameters),
  });
};

const askGrpc =
  (client: Client, isRaw: boolean): Ask =>
  async ({ inputs, outputs = [], parameters, id = "" }) => {
    const message = {
      model_name: "unit",
      id,
      parameters: parametersOut(parameters),
      outputs,
      inputs: inputs.map((input) => ({
        name: input.name,
        datatype: input.datatype,
        shape: input.shape,
        parameters: parametersOut(input.parameters),
        ...(isRaw ? {} : { contents: contentsOf(input) }),
      })),
      raw_input_contents: isRaw ? inputs.map((input) => toRaw(input).toString("base64")) : [],
    };
    const path = "/inference.GRPCInferenceService/ModelInfer";
    const { code, details, body } = await callBytes(client, path, encode(requestName, message));
    if (code !== 0)
      return { status: code === 3 ? "refused" : "failed", text: details, outputs: [] };
    const reply = decode(responseName, body) as Decoded;
    const { outputs: tensors = [], raw_output_contents: raw, parameters: told, ...head } = reply;
    return {
      ...head,
      ...(told === undefined ? {} : { parameters: parametersIn(told) }),
      status: "ok",
      text: "",
      outputs: tensors.map((output, i) => outputOf(output, raw?.[i])),
    };
  };

/** The four ways, by name. */
export const makeAsks = (url: string, client: Client): Readonly<Record<string, Ask>> => ({
  "REST with JSON": askJson(url),
  "REST with binary tensors": askBinary(url),
  "gRPC with typed contents": askGrpc(client, false),
  "gRPC with raw contents": askGrpc(client, true),
});

export const ways = Object.keys(makeAsks("", {} as Client));

/** A unary call of the service with protobufjs's plain forms. */
export const callInference = async (
  client: Client,
  method: string,
  plain: object = {},
): Promise<{ readonly code: number; readonly message: Record<string, unknown> }> => {
  const request = ours.lookupType(`inference.${method}Request`).fullName.slice(1);
  const path = `/inference.GRPCInferenceService/${method}`;
  const { code, body } = await callBytes(client, path, encode(request, plain));
  return { code, message: decode(`inference.${method}Response`, body) };
};
