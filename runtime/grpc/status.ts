/** What a call comes to, as it stands in HTTP/2. Source: gRPC over HTTP/2. */
import type { GrpcStatus } from "../errors.ts";
import { type GrpcCode, grpcCodes } from "../grpc-status.ts";
import { errorCodes } from "../http2/error-codes.ts";
import type { Fields } from "../http2/types.ts";
import { fieldOf } from "./fields.ts";

/** The fields that end a call. */
export const statusFields = ({ code, details, rich }: GrpcStatus): Fields => [
  "grpc-status",
  String(code),
  ...(details === "" ? [] : ["grpc-message", percentEncoded(details)]),
  ...(rich === undefined ? [] : ["grpc-status-details-bin", rich.toString("base64")]),
];

/**
 * All but printable ASCII and `%` itself are escaped, and a space where HTTP would take it away.
 * Source: gRPC over HTTP/2, Status-Message; RFC 9113, 8.2.1.
 */
const percentEncoded = (text: string): string => {
  if (/^[!-$&-~](?:[ -$&-~]*[!-$&-~])?$/.test(text)) return text;
  const bytes = Buffer.from(text);
  let encoded = "";
  for (const [i, byte] of bytes.entries()) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    const isInner = byte === 0x20 && i > 0 && i < bytes.length - 1;
    encoded +=
      isPlain || isInner
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
};

/** What is badly escaped stays as it is. */
const percentDecoded = (text: string): string => {
  if (!text.includes("%")) return text;
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
};

/** The status in trailers, or in a head that is a whole answer; undefined if there is none. */
export const statusIn = (fields: Fields): GrpcStatus | undefined => {
  const said = fieldOf(fields, "grpc-status");
  if (said === undefined) return undefined;
  if (!/^\d{1,3}$/.test(said)) {
    return { code: grpcCodes.UNKNOWN, details: `the node's status is no number: ${said}` };
  }
  const rich = fieldOf(fields, "grpc-status-details-bin");
  return {
    code: Number(said),
    details: percentDecoded(fieldOf(fields, "grpc-message") ?? ""),
    ...(rich !== undefined && { rich: Buffer.from(rich, "base64") }),
  };
};

/** Source: HTTP to gRPC status code mapping. */
const ofHttp: Readonly<Record<string, GrpcCode>> = {
  400: "INTERNAL",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "UNIMPLEMENTED",
  429: "UNAVAILABLE",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/** Why a head is not one of gRPC; undefined if it is. */
export const faultOfHead = (head: Fields): GrpcStatus | undefined => {
  const http = fieldOf(head, ":status") ?? "";
  if (http !== "200") {
    const code = grpcCodes[ofHttp[http] ?? "UNKNOWN"];
    return { code, details: `the node answered with HTTP status ${http}` };
  }
  const type = fieldOf(head, "content-type");
  if (type?.startsWith("application/grpc") === true) return undefined;
  return { code: grpcCodes.UNKNOWN, details: `the node's answer is no gRPC but ${type}` };
};

const ofReset: Readonly<Record<number, GrpcCode>> = {
  [errorCodes.REFUSED_STREAM]: "UNAVAILABLE",
  [errorCodes.CANCEL]: "CANCELLED",
  [errorCodes.ENHANCE_YOUR_CALM]: "RESOURCE_EXHAUSTED",
  [errorCodes.INADEQUATE_SECURITY]: "PERMISSION_DENIED",
};

/** What a stream that was reset means. Source: gRPC over HTTP/2, Errors. */
export const codeOfReset = (reason: number): number => grpcCodes[ofReset[reason] ?? "INTERNAL"];
