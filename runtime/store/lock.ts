/** One engine at a time: a folder that only one can make. */
import { mkdir, rm, stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** A holder is done long before, or dead. */
const staleMs = 5_000;
const patienceMs = 1_000;
const lookEveryMs = 10;

/** Rejects when others hold it for too long. A holder that died is outwaited. */
export const withLock = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const end = performance.now() + patienceMs + staleMs;
  while (!(await take(folder))) {
    if (performance.now() > end) throw new Error(`${folder} is held by another engine`);
    if (await isStale(folder)) await rm(folder, { recursive: true, force: true });
    else await setTimeout(lookEveryMs);
  }
  try {
    return await work();
  } finally {
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

const isStale = async (folder: string): Promise<boolean> => {
  const held = await stat(folder).catch(() => undefined);
  return held !== undefined && Date.now() - held.mtimeMs > staleMs;
};
