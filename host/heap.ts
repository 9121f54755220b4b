/** How a process that serves keeps its heap: cheap to collect, and small when nothing happens. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects young objects on the thread that made them. V8 shares the work among threads, which on
 * a CPU or less costs more than it saves, and holds requests up while one of them waits for the
 * CPU (docs/decisions/0015-heap.md). To be called before there is much to collect.
 */
export const collectAlone = (): void => setFlagsFromString("--no-parallel-scavenge");

/** When the first requests may have come, but before a pod is called ready for more of them. */
const settledMs = 1000;

/** Gives back, a moment later, what starting took: a third of the heap. That takes some 20 ms. */
export const giveBackStart = (): void => {
  const collect = (): void => {
    setFlagsFromString("--expose-gc");
    const gc: (how: object) => void = runInNewContext("gc"); // V8's own, which node:v8 does not have
    gc({ type: "major", flavor: "last-resort" });
  };
  setTimeout(collect, settledMs).unref();
};
