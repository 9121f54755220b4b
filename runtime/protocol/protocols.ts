import { version } from "../../api/version.ts";
import type { GrpcProtocol } from "./grpc.ts";
import { makeOpenInferenceGrpc } from "./open-inference-grpc.ts";
import { makeOpenInferenceRest } from "./open-inference-rest.ts";
import type { RestProtocol } from "./protocol.ts";
import { makeSeldonGrpc } from "./seldon-grpc.ts";
import { makeSeldonRest } from "./seldon-rest.ts";
import { makeTensorflowGrpc } from "./tensorflow-grpc.ts";
import { makeTensorflowRest } from "./tensorflow-rest.ts";

/** One protocol over both transports. */
export type Protocol = { readonly rest: RestProtocol; readonly grpc: GrpcProtocol };

/** Makes a protocol for a limit on unpacked messages. */
export type MakeProtocol = (limitBytes: number) => Protocol;

const openInference: MakeProtocol = (limitBytes) => ({
  rest: makeOpenInferenceRest(limitBytes, version),
  grpc: makeOpenInferenceGrpc(version),
});

/** The protocols by the word that `--protocol` takes. Source: engine contract, 1.1. */
export const protocols: Readonly<Record<string, MakeProtocol>> = {
  seldon: (limitBytes) => ({ rest: makeSeldonRest(limitBytes), grpc: makeSeldonGrpc() }),
  v2: openInference,
  kfserving: openInference,
  tensorflow: (limitBytes) => ({
    rest: makeTensorflowRest(limitBytes),
    grpc: makeTensorflowGrpc(),
  }),
};
