/** What a failed call says over gRPC. */
import { EngineError } from "../errors.ts";
import { type GrpcCode, grpcCodes } from "../grpc-status.ts";
import { asComponentError } from "./user.ts";

/** The code that says the same as an HTTP status. */
const codes: Readonly<Record<number, GrpcCode>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  412: "FAILED_PRECONDITION",
  413: "RESOURCE_EXHAUSTED",
  429: "RESOURCE_EXHAUSTED",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** What goes into a header of HTTP/2 has to be short. */
const longest = 1024;

/**
 * Any thrown value as an error with a gRPC status: bytes that cannot be read are INVALID_ARGUMENT,
 * a ComponentError has the code of its HTTP status, all else that a class throws is UNKNOWN.
 */
export const asStatusError = (thrown: unknown): EngineError => {
  if (thrown instanceof EngineError) {
    return thrown.code === "MESSAGE_UNREADABLE"
      ? withStatus(thrown.message, "INVALID_ARGUMENT", thrown)
      : thrown;
  }
  const { status, message } = asComponentError(thrown);
  const fallback = status < 500 ? "INVALID_ARGUMENT" : "UNKNOWN";
  return withStatus(message, codes[status] ?? fallback, thrown);
};

const withStatus = (message: string, code: GrpcCode, cause: unknown): EngineError => {
  const details = message.length > longest ? `${message.slice(0, longest)}...` : message;
  return new EngineError("NODE_STATUS", message, {
    grpc: { code: grpcCodes[code], details },
    cause,
  });
};
