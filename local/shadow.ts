import type { Target } from "./routes.ts";

/** A copy of a request. */
export type Copy = {
  readonly bytes: number;
  /** Settles when the answer has come and is dropped, or after `timeoutMs` at the latest. */
  send(target: Target, timeoutMs: number): Promise<unknown>;
};

export type Shadow = {
  /** Sends a copy on its way and forgets it; drops it when too much is under way. */
  copy(target: Target, copy: Copy): void;
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
    copy: (target, copy) => {
      const full = atOnce >= limits.mostAtOnce || bytes + copy.bytes > limits.mostBytes;
      if (full || target.unavailable() !== undefined) {
        dropped += 1;
        return;
      }
      atOnce += 1;
      bytes += copy.bytes;
      const done = (): void => {
        atOnce -= 1;
        bytes -= copy.bytes;
      };
      copy.send(target, limits.timeoutMs).then(done, done);
    },
    dropped: () => dropped,
  };
};
