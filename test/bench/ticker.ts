/**
 * A thread of the loader that wakes it when a request is due. Timers of the event loop are accurate
 * to a millisecond, which is more than a request takes; waiting on shared memory is to some 0.1 ms.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Ticks } from "./messages.ts";

const stop: Int32Array = workerData.stop; // made by the loader: 1 ends the ticks

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

parentPort?.on("message", ({ startMs, intervalMs, count }: Ticks) => {
  for (let i = 0; i < count; i += 1) {
    const left = startMs + i * intervalMs - nowMs();
    if (left > 0 && Atomics.wait(stop, 0, 0, left) !== "timed-out") return;
    parentPort?.postMessage(i);
  }
});
