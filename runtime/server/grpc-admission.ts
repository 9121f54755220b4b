/** What a call has to keep to before anything is done for it. Source: design 5.3.7. */
import type { Metadata } from "@grpc/grpc-js";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { UnaryHandler } from "./grpc.ts";

/** Those left out are not kept. */
export type CallLimits = Partial<Pick<Limits, "maxHeaderBytes" | "maxConcurrentRequests">>;

/** @throws {EngineError} HEADERS_TOO_LARGE */
export const checkMetadata = (metadata: Metadata, { maxHeaderBytes }: CallLimits): void => {
  if (maxHeaderBytes === undefined || sizeOf(metadata) <= maxHeaderBytes) return;
  throw new EngineError(
    "HEADERS_TOO_LARGE",
    `the call's metadata are larger than ${maxHeaderBytes} bytes (--max_header_bytes)`,
  );
};

/** As HTTP/2 counts them. Source: RFC 9113, 6.5.2. */
const sizeOf = (metadata: Metadata): number => {
  let size = 0;
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) size += key.length + value.length + 32;
  }
  return size;
};

/** A call that asks whether we live is answered however many are in work. */
const probe = "/grpc.health.v1.Health/Check";

/** Wraps handlers, which then reject with HEADERS_TOO_LARGE or TOO_BUSY what is beyond the limits. */
export const makeAdmission = (limits: CallLimits) => {
  const { maxConcurrentRequests: most = 0 } = limits;
  let inWork = 0;
  return (path: string, handler: UnaryHandler): UnaryHandler =>
    async (request) => {
      checkMetadata(request.metadata, limits);
      if (most === 0 || path === probe) return handler(request);
      if (inWork >= most) {
        throw new EngineError(
          "TOO_BUSY",
          `more than ${most} requests at once (--max_concurrent_requests); try again later`,
        );
      }
      inWork += 1;
      try {
        return await handler(request);
      } finally {
        inWork -= 1;
      }
    };
};
