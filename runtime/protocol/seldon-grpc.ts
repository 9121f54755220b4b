/** Protocol `seldon` over gRPC. Source: engine contract, 4 and 5.3. */
import type { End } from "../nodes/node.ts";
import type { GraphMetadataParts, GrpcProtocol, GrpcRpc } from "./grpc.ts";
import type { Verb } from "./protocol.ts";
import { seldonProto } from "./seldon-proto.ts";
import { fields, LENGTH, slice, textOf } from "./wire.ts";
import { integersField, lengthField, type Pieces, textField } from "./wire-write.ts";

const message = "seldon.protos.SeldonMessage";
const nothing = Buffer.alloc(0);

/** Of every protocol whose graph learns. */
export const feedbackRpc: GrpcRpc = {
  path: "/seldon.protos.Seldon/SendFeedback",
  action: "feedback",
  message: "seldon.protos.Feedback",
  tellsId: true,
};

const rpcs: readonly GrpcRpc[] = [
  { path: "/seldon.protos.Seldon/Predict", action: "predict", message, tellsId: true },
  feedbackRpc,
  {
    path: "/seldon.protos.Seldon/ModelMetadata",
    action: "unit-metadata",
    message: "seldon.protos.SeldonModelMetadataRequest",
    model: (body) => textOf(body, 1),
    tellsId: false,
  },
  {
    path: "/seldon.protos.Seldon/GraphMetadata",
    action: "graph-metadata",
    message: "google.protobuf.Empty",
    tellsId: false,
  },
];

/** Feedback goes to `Model` whatever the node's kind, routers included. */
const nodeRpcs: Readonly<Partial<Record<Verb, string>>> = {
  predict: "/seldon.protos.Model/Predict",
  "transform-input": "/seldon.protos.Transformer/TransformInput",
  "transform-output": "/seldon.protos.OutputTransformer/TransformOutput",
  route: "/seldon.protos.Router/Route",
  aggregate: "/seldon.protos.Combiner/Aggregate",
  "send-feedback": "/seldon.protos.Model/SendFeedback",
  metadata: "/seldon.protos.Model/Metadata",
};

export const makeSeldonGrpc = (): GrpcProtocol => ({
  codec: seldonProto,
  rpcs,
  streams: [],
  nodeCall: (verb, payload) => {
    const rpc = nodeRpcs[verb];
    if (rpc === undefined) return undefined;
    // A unit is asked for its metadata with an Empty, whatever the client sent.
    return verb === "metadata"
      ? { rpc, body: nothing, answer: "seldon.protos.SeldonModelMetadata" }
      : { rpc, body: payload?.body ?? nothing, answer: message };
  },
  describe,
  graphMetadata,
  server: () => nothing,
  emptyAnswer: nothing,
  refusal: "not offered",
});

/** A SeldonModelMetadata. */
const describe: GrpcProtocol["describe"] = (
  _verb,
  { name, implementation, inputs, outputs, custom },
) =>
  Buffer.concat([
    ...textField(1, name),
    ...textField(2, implementation),
    ...textField(3, "espalier"),
    ...inputs.flatMap((end) => lengthField(4, endPieces(end))),
    ...outputs.flatMap((end) => lengthField(5, endPieces(end))),
    ...Object.entries(custom).flatMap(([key, value]) =>
      lengthField(6, [...textField(1, key), ...textField(2, value)]),
    ),
  ]);

const endPieces = ({ name, datatype, shape }: End): Pieces => [
  ...textField(3, name),
  ...textField(4, datatype),
  ...integersField(5, shape),
];

/** A SeldonGraphMetadata: units as they describe themselves, and the ends of the graph. */
const graphMetadata = ({ predictor, models, inputsOf, outputsOf }: GraphMetadataParts): Buffer => {
  const parts: Pieces[] = [textField(1, predictor)];
  for (const [name, metadata] of models) {
    parts.push(lengthField(2, [...textField(1, name), ...lengthField(2, [metadata])]));
  }
  parts.push(...copies(models.get(inputsOf), { from: 4, to: 3 }));
  parts.push(...copies(models.get(outputsOf), { from: 5, to: 4 }));
  return Buffer.concat(parts.flat());
};

const copies = (
  metadata: Buffer | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): readonly Pieces[] => {
  if (metadata === undefined) return [];
  return [...fields(metadata)]
    .filter(({ number, wire }) => number === from && wire === LENGTH)
    .map((field) => lengthField(to, [slice(metadata, field)]));
};
