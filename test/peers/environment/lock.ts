import { mkdir, rm, stat, utimes } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

export type LockTimes = {
  /** How often the holder says that it lives, and how often others look. */
  readonly beatMs: number;
  /** How long a holder may be silent until it counts as dead. */
  readonly staleMs: number;
};

const usualTimes: LockTimes = { beatMs: 1_000, staleMs: 30_000 };

/**
 * Runs `work` while holding `folder`, which no other process holds at that time.
 *
 * A holder that died without a word is outwaited. One that only slept (a suspended machine) may
 * find another at work beside it: what is done under the lock has to bear that.
 */
export const withLock = async <T>(
  folder: string,
  work: () => Promise<T>,
  { onWait = () => {}, times = usualTimes }: { onWait?: () => void; times?: LockTimes } = {},
): Promise<T> => {
  if (!(await take(folder))) {
    onWait();
    do await waitForChance(folder, times);
    while (!(await take(folder)));
  }
  const beat = setInterval(() => {
    utimes(folder, new Date(), new Date()).catch(() => {}); // lost: see above
  }, times.beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(folder, { recursive: true, force: true });
  }
};

const take = async (folder: string): Promise<boolean> => {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false; // mkdir rejects with the system's error
    throw error;
  }
};

/** Resolves when the lock may be free: given back, or its holder silent for too long. */
const waitForChance = async (folder: string, { beatMs, staleMs }: LockTimes): Promise<void> => {
  for (;;) {
    const held = await stat(folder).catch(() => undefined);
    if (held === undefined) return;
    if (Date.now() - held.mtimeMs > staleMs) {
      await rm(folder, { recursive: true, force: true });
      return;
    }
    await setTimeout(beatMs);
  }
};
