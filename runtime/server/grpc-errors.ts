/** Errors as the status of a gRPC call. */
import { Metadata } from "@grpc/grpc-js";
import { asEngineError, type EngineError, errorTable } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";

export type CallStatus = {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
};

/** A message goes into a header, of which clients read some kB. */
const longestDetails = 1024;

/** A node's status as it came; an engine's own by the table. Source: engine contract, 4.4. */
export const statusOf = (error: EngineError): CallStatus => {
  const metadata = new Metadata();
  if (error.grpc === undefined) {
    const details = wellFormed(error.message.slice(0, longestDetails));
    return { code: grpcCodes[errorTable[error.code].grpc], details, metadata };
  }
  const { code, details, rich } = error.grpc;
  if (rich !== undefined) metadata.set("grpc-status-details-bin", rich);
  return { code, details: wellFormed(details), metadata };
};

/** Without halves of characters, which the library throws on where nobody can catch it. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** Ends a streaming call with the status of an error. */
export const fail = (call: NodeJS.EventEmitter, thrown: unknown): void => {
  call.emit("error", statusOf(asEngineError(thrown)));
};
