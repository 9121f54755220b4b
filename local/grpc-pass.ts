/**
 * One gRPC call through the ingress: headers, messages and trailers both ways as they come, no
 * faster than the other side takes them. Unary and streaming calls are alike here.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { GrpcCode } from "../runtime/grpc-status.ts";
import { codeOfReset, type Head, refusalFields, sameFields, statusFields } from "./grpc-wire.ts";

export type Onward = {
  readonly session: ClientHttp2Session;
  /** Names the predictor to the client when it fails. */
  readonly name: string;
  /** Called when nothing more happens on the way to the predictor. */
  readonly done: () => void;
};

const {
  NGHTTP2_CANCEL,
  NGHTTP2_FLAG_END_STREAM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

export const pass = (stream: ServerHttp2Stream, head: Head, onward: Onward): void => {
  const request = open(stream, head, onward);
  if (request === undefined) return;
  let trailers: OutgoingHttpHeaders | undefined;
  let isAnswered = false;
  let error: Error | undefined;

  request.on("response", (named, flags, raw: readonly string[] = []) => {
    if (stream.closed || stream.destroyed) return;
    const endStream = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    try {
      stream.respond(sameFields({ named, raw }), { endStream, waitForTrailers: !endStream });
    } catch {
      request.close(NGHTTP2_PROTOCOL_ERROR); // fields that HTTP/2 forbids
      return;
    }
    if (endStream) request.resume();
    else request.pipe(stream);
  });
  request.on("trailers", (named, _flags, raw) => {
    trailers = sameFields({ named, raw });
  });
  stream.on("wantTrailers", () => {
    try {
      stream.sendTrailers(trailers ?? statusFields("INTERNAL", `${onward.name} sent no status`));
    } catch {
      stream.close(NGHTTP2_INTERNAL_ERROR); // fields that HTTP/2 forbids
    }
  });
  request.on("end", () => {
    isAnswered = true;
  });
  request.on("error", (reason) => {
    error = reason;
  });
  request.on("close", () => {
    onward.done();
    stream.resume(); // what the client still sends has no reader
    if (isAnswered) return;
    if (!stream.headersSent && request.rstCode === NGHTTP2_REFUSED_STREAM) {
      stream.close(NGHTTP2_REFUSED_STREAM); // unseen by the predictor: gRPC clients call again
      return;
    }
    const { code, why } = explain(request, onward, error);
    if (!stream.headersSent) refuse(stream, code, why);
    else {
      trailers = statusFields(code, why);
      stream.end();
    }
  });
  stream.on("close", () => {
    request.close(isAnswered ? NGHTTP2_NO_ERROR : stream.rstCode || NGHTTP2_CANCEL);
  });
  stream.pipe(request);
};

/** Answers a call without any predictor. */
export const refuse = (stream: ServerHttp2Stream, code: GrpcCode, why: string): void => {
  if (stream.closed || stream.destroyed) return;
  stream.respond(refusalFields(code, why), { endStream: true });
  stream.resume();
};

const open = (
  stream: ServerHttp2Stream,
  head: Head,
  { session, name, done }: Onward,
): ClientHttp2Stream | undefined => {
  try {
    return session.request(sameFields(head), { endStream: false });
  } catch (error) {
    done();
    refuse(stream, "INTERNAL", `the call cannot be sent on to ${name}: ${String(error)}`);
    return undefined;
  }
};

type Explained = { readonly code: GrpcCode; readonly why: string };

/** Why an answer did not come, or broke off. */
const explain = (
  { rstCode = NGHTTP2_NO_ERROR }: ClientHttp2Stream,
  { session, name }: Onward,
  error: Error | undefined,
): Explained => {
  if (session.destroyed) {
    const cause = error?.cause instanceof Error ? error.cause : error;
    const why = cause === undefined ? "broke" : `failed: ${cause.message}`;
    return { code: "UNAVAILABLE", why: `the connection to ${name} ${why}` };
  }
  return {
    code: codeOfReset(rstCode),
    why: `${name} broke the call off (HTTP/2 error ${rstCode})`,
  };
};
