import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../local/clock.ts";
import { systemClock } from "../../local/clock.ts";
import type { Stream, Surroundings } from "../../local/process.ts";
import type { Groups } from "../../local/reaper.ts";
import type { Upstream } from "../../local/upstream.ts";

const notCalled = (): never => {
  throw new Error("not called");
};

/** The way to a predictor that is never called. */
export const nowhere: Upstream = {
  send: notCalled,
  stream: notCalled,
  connect: notCalled,
  hold: notCalled,
  idle: () => Promise.resolve(),
  close: () => {},
};

export type ManualClock = Clock & {
  /** Turns the clock on by `ms`, running what falls due, in order. */
  turn(ms: number): void;
  /** How long until the next thing falls due. */
  nextInMs(): number | undefined;
};

export const makeManualClock = (): ManualClock => {
  let time = 0;
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  const earliest = () => [...due].sort((a, b) => a.at - b.at)[0];
  return {
    now: () => time,
    after: (afterMs, run) => {
      const entry = { at: time + afterMs, run };
      due.add(entry);
      return () => due.delete(entry);
    },
    turn: (ms) => {
      const end = time + ms;
      for (let next = earliest(); next !== undefined && next.at <= end; next = earliest()) {
        due.delete(next);
        time = next.at;
        next.run();
      }
      time = end;
    },
    nextInMs: () => {
      const next = earliest();
      return next === undefined ? undefined : next.at - time;
    },
  };
};

export type Printed = { readonly label: string; readonly line: string; readonly stream: Stream };

export type Recorder = Surroundings & {
  readonly printed: readonly Printed[];
  /** Resolves with the first line, past or to come, that matches. */
  line(pattern: RegExp): Promise<string>;
};

/** Surroundings that remember what was printed; processes are real, time may be turned by hand. */
export const makeRecorder = (clock: Clock = systemClock): Recorder => {
  const printed: Printed[] = [];
  const waiting = new Set<{ pattern: RegExp; resolve: (line: string) => void }>();
  return {
    clock,
    groups: makeGroups(),
    printed,
    print: (label, line, stream) => {
      printed.push({ label, line, stream });
      for (const one of waiting) {
        if (!one.pattern.test(line)) continue;
        waiting.delete(one);
        one.resolve(line);
      }
      return true;
    },
    whenDrained: (resume) => resume(),
    line: (pattern) => {
      const past = printed.find(({ line }) => pattern.test(line));
      if (past !== undefined) return Promise.resolve(past.line);
      return new Promise((resolve) => waiting.add({ pattern, resolve }));
    },
  };
};

export const makeGroups = (): Groups => {
  const pids = new Set<number>();
  return {
    add: (pid) => pids.add(pid),
    drop: (pid) => pids.delete(pid),
    all: () => [...pids],
  };
};

/** Resolves once no process of that id runs; one that is dead and not yet reaped does not run. */
export const gone = async (pid: number): Promise<void> => {
  while (isRunning(pid)) await setTimeout(5);
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
