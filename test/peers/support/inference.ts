/** The same inference by several clients of the Open Inference Protocol. */
import { ask, postJson } from "./ask.ts";
import type { PythonClients } from "./clients.ts";

export type Tensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
};

export type Inference = {
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly { readonly name: string }[];
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, string | boolean>>;
};

export type Inferred =
  | { readonly ok: true; readonly tensors: readonly Tensor[]; readonly id: string | undefined }
  | { readonly ok: false; readonly code: number | string; readonly told: unknown };

export type Server = { readonly url: string; readonly grpc: string };

/** `model` is empty for the whole graph, with every node under its own name. */
export type Infer = (server: Server, inference: Inference, model?: string) => Promise<Inferred>;

type RestAnswer = { readonly id?: string; readonly outputs: readonly Tensor[] };

/** JSON. */
export const inferRest: Infer = async ({ url }, inference, model = "") => {
  const path = model === "" ? "/v2/models/infer" : `/v2/models/${model}/infer`;
  const { status, body } = await postJson(`${url}${path}`, inference);
  if (status !== 200) return { ok: false, code: status, told: body };
  const { id, outputs } = body as RestAnswer; // an answer, or the test fails
  return { ok: true, tensors: outputs.map(bare), id };
};

const bare = ({ name, datatype, shape, data }: Tensor): Tensor => ({
  name,
  datatype,
  shape,
  data,
});

/** Where a tensor's values stand in a message. Source: engine contract, 3.5. */
const contents: Readonly<Record<string, string>> = {
  BOOL: "bool_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  UINT8: "uint_contents",
  UINT64: "uint64_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};

type GrpcTensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape?: readonly string[];
  readonly contents?: Readonly<Record<string, readonly (number | string | boolean)[]>>;
};
type GrpcAnswer =
  | { readonly code: "OK"; readonly message: { readonly id?: string; outputs: GrpcTensor[] } }
  | { readonly code: string; readonly details: string };

/** Messages of MLServer's stubs, their values typed. */
export const makeInferGrpc =
  (clients: PythonClients, metadata: Readonly<Record<string, string>> = {}): Infer =>
  async ({ grpc }, { inputs, parameters = {}, ...rest }, model = "") => {
    const told = await clients.ask({
      call: "rpc",
      target: grpc,
      method: "ModelInfer",
      metadata,
      message: {
        ...rest,
        model_name: model,
        parameters: Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [
            name,
            typeof value === "string" ? { string_param: value } : { bool_param: value },
          ]),
        ),
        inputs: inputs.map(({ data, ...tensor }) => ({
          ...tensor,
          contents: { [contents[tensor.datatype] ?? ""]: encoded(tensor.datatype, data) },
        })),
      },
    });
    const answer = told as GrpcAnswer; // written by mlserver_clients.py
    if (!("message" in answer)) return { ok: false, code: answer.code, told: answer.details };
    return { ok: true, tensors: answer.message.outputs.map(typed), id: answer.message.id };
  };

const encoded = (datatype: string, data: Tensor["data"]): Tensor["data"] =>
  datatype === "BYTES" ? data.map((text) => Buffer.from(String(text)).toString("base64")) : data;

const typed = ({ name, datatype, shape = [], contents: values = {} }: GrpcTensor): Tensor => ({
  name,
  datatype,
  shape: shape.map(Number),
  data: (Object.values(values)[0] ?? []).map((value) => {
    if (datatype === "BYTES") return Buffer.from(String(value), "base64").toString();
    return typeof value === "string" ? Number(value) : value; // JSON has no 64-bit integers
  }),
});

type TritonAnswer =
  | {
      readonly values: Readonly<Record<string, unknown>>;
      readonly response: {
        readonly id?: string;
        readonly outputs: readonly (GrpcTensor & { readonly shape?: readonly unknown[] })[];
      };
    }
  | { readonly status: string; readonly message: string };

/** Triton's client; over gRPC its values are raw, over HTTP they are if `binary` says so. */
export const makeInferTriton =
  (clients: PythonClients, transport: "http" | "grpc", binary = false): Infer =>
  async (server, { inputs, outputs, ...rest }, model = "") => {
    const told = await clients.ask({
      ...{ call: "infer", transport, model, ...rest },
      url: transport === "http" ? new URL(server.url).host : server.grpc,
      inputs: inputs.map((input) => ({ ...input, binary })),
      ...(outputs && { outputs: outputs.map((output) => ({ ...output, binary })) }),
    });
    const answer = told as TritonAnswer; // written by triton_clients.py
    if (!("values" in answer)) return { ok: false, code: answer.status, told: answer.message };
    const { values, response } = answer;
    return {
      ok: true,
      id: response.id,
      tensors: response.outputs.map(({ name, datatype, shape = [] }) => ({
        name,
        datatype,
        shape: shape.map(Number),
        data: [values[name]].flat(9) as Tensor["data"], // numpy's nested lists
      })),
    };
  };

/** The events of a stream, as they came. */
export const streamRest = async (
  { url }: Server,
  inference: Inference,
  model: string,
): Promise<{ status: number; type: string | null; events: readonly RestAnswer[] }> => {
  const { status, headers, body } = await ask(`${url}/v2/models/${model}/infer_stream`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(inference),
  });
  const events = String(body)
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => JSON.parse(event.slice("data: ".length)));
  return { status, type: headers.get("content-type"), events };
};
