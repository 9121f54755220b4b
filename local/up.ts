/**
 * `espalier up`: manifests in, processes and an ingress out, until told to stop.
 *
 * What an operator and Kubernetes do in a cluster is done here on one machine: every container with
 * a command is a process with the environment of its pod, every predictor has an engine, and one
 * port serves them all. Edits of the files roll over without losing a request.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDeadlines } from "../runtime/deadlines.ts";
import { defaultLimits } from "../runtime/limits.ts";
import { type Clock, settlesWithin } from "./clock.ts";
import { followEdits } from "./edits.ts";
import { type Fleet, makeFleet } from "./fleet.ts";
import { urlOf } from "./hint.ts";
import { unusedImages } from "./images.ts";
import { type Ingress, listenIngress } from "./ingress.ts";
import { keyOf, type Reading, type ReadingOptions, readManifests, repeats } from "./manifests.ts";
import { makePorts } from "./ports.ts";
import { signalGroup } from "./process.ts";
import { makeReaper, type Reaper } from "./reaper.ts";
import { makeOutcomeReport, printNotices } from "./report.ts";
import type { Route } from "./routes.ts";
import type { Terminal } from "./terminal.ts";

export type UpOptions = ReadingOptions & {
  /** Files, folders, or `-` for the standard input. */
  readonly inputs: readonly string[];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** 0 or more, less than 1. */
  readonly random: () => number;
  /** Ends when the user asks to stop. */
  readonly stop: AbortSignal;
  /** Is handed what ends everything at once, for when there is no time to do it in order. */
  readonly onKillable: (kill: () => void) => void;
};

/** Longest time for requests under way when we are told to stop. */
const drainMs = 15_000;

/** Runs until it is stopped, or until nothing is left to run. Resolves with the exit code. */
export const up = async (options: UpOptions): Promise<number> => {
  const readings = await Promise.all(options.inputs.map((input) => readManifests(input, options)));
  const faults = readings.flatMap((reading) => reading.faults);
  const manifests = readings.flatMap((reading) => reading.manifests);
  const all = [...faults, ...repeats(manifests)];
  printNotices(options.terminal, {
    faults: all,
    warnings: readings.flatMap(({ warnings }) => warnings),
  });
  if (all.length > 0) return 1;
  const deployments = manifests.map(({ deployment }) => deployment);
  for (const { name } of unusedImages(deployments, options.machine.images)) {
    const message = "fits no container; write the name or the image of one";
    options.terminal.note(`warning: --image ${name} ${message}`);
  }

  const house: { fleet: Fleet | undefined } = { fleet: undefined };
  const ingress = await openIngress(options, () => house.fleet?.routes() ?? []);
  if (ingress === undefined) return 1;
  const scratch = mkdtempSync(join(tmpdir(), "espalier-up-"));
  const reaper = makeReaper(scratch);
  const kill = (): void => {
    for (const pid of reaper.all()) signalGroup(pid, "SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  };
  options.onKillable(kill);
  try {
    return await run(options, readings, { ingress, house, scratch, reaper });
  } finally {
    ingress.close();
    kill();
    reaper.close();
  }
};

/** Listens, or says why not. */
const openIngress = async (
  options: UpOptions,
  routes: () => readonly Route[],
): Promise<Ingress | undefined> => {
  const { host, port, random, terminal, namespace } = options;
  try {
    return await listenIngress({
      host,
      port,
      limits: defaultLimits,
      deadlines: makeDeadlines(),
      defaultNamespace: namespace,
      routes,
      random,
    });
  } catch (thrown) {
    terminal.note(`error: ${listenFault(thrown, host, port)}`);
    return undefined;
  }
};

const listenFault = (thrown: unknown, host: string, port: number): string => {
  const { code, message } = thrown as NodeJS.ErrnoException; // what listen() rejects with
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} is in use; choose another with --port (0 takes a free one)`;
    case "EACCES":
      return `port ${port} may not be opened by this user; choose one above 1023 with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `"${host}" is no address of this machine; choose one with --host`;
    default:
      return `cannot listen on ${host}:${port}: ${message}`;
  }
};

type Stage = {
  readonly ingress: Ingress;
  readonly house: { fleet: Fleet | undefined };
  readonly scratch: string;
  readonly reaper: Reaper;
};

const run = async (
  options: UpOptions,
  readings: readonly Reading[],
  { ingress, house, scratch, reaper }: Stage,
): Promise<number> => {
  const { terminal, clock, stop, inputs } = options;
  const url = urlOf(options.host, ingress.port);
  const report = makeOutcomeReport({ terminal, url, cwd: options.cwd });
  const keys = readings.flatMap(({ manifests }) => manifests.map(keyOf));
  const unsettled = new Set(keys);
  const hopeless = new AbortController();
  const settle = (key: string, serves: boolean): void => {
    if (serves) unsettled.clear();
    else if (unsettled.delete(key) && unsettled.size === 0) hopeless.abort();
  };

  const fleet = makeFleet({
    machine: options.machine,
    ports: makePorts(options.random),
    scratch,
    clock,
    deadlines: makeDeadlines(),
    limits: defaultLimits,
    groups: reaper,
    print: terminal.print,
    whenDrained: terminal.whenDrained,
    note: terminal.note,
    onOutcome: (manifest, outcome) => {
      report(manifest, outcome);
      settle(keyOf(manifest), outcome.is !== "failed");
    },
    onRemoved: (key) => terminal.note(`${key} is gone from its file; it stops`),
  });
  house.fleet = fleet;
  terminal.note(`serving on ${url}, starting ${keys.join(", ")}`);
  for (const [i, input] of inputs.entries()) fleet.apply(input, readings[i]?.manifests ?? []);
  const unwatch = followEdits(fleet, options);

  await ended(AbortSignal.any([stop, hopeless.signal]));
  if (!hopeless.signal.aborted) terminal.note("stopping; Ctrl-C again ends everything at once");
  await unwatch();
  await settlesWithin(clock, drainMs, ingress.drain());
  ingress.close();
  await fleet.stop();
  return hopeless.signal.aborted ? 1 : 0;
};

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
