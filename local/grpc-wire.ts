/** gRPC as it stands in HTTP/2: headers, statuses, messages. Pure. */
import { constants, type OutgoingHttpHeaders } from "node:http2";
import { type GrpcCode, grpcCodes } from "../runtime/grpc-status.ts";

/**
 * No limit: Node.js refuses streams without order once a connection reaches one, and flow control
 * bounds each stream already.
 */
export const sessionMemoryMegabytes = Number.MAX_SAFE_INTEGER;

/** What a proxy hears of a message's head: fields by name, and as they came. */
export type Head = {
  readonly named: { readonly [name: string]: string | string[] | undefined };
  /** Names and values by turns. */
  readonly raw: readonly string[];
};

/** All fields, to be sent on: a repeated one stays repeated. */
export const sameFields = ({ named, raw }: Head): OutgoingHttpHeaders => {
  const values = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const value = raw[i + 1] ?? "";
    const before = values.get(name);
    if (before === undefined) values.set(name, [value]);
    else before.push(value);
  }
  const fields: OutgoingHttpHeaders = Object.create(null);
  for (const [name, all] of values) {
    // Node.js joins what may be repeated, and takes one value of what may not.
    const isRepeated = all.length > 1 && named[name] === all.join(", ");
    fields[name] = isRepeated ? all : named[name];
  }
  return fields;
};

/** The one value of a field; undefined if it is absent or empty. */
export const fieldOf = ({ named }: Head, name: string): string | undefined => {
  const value = named[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The fields that end a call. Source: gRPC over HTTP/2, Trailers. */
export const statusFields = (code: GrpcCode, message: string): OutgoingHttpHeaders => ({
  "grpc-status": String(grpcCodes[code]),
  "grpc-message": percentEncoded(message),
});

/** A whole answer without a message. Source: gRPC over HTTP/2, Trailers-Only. */
export const refusalFields = (code: GrpcCode, message: string): OutgoingHttpHeaders => ({
  ":status": 200,
  "content-type": "application/grpc",
  ...statusFields(code, message),
});

/** All but printable ASCII and `%` itself are escaped. Source: gRPC over HTTP/2, Status-Message. */
const percentEncoded = (text: string): string => {
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
};

/** What a stream that was reset means. Source: gRPC over HTTP/2, Errors. */
export const codeOfReset = (reason: number): GrpcCode => {
  switch (reason) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return "UNAVAILABLE";
    case constants.NGHTTP2_CANCEL:
      return "CANCELLED";
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return "RESOURCE_EXHAUSTED";
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return "PERMISSION_DENIED";
    default:
      return "INTERNAL";
  }
};

/** In front of each message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** Bytes of the message that begins here, with its prefix; undefined while that has not come. */
export const messageBytes = (start: Buffer): number | undefined =>
  start.length < prefixBytes ? undefined : prefixBytes + start.readUInt32BE(1);
