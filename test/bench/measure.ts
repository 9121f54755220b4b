/** Measures a case: all variants run side by side and take turns, in another order every round. */
import { ask, askGrpc, type Reply, until200 } from "./ask.ts";
import { messageOf, protoMessageOf } from "./bodies.ts";
import { answerBytes, type Case, paths } from "./cases.ts";
import { busyMicros, cpuMicros, residentBytes } from "./cpu.ts";
import { engineName } from "./engine.ts";
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

/** As fast as answers come; at the case's rate; at the rate that brings the engine to a share of its CPU. */
export type Mode = "saturated" | "paced" | "loaded";

/** One variant in one round. */
export type Turn = {
  readonly variant: string;
  readonly samples: Readonly<Partial<Record<Mode, Sample>>>;
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

type Running = {
  readonly variant: Variant;
  /** Undefined where nothing is between load generator and stub. */
  readonly process: Process | undefined;
  readonly port: number;
  readonly answerBytes: number;
};

/** A run at saturation may take so long; at a fixed rate, as much longer than planned. */
const limitMs = 20_000;
/** Until V8 has compiled what is asked for often, even where a request costs much. */
const warmUpMs = 3000;
/** More than there is time for. */
const mostRequests = 1_000_000;
const pacedSeconds = 2;

export const measureCase = async (bench: Bench, one: Case): Promise<CaseResult> => {
  const taking = bench.variants.filter((variant) => variant.serves(one));
  const running = await Promise.all(taking.map((variant) => start(bench, variant, one)));
  const failed = running.flatMap(({ process }) => process?.failed ?? []);
  const result = await Promise.race([measure(bench, one, running), ...failed]);
  for (const each of running) await bench.loader.close(jobOf(bench, one, each));
  await Promise.all(running.map(({ process }) => process?.stop()));
  return result;
};

const asker = ({ transport, requestBytes }: Case, port: number): (() => Promise<Reply>) => {
  if (transport === "grpc") return () => askGrpc(port, protoMessageOf(requestBytes));
  return () => ask({ port, path: paths.rest, body: messageOf(requestBytes) });
};

/** Starts a variant and looks at what it answers. */
const start = async (bench: Bench, variant: Variant, one: Case): Promise<Running> => {
  const { launch, port, ownAnswer = false } = await variant.prepare(one, bench.stub);
  const process =
    launch === undefined ? undefined : bench.processes.start({ ...launch, cpu: bench.cpu });
  const askOnce = asker(one, port);
  const ready = until200(askOnce, `${variant.name} in ${one.id}`);
  await (process === undefined ? ready : Promise.race([ready, process.failed]));
  const { body } = await askOnce();
  if (!ownAnswer && body !== stubAnswer(one)) {
    throw new Error(`${variant.name} answers ${one.id} with something else than the model did`);
  }
  return { variant, process, port, answerBytes: Buffer.byteLength(body, "latin1") };
};

const stubAnswer = ({ transport, answer }: Case): string =>
  transport === "rest"
    ? messageOf(answerBytes[answer])
    : protoMessageOf(answerBytes[answer]).toString("latin1");

const measure = async (
  bench: Bench,
  one: Case,
  running: readonly Running[],
): Promise<CaseResult> => {
  for (const each of running) {
    bench.progress(`${one.id}: warm-up of ${each.variant.name}`);
    const job = jobOf(bench, one, each);
    await bench.loader.run({ ...job, requests: mostRequests, limitMs: warmUpMs * bench.scale });
  }
  const rates: Rates = {
    paced: one.perSecond,
    loaded: one.loadedShare === 0 ? 0 : await loadedRate(bench, one, running),
  };
  const all: (readonly Turn[])[] = [];
  for (let round = 1; round <= bench.rounds; round += 1) {
    const turns: Turn[] = [];
    for (const each of shuffled(running)) {
      const { name } = each.variant;
      bench.progress(`${one.id}: round ${round} of ${bench.rounds}, ${name}`);
      turns.push({ variant: name, samples: await samplesOf(bench, one, each, rates) });
    }
    all.push(turns);
  }
  const resident = running.flatMap(({ variant, process }) =>
    process === undefined ? [] : [[variant.name, residentBytes(process.pid)] as const],
  );
  return { id: one.id, rounds: all, residentBytes: Object.fromEntries(resident) };
};

/** Requests a second; 0 measures none. */
type Rates = Readonly<Record<"paced" | "loaded", number>>;

const samplesOf = async (
  bench: Bench,
  one: Case,
  each: Running,
  rates: Rates,
): Promise<Turn["samples"]> => {
  const job = jobOf(bench, one, each);
  const at = (rate: number): Promise<Sample> => sample(bench, each, pacedJob(bench, job, rate));
  return {
    saturated: await sample(bench, each, job),
    ...(rates.paced === 0 ? {} : { paced: await at(rates.paced) }),
    ...(rates.loaded === 0 ? {} : { loaded: await at(rates.loaded) }),
  };
};

const searchSteps = 4;

/** The rate at which the engine takes the case's share of its CPU: a request costs more at a lower rate. */
const loadedRate = async (
  bench: Bench,
  one: Case,
  running: readonly Running[],
): Promise<number> => {
  const engine = running.find(({ variant }) => variant.name === engineName);
  if (engine === undefined) return 0;
  bench.progress(`${one.id}: searching the rate for ${one.loadedShare * 100} % of a CPU`);
  const job = jobOf(bench, one, engine);
  let { done, seconds, busy } = await sample(bench, engine, job);
  let rate = done / seconds;
  for (let step = 0; step < searchSteps; step += 1) {
    rate = Math.round(rate * Math.min(2, Math.max(0.5, one.loadedShare / busy)));
    ({ done, seconds, busy } = await sample(bench, engine, pacedJob(bench, job, rate)));
  }
  return rate;
};

const jobOf = ({ scale }: Bench, one: Case, { port, answerBytes }: Running): Job => ({
  port,
  transport: one.transport,
  connections: one.connections,
  streams: one.streams,
  requestBytes: one.requestBytes,
  answerBytes,
  requests: Math.ceil(one.requests * scale),
  perSecond: 0,
  limitMs,
});

const pacedJob = ({ scale }: Bench, job: Job, perSecond: number): Job => ({
  ...job,
  perSecond,
  requests: Math.ceil(perSecond * pacedSeconds * scale),
});

/** One run, between two looks at the CPU time. */
const sample = async ({ loader, cpu }: Bench, { process }: Running, job: Job): Promise<Sample> => {
  const look = () => ({
    own: process === undefined ? Number.NaN : cpuMicros(process.pid),
    all: cpu === undefined ? Number.NaN : busyMicros(cpu),
    at: performance.now(),
  });
  await loader.open(job);
  const before = look();
  const outcome = await loader.run(job);
  const after = look();
  const own = after.own - before.own;
  const elapsed = (after.at - before.at) * 1000;
  const others = after.all - before.all - (process === undefined ? 0 : own);
  return {
    ...outcome,
    cpuMicrosPerRequest: outcome.done === 0 ? Number.NaN : own / outcome.done,
    busy: own / elapsed,
    others: Math.max(0, others) / elapsed,
  };
};

const shuffled = <Item>(items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
