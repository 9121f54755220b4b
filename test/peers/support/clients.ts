/** Clients written in other languages, kept running and asked by lines of JSON. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { machineEnv, pythonFolder } from "./peers.ts";

type Told = { readonly answer: unknown } | { readonly broken: string };

export type Clients = {
  /** One call; rejects with the program's own words when something failed that should not. */
  ask(call: object): Promise<unknown>;
  stop(): Promise<void>;
};

export type PythonClients = Clients;

export type ClientsCommand = {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

const mark = "answer ";

/** Runs `script` with the Python of `bin`. */
export const startClients = (bin: string, script: string, cwd = pythonFolder): Clients =>
  startLines({ file: `${bin}/python`, args: [script], cwd, env: machineEnv(bin) });

/** Runs a program that answers lines. It ends when this process does: its input closes. */
export const startLines = ({ file, args, cwd, env }: ClientsCommand): Clients => {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(file, args, {
    cwd,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4000);
  });
  child.stdin.on("error", () => {}); // "close" follows
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith(mark)) return;
    const told: Told = JSON.parse(line.slice(mark.length)); // written by our script
    const next = waiting.shift();
    if ("broken" in told) next?.reject(new Error(told.broken));
    else next?.resolve(told.answer);
  });
  let ended: Error | undefined;
  const closed = once(child, "close").then(() => {
    ended = new Error(`${[file, ...args].join(" ")} ended:\n${words}`);
    for (const { reject } of waiting) reject(ended);
  });
  return {
    ask: (call) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(call)}\n`);
      }),
    stop: async () => {
      child.stdin.end();
      await closed;
    },
  };
};
