/** One life of one process: its group, its output, its end. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { type Clock, settlesWithin } from "./clock.ts";
import { makeLines } from "./lines.ts";
import type { Groups } from "./reaper.ts";

export type ProcessSpec = {
  /** `deployment/predictor/container`, in front of each line it prints. */
  readonly label: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
};

export type Stream = "stdout" | "stderr";

/** What a process needs from its surroundings. */
export type Surroundings = {
  readonly clock: Clock;
  readonly groups: Groups;
  /** Takes a line; answers false when it cannot take more until `whenDrained` calls back. */
  readonly print: (label: string, line: string, stream: Stream) => boolean;
  readonly whenDrained: (resume: () => void) => void;
};

/** How a process ended; `failure` when it could not even be started. */
export type Exit =
  | { readonly by: "code"; readonly code: number }
  | { readonly by: "signal"; readonly signal: string }
  | { readonly by: "failure"; readonly error: NodeJS.ErrnoException };

export const describeExit = (exit: Exit): string => {
  switch (exit.by) {
    case "code":
      return `exited with code ${exit.code}`;
    case "signal":
      return `was ended by ${exit.signal}`;
    case "failure":
      return exit.error.code === "ENOENT"
        ? "could not be started: the command or its working folder does not exist"
        : `could not be started: ${exit.error.message}`;
  }
};

export type Life = {
  /** Resolves when the process and all of its group are gone, and its last line is printed. */
  readonly ended: Promise<Exit>;
  /** The last lines printed, oldest first. */
  tail(): readonly string[];
  /** SIGTERM to the group, SIGKILL after the grace; resolves with `ended`. */
  stop(): Promise<Exit>;
  /** SIGKILL to the group. */
  kill(): void;
};

const tailLines = 20;
/** How long output may go on after the end, through children that left the group. */
const lastWordsMs = 1_000;

/**
 * Starts a process in a group of its own, so that the children of a shell end with it and a
 * Ctrl-C at the terminal reaches only us.
 */
export const launch = (spec: ProcessSpec, around: Surroundings): Life => {
  const child = spawn(spec.file, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid !== undefined) around.groups.add(pid);
  const signal = (name: NodeJS.Signals): void => {
    if (pid !== undefined) signalGroup(pid, name);
  };
  const tail: string[] = [];
  const outputs = [
    forward(child.stdout, "stdout", { spec, around, tail }),
    forward(child.stderr, "stderr", { spec, around, tail }),
  ];

  let isStopping = false;
  const ended = exitOf(child).then(async (exit) => {
    // A shell ends at SIGTERM while its children still drain: they have the rest of the grace.
    if (isStopping) await Promise.all(outputs);
    signal("SIGKILL"); // what its leader left behind would hold ports and pipes
    await settlesWithin(around.clock, lastWordsMs, Promise.all(outputs));
    child.stdout.destroy();
    child.stderr.destroy();
    if (pid !== undefined) around.groups.drop(pid);
    return exit;
  });

  return {
    ended,
    tail: () => tail,
    stop: async () => {
      isStopping = true;
      signal("SIGTERM");
      if (!(await settlesWithin(around.clock, spec.graceMs, ended))) {
        signal("SIGKILL");
        await settlesWithin(around.clock, lastWordsMs, ended);
        child.stdout.destroy(); // whoever left the group and still holds them is not waited for
        child.stderr.destroy();
      }
      return ended;
    },
    kill: () => signal("SIGKILL"),
  };
};

/** Signals a whole group; a group that is gone already is what was wanted. */
export const signalGroup = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // Thrown by process.kill as the system's error. EPERM: only foreign processes are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
};

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ by: "failure", error });
    });
    child.on("exit", (code, signal) =>
      resolve(signal === null ? { by: "code", code: code ?? 0 } : { by: "signal", signal: signal }),
    );
  });

type Printing = {
  readonly spec: ProcessSpec;
  readonly around: Surroundings;
  readonly tail: string[];
};

/** Prints what comes out line by line, no faster than it can be taken; resolves at its end. */
const forward = (output: Readable, stream: Stream, printing: Printing): Promise<void> => {
  const { spec, around, tail } = printing;
  let full = false;
  const lines = makeLines((line) => {
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
    if (!around.print(spec.label, line, stream)) full = true;
  });
  output.on("data", (chunk: Buffer) => {
    lines.push(chunk);
    if (!full) return;
    full = false;
    output.pause();
    around.whenDrained(() => output.resume());
  });
  return new Promise((resolve) => {
    output.on("error", () => {}); // "close" follows
    output.on("close", () => {
      lines.end();
      resolve();
    });
  });
};
