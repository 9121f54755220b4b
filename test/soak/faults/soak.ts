/**
 * The soak with faults: an engine at a steady share of a core, behind it a container that misbehaves
 * by a schedule, in front of it odd clients among many good ones. See docs/soak.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuMicros } from "../../bench/cpu.ts";
import type { Later } from "../../contract/cleanup.ts";
import { type EngineProcess, startEngineProcess } from "../../contract/engine-process.ts";
import { type Sample, takeSample } from "../sample.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type FaultLog, makeFaultLog } from "./judge.ts";
import { type Load, startLoad, totalOf } from "./load.ts";
import { type Oddities, startOddities } from "./oddities.ts";
import { type Fault, makeRandom, makeSchedule } from "./schedule.ts";

export type FaultSoakOptions = {
  readonly minutes: number;
  /** Share of a core that the engine shall use, 0-1. */
  readonly load: number;
  readonly seed: number;
  readonly isOver: () => boolean;
  /** Called once a minute. */
  readonly onMinute: (soaked: FaultSoaked, minute: number) => void;
};

export type FaultSoaked = {
  readonly load: Load;
  readonly oddities: Oddities;
  readonly faults: readonly Fault[];
  readonly samples: readonly Sample[];
  /** Share of a core that the engine used, by second. */
  readonly shares: readonly number[];
  /** What the whole of it has used up to the last second. */
  costs: Costs;
  /** Files that were open before the load, and after it. */
  readonly files: { readonly before: number; after: number };
  exitCode: number | null;
};

/** CPU time in microseconds, and what for. */
export type Costs = {
  readonly elapsedMs: number;
  readonly requests: number;
  readonly micros: Readonly<Record<Party, number>>;
};
export const parties = ["engine", "load", "steady", "faulty"] as const;
export type Party = (typeof parties)[number];
const noCosts: Costs = {
  elapsedMs: 0,
  requests: 0,
  micros: { engine: 0, load: 0, steady: 0, faulty: 0 },
};

const secondMs = 1000;
const deadlineMs = 25_000;
/** The engine gives a container less time than its clients give it, and than one may hang. */
const nodeTimeoutMs = 8000;
const oddEveryMs = 500;
const firstPerSecond = 500;

const startEngineBefore = async (later: Later, fleet: Fleet): Promise<EngineProcess> => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-soak-"));
  later(() => rmSync(folder, { recursive: true }));
  const annotations = join(folder, "annotations");
  const keys = ["seldon.io/rest-timeout", "seldon.io/grpc-timeout"];
  writeFileSync(annotations, keys.map((key) => `${key}="${nodeTimeoutMs}"\n`).join(""));
  const engine = await startEngineProcess(fleet.graph, {
    env: {
      ESPALIER_PODINFO_ANNOTATIONS: annotations,
      SELDON_ENABLE_ROUTING_INJECTION: "false", // answers come back as the model made them
    },
  });
  later(() => engine.stop());
  return engine;
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets each fault begin and end at its time, until `isOver`. */
const sowFaults = async (
  fleet: Fleet,
  log: FaultLog,
  { faults, isOver }: { faults: readonly Fault[]; isOver: () => boolean },
): Promise<void> => {
  const started = performance.now();
  for (const { kind, atMs, lastsMs } of faults) {
    await pause(Math.max(0, started + atMs - performance.now()));
    if (isOver()) return;
    const end = log.begin(kind);
    const restore = await fleet.harm(kind);
    await pause(lastsMs);
    await restore();
    end();
  }
};

/** A second's correction is at most this much: one odd second does not upset the rate. */
const mostCorrection = 1.2;
/** Longest mean time of an answer: with more, clients, containers or the machine do not keep up. */
const mostMeanSeconds = 0.1;
const fewWaiting = 8;

/** Asked of by the load at most so much more than is answered: beyond that only a queue grows. */
const mostAhead = 1.5;

/**
 * Towards the wanted share, but never into a jam: what is late there would be no engine's fault.
 * `answered` is how many requests were in the last second.
 */
const steer = (load: Load, wanted: number, { share, answered }: Measured): void => {
  const keepsUp = load.waiting() <= fewWaiting + mostMeanSeconds * load.rate();
  const correction = keepsUp ? wanted / Math.max(share, 0.01) : 0;
  const rate = load.rate() * Math.min(mostCorrection, Math.max(1 / mostCorrection, correction));
  load.setRate(Math.max(1, Math.min(rate, Math.max(firstPerSecond, answered * mostAhead))));
};

type Measured = { readonly share: number; readonly answered: number };

/** Longest time until an engine that is asked nothing has closed what it does not need. */
const settleMs = 30_000;
export const spareFiles = 10;

const settle = async (engine: EngineProcess, before: number): Promise<number> => {
  const until = performance.now() + settleMs;
  while (engine.openFiles() > before + spareFiles && performance.now() < until)
    await pause(secondMs);
  return engine.openFiles();
};

type Under = {
  readonly engine: EngineProcess;
  readonly fleet: Fleet;
  readonly soaked: FaultSoaked & { readonly samples: Sample[]; readonly shares: number[] };
  readonly options: FaultSoakOptions;
};

/** Counts from now on. */
const makeMeter = ({ engine, fleet, soaked }: Under): (() => Costs) => {
  const read = (): Costs => {
    const { user, system } = process.cpuUsage();
    return {
      elapsedMs: performance.now(),
      requests: totalOf(soaked.load.tally),
      micros: { engine: cpuMicros(engine.pid), load: user + system, ...fleet.cpuMicros() },
    };
  };
  const before = read();
  return () => costsBetween(before, read());
};

const costsBetween = (before: Costs, after: Costs): Costs => {
  const used = (party: Party): number => after.micros[party] - before.micros[party];
  return {
    elapsedMs: after.elapsedMs - before.elapsedMs,
    requests: after.requests - before.requests,
    micros: {
      engine: used("engine"),
      load: used("load"),
      steady: used("steady"),
      faulty: used("faulty"),
    },
  };
};

/** Takes samples and holds the load until the time is over. */
const watch = async (under: Under): Promise<void> => {
  const { engine, soaked, options } = under;
  const started = performance.now();
  const costs = makeMeter(under);
  let shown = 0;
  let answered = 0;
  while (!options.isOver() && performance.now() - started < options.minutes * 60_000) {
    await pause(secondMs);
    if (!engine.isAlive())
      throw new Error(`the engine has ended: ${engine.lines.slice(-5).join("; ")}`);
    const before = soaked.costs;
    soaked.costs = costs();
    const { elapsedMs, micros } = costsBetween(before, soaked.costs);
    const share = micros.engine / 1000 / elapsedMs;
    soaked.shares.push(share);
    const answeredNow = soaked.load.answered();
    steer(soaked.load, options.load, { share, answered: answeredNow - answered });
    answered = answeredNow;
    soaked.samples.push(await takeSample(engine));
    const minute = Math.floor(soaked.costs.elapsedMs / 60_000);
    if (minute > shown) options.onMinute(soaked, minute);
    shown = minute;
  }
};

/** Runs it; what is found is in the result. Rejects only when something does not run at all. */
export const soakWithFaults = async (
  later: Later,
  options: FaultSoakOptions,
): Promise<FaultSoaked> => {
  const fleet = await startFleet(later);
  const engine = await startEngineBefore(later, fleet);
  const log = makeFaultLog();
  const random = makeRandom(options.seed);
  const faults = makeSchedule(random, options.minutes * 60_000 - 5 * secondMs);
  await takeSample(engine); // what is opened for the first scrape is no leak
  const before = engine.openFiles();
  const load = startLoad({ ...engine, log, random, deadlineMs, perSecond: firstPerSecond });
  later(() => load.stop());
  const oddities = startOddities(engine, { log, random, everyMs: oddEveryMs });
  const soaked: Under["soaked"] = {
    ...{ load, oddities, faults, samples: [], shares: [], costs: noCosts, exitCode: null },
    files: { before, after: 0 },
  };
  const sown = sowFaults(fleet, log, { faults, isOver: options.isOver });
  await Promise.all([watch({ engine, fleet, soaked, options }), sown]);
  await oddities.stop();
  await load.stop();
  soaked.files.after = await settle(engine, before);
  soaked.exitCode = await engine.stop();
  return soaked;
};
