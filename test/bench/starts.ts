/** How long a variant takes from its start to its first answer, and what it holds when idle. */
import { askUntilOk } from "./ask.ts";
import { type Case, messageOf } from "./cases.ts";
import { residentBytes } from "./cpu.ts";
import type { Bench } from "./measure.ts";
import type { Variant } from "./variants.ts";

export type Start = {
  readonly variant: string;
  /** To the first 200 on /live; NaN for a variant without it. */
  readonly liveMs: number;
  /** To the first prediction. */
  readonly predictionMs: number;
  readonly idleBytes: number;
};

/** After the first answer, until the memory is read. */
const settleMs = 1000;

export const measureStarts = async (
  bench: Bench,
  one: Case,
  count: number,
): Promise<readonly Start[]> => {
  const starts: Start[] = [];
  for (let i = 1; i <= count; i += 1) {
    for (const variant of bench.variants) {
      bench.progress(`start ${i} of ${count}: ${variant.name}`);
      starts.push(await measureStart(bench, variant, one));
    }
  }
  return starts;
};

const measureStart = async (bench: Bench, variant: Variant, one: Case): Promise<Start> => {
  const { launch, port } = await variant.prepare(one, bench.stub);
  const started = performance.now();
  const process = bench.processes.start({ ...launch, cpu: bench.cpu });
  const until = async (path: string, body?: string): Promise<number> => {
    const question = { port, path, ...(body === undefined ? {} : { body }) };
    await Promise.race([askUntilOk(question), process.failed]);
    return performance.now() - started;
  };
  const { livePath } = variant;
  const liveMs = livePath === undefined ? Number.NaN : await until(livePath);
  const predictionMs = await until("/api/v1.0/predictions", messageOf(one.requestBytes));
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const idleBytes = residentBytes(process.pid);
  await process.stop();
  return { variant: variant.name, liveMs, predictionMs, idleBytes };
};
