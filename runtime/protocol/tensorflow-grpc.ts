/** Protocol `tensorflow` over gRPC. Source: engine contract, 3.4. */
import type { GrpcProtocol, GrpcRpc } from "./grpc.ts";
import type { Verb } from "./protocol.ts";
import { tensorflowProto } from "./tensorflow-proto.ts";
import { bytesOf, textOf } from "./wire.ts";
import { lengthField, textField, varintField } from "./wire-write.ts";

const prediction = "/tensorflow.serving.PredictionService";
const models = "/tensorflow.serving.ModelService";
const nothing = Buffer.alloc(0);

/** The name in a request's `model_spec`, field 1 of all of them. */
const specName = (body: Buffer): string => {
  const spec = bytesOf(body, 1);
  return spec === undefined ? "" : textOf(spec, 1);
};

const named = { model: specName, tellsId: false };

const rpcs: readonly GrpcRpc[] = [
  {
    path: `${prediction}/Predict`,
    action: "predict",
    message: "tensorflow.serving.PredictRequest",
    ...named,
  },
  {
    path: `${prediction}/Classify`,
    action: "predict",
    message: "tensorflow.serving.ClassificationRequest",
    ...named,
  },
  {
    path: `${prediction}/MultiInference`,
    action: "predict",
    message: "tensorflow.serving.MultiInferenceRequest",
    tellsId: false,
  },
  {
    path: `${prediction}/Regress`,
    action: "predict",
    message: "tensorflow.serving.RegressionRequest",
    ...named,
  },
  {
    path: `${prediction}/GetModelMetadata`,
    action: "unit-metadata",
    message: "tensorflow.serving.GetModelMetadataRequest",
    ...named,
  },
  {
    path: `${models}/GetModelStatus`,
    action: "unit-status",
    message: "tensorflow.serving.GetModelStatusRequest",
    ...named,
  },
  {
    path: `${models}/HandleReloadConfigRequest`,
    action: "refuse",
    message: "tensorflow.serving.ReloadConfigRequest",
    tellsId: false,
  },
];

/** By the type of the request, the method that takes it and the type it answers. */
const predictions: Readonly<Record<string, readonly [method: string, answer: string]>> = {
  "tensorflow.serving.PredictRequest": ["Predict", "tensorflow.serving.PredictResponse"],
  "tensorflow.serving.ClassificationRequest": [
    "Classify",
    "tensorflow.serving.ClassificationResponse",
  ],
  "tensorflow.serving.MultiInferenceRequest": [
    "MultiInference",
    "tensorflow.serving.MultiInferenceResponse",
  ],
  "tensorflow.serving.RegressionRequest": ["Regress", "tensorflow.serving.RegressionResponse"],
};

const carriesTensors = new Set<Verb>([
  "predict",
  "transform-input",
  "transform-output",
  "route",
  "aggregate",
]);

export const makeTensorflowGrpc = (): GrpcProtocol => ({
  codec: tensorflowProto,
  rpcs,
  streams: [],
  nodeCall: (verb, payload) => {
    const body = payload?.body ?? nothing;
    if (verb === "status") {
      const answer = "tensorflow.serving.GetModelStatusResponse";
      return { rpc: `${models}/GetModelStatus`, body, answer };
    }
    if (verb === "metadata") {
      const answer = "tensorflow.serving.GetModelMetadataResponse";
      return { rpc: `${prediction}/GetModelMetadata`, body, answer };
    }
    const found = predictions[payload?.message ?? ""];
    if (found === undefined || !carriesTensors.has(verb)) return undefined;
    return { rpc: `${prediction}/${found[0]}`, body, answer: found[1] };
  },
  describe: (verb, { name }) =>
    verb === "status"
      ? // One version, AVAILABLE (30).
        Buffer.concat(lengthField(1, [...varintField(1, 1), ...varintField(2, 30)]))
      : Buffer.concat(lengthField(1, textField(1, name))),
  server: () => nothing,
  emptyAnswer: nothing,
  // The wording is part of the interface. Source: engine contract, 3.4.
  refusal: "Not implemented",
});
