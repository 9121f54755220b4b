/** The service of the protocol `v2` over gRPC. Source: Open Inference Protocol, gRPC; engine contract, 5.3. */

import type { Schema } from "../protocol/proto-schema.ts";
import type { Inference } from "./inference.ts";
import { readInferRequest, splitByChild, writeInferResponse } from "./inference-proto.ts";
import { serverMetadata } from "./inference-rest.ts";
import { modelMetadataResponse, serverMetadataResponse, yes } from "./inference-schema.ts";
import { writeMessage } from "./proto-write.ts";

/** The bytes of a request in, those of its answer out. */
type Answer = (body: Buffer) => Promise<Buffer>;

const written = (message: object, schema: Schema): Buffer =>
  Buffer.concat(writeMessage(message, schema));

const answerYes = (is: boolean): Buffer => written({ live: is }, yes);

export const inferenceAnswers = (inference: Inference): readonly (readonly [string, Answer])[] => {
  const ready: Answer = async () => answerYes((await inference.readiness()) === undefined);
  const answers: Readonly<Record<string, Answer>> = {
    ServerLive: async () => answerYes(true),
    ServerReady: ready,
    ServerMetadata: async () => written(serverMetadata, serverMetadataResponse),
    ModelReady: ready,
    ModelMetadata: async () => written(inference.metadata(), modelMetadataResponse),
    ModelInfer: async (body) => {
      const { request, raw } = readInferRequest(body);
      const requests = inference.combines ? splitByChild(request) : [request];
      return writeInferResponse(await inference.infer("infer", requests, "grpc"), raw);
    },
  };
  return Object.entries(answers).map(([method, answer]) => [
    `/inference.GRPCInferenceService/${method}`,
    answer,
  ]);
};
