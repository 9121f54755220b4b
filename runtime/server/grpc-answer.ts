/**
 * What a gRPC server writes: heads and statuses of its answers. A client that has not ended its
 * side when the answer has, is told that it need not. Source: gRPC over HTTP/2, Responses.
 */
import type { GrpcStatus } from "../errors.ts";
import { acceptedCodings } from "../grpc/coding.ts";
import { statusFields } from "../grpc/status.ts";
import { grpcCodes } from "../grpc-status.ts";
import { encodeOnce } from "../http2/hpack-encode.ts";
import { attach, sendData, sendFields } from "../http2/send.ts";
import type { Fields, Stream, StreamEvents } from "../http2/types.ts";

const answerHead = encodeOnce([":status", "200", "content-type", "application/grpc"]);
const okTrailers = encodeOnce(["grpc-status", String(grpcCodes.OK)]);
const noFields: Fields = [];

/** Begins an answer; `fields` are its initial metadata. */
export const sendHead = (stream: Stream, fields: Fields = noFields): void =>
  sendFields(stream, fields, false, answerHead);

/** Ends an answer well. */
export const sendOk = (stream: Stream): void => sendFields(stream, noFields, true, okTrailers);

/** Ends an answer that has begun. */
export const sendStatus = (stream: Stream, status: GrpcStatus): void => {
  if (status.code === grpcCodes.OK) sendOk(stream);
  else sendFields(stream, statusFields(status), true);
};

/** A whole answer that is nothing but a status. Source: gRPC over HTTP/2, Trailers-Only. */
export const sendOnlyStatus = (stream: Stream, status: GrpcStatus): void =>
  sendFields(
    stream,
    status.code === grpcCodes.UNIMPLEMENTED
      ? [...statusFields(status), "grpc-accept-encoding", acceptedCodings]
      : statusFields(status),
    true,
    answerHead,
  );

/** Answers what is no call of gRPC, once it has come as a whole. */
export const refuseOther = (stream: Stream, end: boolean): void => {
  if (end) sendNoGrpc(stream);
  else attach(stream, otherEvents, stream);
};

const otherEvents: StreamEvents<Stream> = {
  fields: (stream, _fields, end) => {
    if (end) sendNoGrpc(stream);
  },
  data: (stream, _chunk, end) => {
    if (end) sendNoGrpc(stream);
  },
  broken: () => {},
};

const sendNoGrpc = (stream: Stream): void => {
  sendFields(stream, [":status", "415", "content-type", "text/plain; charset=utf-8"], false);
  sendData(stream, Buffer.from("this port is for gRPC: POST with application/grpc\n"), true);
};
