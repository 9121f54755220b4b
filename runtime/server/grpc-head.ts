/** The head of a call: what it asks for, and how it is to be read. Source: gRPC over HTTP/2, Requests. */
import { fieldOf, metadataBytes } from "../grpc/fields.ts";
import { readTimeout } from "../grpc/timeout.ts";
import type { Fields } from "../http2/types.ts";
import type { Metadata } from "./grpc-metadata.ts";

export type Head = {
  readonly fields: Fields;
  readonly path: string;
  readonly isGrpc: boolean;
  /** What is left for the call, in milliseconds; "malformed" if that cannot be read. */
  readonly timeoutMs: number | "malformed" | undefined;
  /** How packed messages are packed. */
  readonly coding: string | undefined;
  /** Of the metadata. */
  readonly bytes: number;
  /** Kept by who reads them first. */
  metadata: Metadata | undefined;
};

export const readHead = (fields: Fields): Head => {
  const timeout = fieldOf(fields, "grpc-timeout");
  return {
    fields,
    path: fieldOf(fields, ":path") ?? "",
    isGrpc:
      fieldOf(fields, ":method") === "POST" && isGrpcType(fieldOf(fields, "content-type") ?? ""),
    timeoutMs: timeout === undefined ? undefined : (readTimeout(timeout) ?? "malformed"),
    coding: fieldOf(fields, "grpc-encoding"),
    bytes: metadataBytes(fields),
    metadata: undefined,
  };
};

/** `application/grpc`, or that with a format of messages or parameters. */
const isGrpcType = (type: string): boolean => /^application\/grpc(?:[+;].*)?$/i.test(type);
