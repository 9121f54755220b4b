/** Errors as the status of a gRPC call. */
import { EngineError, type GrpcStatus, grpcCodeOf } from "../errors.ts";

/** A message goes into a header, of which clients read some kB. */
const longestDetails = 1024;

/** A node's status as it came; an engine's own by the table. Source: engine contract, 4.4. */
export const statusOf = (error: EngineError): GrpcStatus => {
  if (error.grpc !== undefined) return error.grpc;
  const details = error.message.slice(0, longestDetails);
  return { code: grpcCodeOf(error), details };
};

export const clientDeadline = (): EngineError =>
  new EngineError("GRAPH_DEADLINE", "the client's deadline passed");

/** A client's own clock runs ahead by the time that its call was on the way. */
const aheadMs = 100;

/** A client has left; one that does so at its deadline did so for that. */
export const clientGone = (why: string, deadlineAt: number | undefined): EngineError =>
  deadlineAt !== undefined && Date.now() > deadlineAt - aheadMs
    ? clientDeadline()
    : new EngineError("CLIENT_GONE", `the client gave the call up: ${why}`);
