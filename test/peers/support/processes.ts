/** Processes of a test: their words are kept for when it fails, and none of them outlives it. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../local/clock.ts";
import { accepts, makePorts } from "../../../local/ports.ts";
import { describeExit, type Life, launch } from "../../../local/process.ts";
import { makeReaper } from "../../../local/reaper.ts";

export type Command = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

export type Process = {
  readonly name: string;
  /** Everything it has printed. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or to come, that matches; rejects when the process ends or takes too long. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves once the port accepts connections; rejects as well. */
  listens(port: number): Promise<void>;
  /** Ends it and its children; resolves once they are gone. */
  stop(): Promise<void>;
};

export type Processes = {
  /** A folder for files of the test, removed at the end. */
  readonly folder: string;
  start(command: Command): Process;
  freePort(): Promise<number>;
  stopAll(): Promise<void>;
};

const graceMs = 30_000;
/** How long a process may take to do what is waited for. */
const waitMs = 120_000;
const keptLines = 200;

export const makeProcesses = (): Processes => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-peers-"));
  const groups = makeReaper(folder); // it also ends what a killed test runner leaves behind
  const ports = makePorts(Math.random);
  const running: Process[] = [];
  return {
    folder,
    freePort: () => ports.take(),
    start: (command) => {
      const started = start(command, groups);
      running.push(started);
      return started;
    },
    stopAll: async () => {
      await Promise.all(running.map((one) => one.stop()));
      groups.close();
    },
  };
};

const start = (command: Command, groups: ReturnType<typeof makeReaper>): Process => {
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const print = (_label: string, line: string): boolean => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    for (const look of waiting) look(line);
    return true;
  };
  const life: Life = launch(
    { ...command, label: command.name, graceMs },
    { clock: systemClock, groups, print, whenDrained: (resume) => resume() },
  );
  const failed = (what: string): Error =>
    new Error(`${command.name} ${what}:\n${lines.slice(-30).join("\n")}`);
  const early = life.ended.then((exit): never => {
    throw failed(`${describeExit(exit)} too early`);
  });
  early.catch(() => {}); // heard by whoever waits; the end of a test ends processes, too
  /** What is waited for, unless the process ends before or takes too long. */
  const inTime = async <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const waits = new AbortController();
    const limit = new Promise<never>((_resolve, reject) => {
      const late = setTimeout(() => reject(failed(`${what} not within ${waitMs} ms`)), waitMs);
      waits.signal.addEventListener("abort", () => clearTimeout(late));
    });
    try {
      return await Promise.race([early, limit, work(waits.signal)]);
    } finally {
      waits.abort();
    }
  };
  return {
    name: command.name,
    lines,
    line: (pattern) =>
      inTime(
        `said ${pattern}`,
        (signal) =>
          new Promise<string>((resolve) => {
            const look = (line: string): void => {
              if (pattern.test(line)) resolve(line);
            };
            waiting.add(look);
            signal.addEventListener("abort", () => waiting.delete(look));
            lines.forEach(look);
          }),
      ),
    listens: async (port) => {
      await inTime(`listens on ${port}`, (signal) => accepts(port, systemClock, signal));
    },
    stop: async () => {
      await life.stop();
    },
  };
};
