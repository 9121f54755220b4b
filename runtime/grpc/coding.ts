import { gunzip, inflate } from "node:zlib";
import type { GrpcStatus } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";

/** Codings of messages that are understood; ours go out as they are. */
export const acceptedCodings = "identity,deflate,gzip";

type Unpacked = (fault: GrpcStatus | undefined, body: Buffer) => void;

const nothing = Buffer.alloc(0);

/** Unpacks a message that says it is packed. Source: gRPC over HTTP/2, Compression. */
export const unpack = (
  body: Buffer,
  coding: string | undefined,
  limitBytes: number,
  done: Unpacked,
): void => {
  const fail = (code: number, details: string): void => done({ code, details }, nothing);
  if (coding === undefined || coding === "identity") {
    fail(grpcCodes.INTERNAL, "a message is packed, but grpc-encoding does not say how");
    return;
  }
  if (coding !== "gzip" && coding !== "deflate") {
    const why = `messages in the coding ${coding} cannot be read, but in ${acceptedCodings}`;
    fail(grpcCodes.UNIMPLEMENTED, why);
    return;
  }
  const work = coding === "gzip" ? gunzip : inflate;
  work(body, { maxOutputLength: Math.max(1, limitBytes) }, (error, whole) => {
    if (error === null) done(undefined, whole);
    else if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      fail(grpcCodes.RESOURCE_EXHAUSTED, `a message unpacks to more than ${limitBytes} bytes`);
    } else fail(grpcCodes.INTERNAL, `a message cannot be unpacked: ${error.message}`);
  });
};
