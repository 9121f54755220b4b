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
  /** Resolves with the first line, past or to come, that matches; rejects when the process ends. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves once the port accepts connections; rejects when the process ends before. */
  listens(port: number): Promise<void>;
  /** Ends it and its children; resolves once they are gone. */
  stop(): Promise<void>;
};

export type Processes = {
  /** A folder for files of the test, removed at the end. */
  readonly folder: string;
  start(command: Command): Process;
  freePort(): Promise<number>;
  /** What every process has printed, for a test that failed. */
  words(): string;
  stopAll(): Promise<void>;
};

const graceMs = 5_000;
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
    words: () => running.map(({ name, lines }) => `--- ${name}\n${lines.join("\n")}`).join("\n"),
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
  const early = life.ended.then((exit): never => {
    const told = lines.slice(-20).join("\n");
    throw new Error(`${command.name} ${describeExit(exit)} too early:\n${told}`);
  });
  early.catch(() => {}); // heard by whoever waits; the end of a test ends processes, too
  return {
    name: command.name,
    lines,
    line: (pattern) =>
      Promise.race([
        early,
        new Promise<string>((resolve) => {
          const look = (line: string): void => {
            if (pattern.test(line)) resolve(line);
          };
          waiting.add(look);
          lines.forEach(look);
        }),
      ]),
    listens: async (port) => {
      const waits = new AbortController();
      try {
        await Promise.race([early, accepts(port, systemClock, waits.signal)]);
      } finally {
        waits.abort();
      }
    },
    stop: async () => {
      await life.stop();
    },
  };
};
