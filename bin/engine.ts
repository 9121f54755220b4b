import { availableParallelism } from "node:os";
import { describeFlags } from "../host/flags.ts";
import { collectAlone, giveBackStart } from "../host/heap.ts";
import { engineFlags, readWorkers, type Workers } from "../runtime/flags.ts";
import type { Started } from "../runtime/main.ts";
import { findSiblings, type Siblings } from "../runtime/workers/worker.ts";

const usage = `usage: espalier engine --sdep NAME --namespace NAMESPACE --predictor NAME [flags]

Routes requests through the graph of one predictor. The graph comes in the environment variable
ENGINE_PREDICTOR (the base64 of a predictor's JSON), or from a manifest with --file.

With --workers above 1, SIGHUP puts new processes in the place of the old ones, one at a time.

`;

/** `espalier engine`: serves until it is told to stop. Resolves with the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.some((word) => /^--?h(?:elp)?$/.test(word))) {
    process.stdout.write(usage + describeFlags(engineFlags));
    return 0;
  }
  const siblings = findSiblings();
  if (siblings !== undefined) return serveBeside(siblings, argv);
  const workers = readWorkers(argv, process.env, availableParallelism());
  return workers.count > 1 ? serveByMany(workers) : serveAlone(argv);
};

/** In it, every answer of a process that is replaced tells its client to come back on another connection. */
const replacedDelayMs = 1000;

const toldToStop = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });

const start = async (argv: readonly string[], siblings?: Siblings): Promise<Started> => {
  collectAlone();
  const { startEngine } = await import("../runtime/main.ts");
  const started = await startEngine(argv, process.env, siblings);
  if (started.ok) giveBackStart();
  return started;
};

const serveAlone = async (argv: readonly string[]): Promise<number> => {
  const stopAsked = toldToStop();
  const started = await start(argv);
  if (!started.ok) return refuse(started.faults, started.exitCode);
  await stopAsked;
  const code = await started.process.stop();
  process.exit(code); // whatever may still be open after the drain has had its time
};

/** As one of several processes, which says what it has to say to the first of them. */
const serveBeside = async (siblings: Siblings, argv: readonly string[]): Promise<number> => {
  const started = await start(argv, siblings);
  if (!started.ok) {
    await siblings.refused(started);
    return process.exit(started.exitCode);
  }
  const why = await siblings.stopAsked;
  const code = await started.process.stop(why === "replaced" ? replacedDelayMs : undefined);
  await siblings.leave();
  process.exit(code);
};

const serveByMany = async ({ count, stopTimeoutMs, logLevel }: Workers): Promise<number> => {
  const stopAsked = toldToStop();
  let restart = (): void => {}; // a signal that comes before anything serves asks for nothing
  process.on("SIGHUP", () => restart());
  const [{ startPrimary }, { makeLog }] = await Promise.all([
    import("../runtime/workers/primary.ts"),
    import("../host/log.ts"),
  ]);
  const started = await startPrimary({ count, stopTimeoutMs, log: makeLog(logLevel) });
  if (!started.ok) return refuse(started.faults, started.exitCode);
  restart = () => void started.process.restart();
  await stopAsked;
  process.exit(await started.process.stop());
};

const refuse = (faults: readonly string[], exitCode: number): never => {
  process.stderr.write(`espalier engine: ${faults.join("; ")}\n`);
  return process.exit(exitCode); // a signal that comes now finds nobody to stop
};
