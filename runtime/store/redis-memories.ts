/** Memories that other engines may ask for: told to the server a few at a time. */
import { asNumbers } from "../nodes/store/snapshot.ts";
import type { RedisLink } from "./redis-link.ts";

export type SharedMemories = {
  share(key: string, value: readonly number[]): void;
  /** Undefined when nothing is known within the time that feedback may take. */
  find(key: string): Promise<readonly number[] | undefined>;
  /** Shares what waits. Never rejects. */
  flush(): Promise<void>;
};

export type SharedMemoriesOptions = {
  readonly link: RedisLink;
  readonly lastMs: number;
  readonly onError: (error: unknown) => void;
};

const flushAfterMs = 20;
const findWithinMs = 50;
/** More wait only while the server is away: the oldest are forgotten. */
const mostWaiting = 10_000;

export const makeSharedMemories = (options: SharedMemoriesOptions): SharedMemories => {
  const { link, lastMs, onError } = options;
  const waiting = new Map<string, readonly number[]>();
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (!link.isReady()) return;
    const entries = [...waiting];
    waiting.clear();
    const told = entries.map(([key, value]) =>
      link.call("SET", key, JSON.stringify(value), "PX", `${lastMs}`),
    );
    const failed = (await Promise.allSettled(told)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") onError(failed.reason);
  };

  return {
    flush,
    share: (key, value) => {
      waiting.set(key, value);
      if (waiting.size > mostWaiting) {
        const [oldest = ""] = waiting.keys();
        waiting.delete(oldest);
      }
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref();
    },
    find: (key) =>
      new Promise((resolve) => {
        if (!link.isReady()) return resolve(undefined);
        const late = setTimeout(() => resolve(undefined), findWithinMs);
        link
          .call("GET", key)
          .then(
            (answer) => resolve(readValue(answer)),
            (error: unknown) => {
              onError(error);
              resolve(undefined);
            },
          )
          .finally(() => clearTimeout(late));
      }),
  };
};

/** Undefined for what is no list of numbers. */
const readValue = (answer: unknown): readonly number[] | undefined => {
  if (!Buffer.isBuffer(answer)) return undefined;
  try {
    return asNumbers(JSON.parse(answer.toString()));
  } catch {
    return undefined;
  }
};
