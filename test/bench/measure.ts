/** Measures a case: all variants run side by side and take turns, in another order every round. */
import { ask, askUntilOk } from "./ask.ts";
import { answerBytes, type Case, connections, messageOf } from "./cases.ts";
import { busyMicros, cpuMicros, residentBytes } from "./cpu.ts";
import type { Loader } from "./loader.ts";
import type { FromStub, Job, Outcome } from "./messages.ts";
import type { Process, Processes } from "./processes.ts";
import type { Variant } from "./variants.ts";

export type Sample = Outcome & {
  /** CPU time of the tested process and all its children, per answered request. */
  readonly cpuMicrosPerRequest: number;
  /** Share of its CPU that the tested process used, 0-1. */
  readonly busy: number;
  /** Share of the same CPU that went to anything else, 0-1. */
  readonly others: number;
};

/** One variant in one round. */
export type Turn = {
  readonly variant: string;
  readonly saturated: Sample;
  readonly paced: Sample;
};

export type CaseResult = {
  readonly id: string;
  readonly rounds: readonly (readonly Turn[])[];
  /** Resident memory by variant after the last round. */
  readonly residentBytes: Readonly<Record<string, number>>;
};

export type Bench = {
  readonly processes: Processes;
  readonly loader: Loader;
  readonly stub: FromStub;
  readonly variants: readonly Variant[];
  /** Where the tested process runs; undefined leaves it to the system. */
  readonly cpu: number | undefined;
  readonly rounds: number;
  /** Share of a case's requests that a round sends, 0-1. */
  readonly scale: number;
  readonly progress: (text: string) => void;
};

type Running = { readonly variant: Variant; readonly process: Process; readonly port: number };

const path = "/api/v1.0/predictions";
/** A run at saturation may take so long; at a fixed rate, as much longer than planned. */
const limitMs = 20_000;
const pacedSeconds = 2;

export const measureCase = async (bench: Bench, one: Case): Promise<CaseResult> => {
  const running = await Promise.all(bench.variants.map((variant) => start(bench, variant, one)));
  const failed = running.map(({ process }) => process.failed);
  const result = await Promise.race([rounds(bench, one, running), ...failed]);
  for (const { port } of running) await bench.loader.close(jobOf(bench, one, port, "saturated"));
  await Promise.all(running.map(({ process }) => process.stop()));
  return result;
};

/** Starts a variant and looks once at what it answers. */
const start = async (bench: Bench, variant: Variant, one: Case): Promise<Running> => {
  const { launch, port } = await variant.prepare(one, bench.stub);
  const process = bench.processes.start({ ...launch, cpu: bench.cpu });
  const question = { port, path, body: messageOf(one.requestBytes) };
  await Promise.race([askUntilOk(question), process.failed]);
  const { body } = await ask(question);
  if (body !== messageOf(answerBytes[one.answer])) {
    throw new Error(`${variant.name} answers ${one.id} with something else than the model did`);
  }
  return { variant, process, port };
};

const rounds = async (
  bench: Bench,
  one: Case,
  running: readonly Running[],
): Promise<CaseResult> => {
  for (const { port, variant } of running) {
    bench.progress(`${one.id}: warm-up of ${variant.name}`);
    const job = jobOf(bench, one, port, "saturated");
    await bench.loader.run({ ...job, requests: Math.ceil(one.requests / 2) });
  }
  const all: (readonly Turn[])[] = [];
  for (let round = 1; round <= bench.rounds; round += 1) {
    const turns: Turn[] = [];
    for (const { variant, process, port } of shuffled(running)) {
      bench.progress(`${one.id}: round ${round} of ${bench.rounds}, ${variant.name}`);
      const run = (mode: Mode) => sample(bench, process.pid, jobOf(bench, one, port, mode));
      turns.push({
        variant: variant.name,
        saturated: await run("saturated"),
        paced: await run("paced"),
      });
    }
    all.push(turns);
  }
  const resident = running.map(({ variant, process }) => [
    variant.name,
    residentBytes(process.pid),
  ]);
  return { id: one.id, rounds: all, residentBytes: Object.fromEntries(resident) };
};

type Mode = "saturated" | "paced";

const jobOf = ({ scale }: Bench, one: Case, port: number, mode: Mode): Job => ({
  port,
  path,
  connections,
  requestBytes: one.requestBytes,
  answerBytes: answerBytes[one.answer],
  requests: Math.ceil((mode === "paced" ? one.perSecond * pacedSeconds : one.requests) * scale),
  perSecond: mode === "paced" ? one.perSecond : 0,
  limitMs,
});

/** One run, between two looks at the CPU time. */
const sample = async ({ loader, cpu }: Bench, pid: number, job: Job): Promise<Sample> => {
  await loader.open(job);
  const before = { own: cpuMicros(pid), all: busyMicros(cpu ?? 0), at: performance.now() };
  const outcome = await loader.run(job);
  const own = cpuMicros(pid) - before.own;
  const all = busyMicros(cpu ?? 0) - before.all;
  const elapsed = (performance.now() - before.at) * 1000;
  return {
    ...outcome,
    cpuMicrosPerRequest: outcome.done === 0 ? Number.NaN : own / outcome.done,
    busy: own / elapsed,
    others: cpu === undefined ? Number.NaN : Math.max(0, all - own) / elapsed,
  };
};

const shuffled = <Item>(items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
