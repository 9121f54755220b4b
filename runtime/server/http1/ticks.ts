import type { Limits } from "../../limits.ts";

/**
 * Coarse time for connections: a number that grows while the event loop turns.
 *
 * A request pays for reading it, and for nothing else. A loop that stood still does not make the
 * clients look slow that were waiting for it.
 */
export type Ticks = {
  /** The number of this tick. */
  readonly now: number;
  /** So many ticks are at least as long; none is Infinity: 0 means no limit. */
  count(ms: number): number;
  /** Calls `look` at every tick. */
  watch(look: () => void): void;
  stop(): void;
};

const longestTickMs = 1000;
const shortestTickMs = 10;

export const makeTicks = ({ idleTimeoutMs, headerTimeoutMs }: Limits): Ticks => {
  const shortest = Math.min(idleTimeoutMs || Infinity, headerTimeoutMs || Infinity);
  const tickMs = Math.min(longestTickMs, Math.max(shortestTickMs, Math.floor(shortest / 4)));
  const looks: (() => void)[] = [];
  const ticks = { now: 0 };
  const timer = setInterval(() => {
    ticks.now += 1;
    for (const look of looks) look();
  }, tickMs);
  timer.unref();
  return Object.assign(ticks, {
    count: (ms: number) => (ms === 0 ? Infinity : Math.ceil(ms / tickMs) + 1),
    watch: (look: () => void) => {
      looks.push(look);
    },
    stop: () => clearInterval(timer),
  });
};
