import type { GrpcProtocol } from "./grpc.ts";
import { makeSeldonJson } from "./seldon-json.ts";

const nothing = Buffer.alloc(0);

/** Protocol `seldon` over gRPC: no RPC is offered yet, so every one is answered UNIMPLEMENTED. */
export const makeSeldonGrpc = (): GrpcProtocol => ({
  codec: makeSeldonJson(0),
  rpcs: [],
  nodeCall: () => undefined,
  describe: () => nothing,
  server: () => nothing,
  emptyAnswer: nothing,
  refusal: "not offered",
});
