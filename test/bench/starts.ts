/** How long a variant takes from its start to its first answer, and what it holds when idle. */
import { ask, until200 } from "./ask.ts";
import { messageOf } from "./bodies.ts";
import { type Case, paths } from "./cases.ts";
import { proportionalBytes, residentBytes } from "./cpu.ts";
import type { Bench } from "./measure.ts";
import type { Variant } from "./variants.ts";

export type Start = {
  readonly variant: string;
  /** To the first 200 on /live; NaN for a variant without it. */
  readonly liveMs: number;
  /** To the first prediction. */
  readonly predictionMs: number;
  /** Resident memory, shared pages in full. */
  readonly idleBytes: number;
  /** The same with its part of shared pages. */
  readonly idleOwnBytes: number;
};

/** After the first answer, until the memory is read. */
const settleMs = 3000;

type Starting = Pick<Bench, "processes" | "stub" | "cpu" | "rounds" | "progress">;

export const measureStarts = async (
  bench: Starting,
  one: Case,
  variants: readonly Variant[],
): Promise<readonly Start[]> => {
  const starts: Start[] = [];
  for (let i = 1; i <= bench.rounds; i += 1) {
    for (const variant of variants.filter((each) => each.serves(one))) {
      bench.progress(`start ${i} of ${bench.rounds}: ${variant.name}`);
      starts.push(await measureStart(bench, variant, one));
    }
  }
  return starts;
};

const measureStart = async (bench: Starting, variant: Variant, one: Case): Promise<Start> => {
  const { launch, port } = await variant.prepare(one, bench.stub);
  if (launch === undefined) throw new Error(`${variant.name} is not started`);
  const started = performance.now();
  const process = bench.processes.start({ ...launch, cpu: bench.cpu });
  const until = async (path: string, body?: string): Promise<number> => {
    const question = { port, path, ...(body === undefined ? {} : { body }) };
    const answered = until200(() => ask(question), `${variant.name} ${path}`);
    await Promise.race([answered, process.failed]);
    return performance.now() - started;
  };
  const { livePath } = variant;
  const liveMs = livePath === undefined ? Number.NaN : await until(livePath);
  const predictionMs = await until(paths.rest, messageOf(one.requestBytes));
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const memory = {
    idleBytes: residentBytes(process.pid),
    idleOwnBytes: proportionalBytes(process.pid),
  };
  await process.stop();
  return { variant: variant.name, liveMs, predictionMs, ...memory };
};
