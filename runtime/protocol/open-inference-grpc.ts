/** Protocol `v2`, the Open Inference Protocol, over gRPC. Source: engine contract, 3.5; deviation E8. */
import type { End } from "../nodes/node.ts";
import type { GrpcProtocol, GrpcRpc } from "./grpc.ts";
import { openInferenceProto } from "./open-inference-proto.ts";
import type { Verb } from "./protocol.ts";
import { textOf } from "./wire.ts";
import { integersField, lengthField, type Pieces, textField, varintField } from "./wire-write.ts";

const service = "/inference.GRPCInferenceService";
const nothing = Buffer.alloc(0);
const firstText = (body: Buffer): string => textOf(body, 1);

const own = (method: string, action: GrpcRpc["action"], more: Partial<GrpcRpc> = {}): GrpcRpc => ({
  path: `${service}/${method}`,
  action,
  message: `inference.${method}Request`,
  tellsId: false,
  ...more,
});

const rpcs: readonly GrpcRpc[] = [
  own("ModelInfer", "predict", { model: firstText, tellsId: true }),
  own("ModelReady", "unit-status", { model: firstText, tellsId: true }),
  own("ModelMetadata", "unit-metadata", { model: firstText, tellsId: true }),
  own("ServerLive", "server-live"),
  own("ServerReady", "server-ready"),
  own("ServerMetadata", "server-metadata"),
];

const endPieces = ({ name, datatype, shape }: End): Pieces => [
  ...textField(1, name),
  ...textField(2, datatype),
  ...integersField(3, shape),
];

/** Every kind of node is asked by ModelInfer: v2 has no other RPC that carries tensors. */
const nodeRpcs: Readonly<Partial<Record<Verb, string>>> = {
  predict: "ModelInfer",
  "transform-input": "ModelInfer",
  "transform-output": "ModelInfer",
  route: "ModelInfer",
  aggregate: "ModelInfer",
  status: "ModelReady",
  metadata: "ModelMetadata",
};

export const makeOpenInferenceGrpc = (version: string): GrpcProtocol => ({
  codec: openInferenceProto,
  rpcs,
  streams: [`${service}/ModelStreamInfer`],
  nodeCall: (verb, payload) => {
    const method = nodeRpcs[verb];
    if (method === undefined) return undefined;
    return {
      rpc: `${service}/${method}`,
      body: payload?.body ?? nothing,
      answer: `inference.${method}Response`,
    };
  },
  describe: (verb, { name, implementation, inputs, outputs }) =>
    verb === "status"
      ? Buffer.concat(varintField(1, 1))
      : Buffer.concat([
          ...textField(1, name),
          ...textField(2, implementation),
          ...textField(3, "espalier"),
          ...inputs.flatMap((end) => lengthField(4, endPieces(end))),
          ...outputs.flatMap((end) => lengthField(5, endPieces(end))),
        ]),
  server: (action, ready) => {
    if (action !== "server-metadata") return ready ? Buffer.concat(varintField(1, 1)) : nothing;
    return Buffer.concat([
      ...textField(1, "espalier"),
      ...textField(2, version),
      ...textField(3, "binary_tensor_data"),
    ]);
  },
  emptyAnswer: nothing,
  refusal: "not offered",
});
