/** The command as an init container runs it: a process with an environment and a termination message. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Env } from "../../../local/fetch/source.ts";
import type { Later } from "../../contract/cleanup.ts";
import { root } from "../../support/serve-process.ts";
import { temporary } from "./servers.ts";

export type Run = {
  readonly code: number | null;
  readonly output: string;
  /** What the pod's status would say. */
  readonly message: string;
};

export type Running = {
  readonly done: Promise<Run>;
  /** Ends it without a warning. */
  kill(): void;
};

const limitMs = 110_000;

export const startFetch = (later: Later, args: readonly string[], env: Env): Running => {
  const log = join(temporary(later), "termination-log");
  const child = spawn(`${root}bin/espalier`, ["fetch", ...args], {
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", TERMINATION_LOG: log, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...{ timeout: limitMs, killSignal: "SIGKILL" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const done = new Promise<Run>((resolve) => {
    child.once("close", (code) => resolve({ code, output, message: read(log) }));
  });
  later(async () => {
    child.kill("SIGKILL");
    await done;
  });
  return { done, kill: () => child.kill("SIGKILL") };
};

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** The code that a message ends with. */
export const codeIn = ({ message }: Run): string => /\[([A-Z_]+)\]$/.exec(message)?.[1] ?? message;

/** Resolves when so many bytes of a model that is on its way are on the disk. */
export const hasCome = async (folder: string, bytes: number): Promise<void> => {
  const parts = () => filesIn(folder).filter((name) => name.endsWith(".part"));
  const size = () => parts().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  while (size() !== bytes) await setTimeout(5);
};

/** All files below a folder, hidden ones too. */
export const filesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .toSorted();
  } catch {
    return [];
  }
};
