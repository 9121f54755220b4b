/** What calls to nodes are made of, and what becomes of them. */

import type { Deadlines } from "../deadlines.ts";
import { EngineError, type GrpcStatus } from "../errors.ts";
import { codeOfReset } from "../grpc/status.ts";
import { writeTimeout } from "../grpc/timeout.ts";
import { grpcCodes } from "../grpc-status.ts";
import { encodeOnce } from "../http2/hpack-encode.ts";
import type { EncodedFields, Fault, Fields } from "../http2/types.ts";
import type { Channel } from "./grpc-channel.ts";
import type { Link } from "./grpc-endpoint.ts";

/** What the calls of one client have in common. */
export type ClientMeans = {
  readonly channel: Channel;
  readonly deadlines: Deadlines;
  /** Host and port, as they are told to nodes and in errors. */
  readonly authority: string;
  /** Largest message, sent or received. */
  readonly maxMessageBytes: number;
  /** What all calls of an RPC begin with. */
  readonly headOf: (rpc: string) => EncodedFields;
};

export type Linkable = {
  readonly means: ClientMeans;
  /** Gives up the place among calls that wait for a connection. */
  leave: (() => void) | undefined;
};

/** Lets a call go on with a connection: at once, or when there is one. */
export const whenLinked = <Call extends Linkable>(
  call: Call,
  send: (call: Call, link: Link) => void,
  fail: (call: Call, error: EngineError) => void,
): void => {
  const { channel } = call.means;
  const link = channel.take();
  if (link !== undefined) send(call, link);
  else {
    call.leave = channel.wait({
      go: (found) => {
        call.leave = undefined;
        send(call, found);
      },
      fail: (why) => fail(call, unreachable(call.means, why)),
    });
  }
};

const nothing: Fields = [];

/** RPCs are those of protocols, so there are few. */
export const makeHeads = (authority: string): ((rpc: string) => EncodedFields) => {
  const known = new Map<string, EncodedFields>();
  return (rpc) => {
    const found = known.get(rpc);
    if (found !== undefined) return found;
    const made = encodeOnce([
      ...[":method", "POST", ":scheme", "http", ":path", rpc, ":authority", authority],
      ...["te", "trailers", "content-type", "application/grpc", "user-agent", "grpc-espalier"],
      ...["grpc-accept-encoding", "identity,deflate,gzip"],
    ]);
    known.set(rpc, made);
    return made;
  };
};

/** What of a call differs from others of its RPC. */
export const ownFields = (metadata: Fields, leftMs: number | undefined): Fields => {
  if (leftMs === undefined) return metadata;
  return [...(metadata.length === 0 ? nothing : metadata), "grpc-timeout", writeTimeout(leftMs)];
};

/** A node's status goes to the client as it is: code, message and details. Source: engine contract, 4.4. */
export const statusError = (grpc: GrpcStatus): EngineError =>
  new EngineError(
    grpc.code === grpcCodes.UNAVAILABLE ? "NODE_UNREACHABLE" : "NODE_STATUS",
    grpc.details,
    { grpc },
  );

export const unreachable = ({ authority }: ClientMeans, why: string): EngineError =>
  statusError({ code: grpcCodes.UNAVAILABLE, details: `${authority}: ${why}` });

export const timedOut = ({ authority }: ClientMeans, timeoutMs: number): EngineError => {
  const details = `${authority}: no answer within ${Math.ceil(timeoutMs)} ms`;
  return new EngineError("NODE_TIMEOUT", details, {
    grpc: { code: grpcCodes.DEADLINE_EXCEEDED, details },
  });
};

/** What a call comes to that broke. */
export const brokenError = (means: ClientMeans, { code, from, reason }: Fault): EngineError =>
  from === "connection"
    ? unreachable(means, reason)
    : statusError({
        code: from === "peer" ? codeOfReset(code) : grpcCodes.INTERNAL,
        details: `${means.authority}: ${reason}`,
      });
