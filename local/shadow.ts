import type { HttpCall } from "../runtime/client/http.ts";
import { makeScope } from "../runtime/scope.ts";
import type { Target } from "./routes.ts";

export type Shadow = {
  /** Sends a copy on its way and forgets it; drops it when too much is under way. */
  copy(target: Target, call: HttpCall): void;
  /** How many copies were dropped so far. */
  dropped(): number;
};

export type ShadowLimits = {
  readonly mostAtOnce: number;
  readonly mostBytes: number;
  readonly timeoutMs: number;
};

/** A shadow that is slower than its main falls behind; beyond this it misses requests. */
export const shadowLimits: ShadowLimits = {
  mostAtOnce: 100,
  mostBytes: 67_108_864,
  timeoutMs: 600_000,
};

/**
 * Copies requests to a shadow predictor. Its answers are dropped, and neither its failures nor its
 * pace reach the main request. Source: operator contract, 6.1 (mirror).
 */
export const makeShadow = (limits: ShadowLimits = shadowLimits): Shadow => {
  let atOnce = 0;
  let bytes = 0;
  let dropped = 0;

  return {
    copy: (target, call) => {
      const size = call.body?.length ?? 0;
      const full = atOnce >= limits.mostAtOnce || bytes + size > limits.mostBytes;
      if (full || target.unavailable() !== undefined) {
        dropped += 1;
        return;
      }
      atOnce += 1;
      bytes += size;
      const done = (): void => {
        atOnce -= 1;
        bytes -= size;
      };
      // A scope of its own: the main client may leave, the shadow still gets its copy.
      const own = { ...call, timeoutMs: limits.timeoutMs, scope: makeScope() };
      target.upstream.send(own).then(done, done);
    },
    dropped: () => dropped,
  };
};
