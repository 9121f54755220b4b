/** What a call has to keep to before anything is done for it. Source: design 5.3.7. */
import { attempt } from "../done.ts";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { UnaryHandler } from "./grpc-call.ts";
import type { Head } from "./grpc-head.ts";

/** Those left out are not kept. */
export type CallLimits = Partial<Pick<Limits, "maxHeaderBytes" | "maxConcurrentRequests">>;

/** Why a call's metadata are refused; undefined if they are not. */
export const checkMetadata = (
  { bytes }: Head,
  { maxHeaderBytes }: CallLimits,
): EngineError | undefined =>
  maxHeaderBytes === undefined || bytes <= maxHeaderBytes
    ? undefined
    : new EngineError(
        "HEADERS_TOO_LARGE",
        `the call's metadata are larger than ${maxHeaderBytes} bytes (--max_header_bytes)`,
      );

/** A call that asks whether we live is answered however many are in work. */
const probe = "/grpc.health.v1.Health/Check";

/** Wraps handlers, which then fail with TOO_BUSY what is beyond the limit. */
export const makeAdmission = ({ maxConcurrentRequests: most = 0 }: CallLimits) => {
  let inWork = 0;
  return (path: string, handler: UnaryHandler): UnaryHandler => {
    if (most === 0 || path === probe) return handler;
    return (request, done) => {
      if (inWork >= most) {
        const why = `more than ${most} requests at once (--max_concurrent_requests); try again later`;
        done(new EngineError("TOO_BUSY", why), undefined);
        return;
      }
      inWork += 1;
      const settle: typeof done = (...outcome) => {
        inWork -= 1;
        done(...outcome);
      };
      attempt((told) => handler(request, told), settle);
    };
  };
};
