/** Counts what a peer can send for nothing, and ends the connection when it is too much. */
import { Http2Error } from "./error-codes.ts";
import type { Connection, Floods } from "./state.ts";

export const makeFloods = (): Floods => {
  const now = performance.now();
  return { idleFrames: 0, idleSince: now, lost: 0, lostSince: now };
};

/** A frame that moves nothing. The clock is read only when there were many. */
export const countIdleFrame = ({ floods, limits }: Connection): void => {
  floods.idleFrames += 1;
  if (floods.idleFrames <= limits.idleFrames) return;
  const now = performance.now();
  if (now - floods.idleSince < limits.idleFramesSpanMs) {
    throw new Http2Error("ENHANCE_YOUR_CALM", "too many frames that move nothing");
  }
  floods.idleFrames = 0;
  floods.idleSince = now;
};

/**
 * A stream that ended before its time, by the peer's reset or by its fault: opened and dropped in
 * a row, streams cost us work and the peer none ("rapid reset", CVE-2023-44487; by faults,
 * CVE-2025-8671).
 */
export const countLostStream = ({ floods, limits }: Connection): void => {
  floods.lost += 1;
  if (floods.lost <= limits.resets) return;
  const now = performance.now();
  if (now - floods.lostSince < limits.resetSpanMs) {
    throw new Http2Error("ENHANCE_YOUR_CALM", "too many streams that were reset");
  }
  floods.lost = 0;
  floods.lostSince = now;
};

/** A stream that came to its end makes up for a lost one. */
export const countFinishedStream = ({ floods }: Connection): void => {
  if (floods.lost > 0) floods.lost -= 1;
};

/** An answer to a frame of the peer's is about to be queued. */
export const countControlFrame = ({ output, limits }: Connection): void => {
  output.controlFrames += 1;
  if (output.controlFrames > limits.controlFrames) {
    throw new Http2Error("ENHANCE_YOUR_CALM", "too many answers wait for the peer to read them");
  }
};
