/** Clients written in Python, kept running and asked by lines of JSON. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { machineEnv, pythonFolder } from "./peers.ts";

type Told = { readonly answer: unknown } | { readonly broken: string };

export type PythonClients = {
  /** One call; rejects with Python's own trace when it raised what it should not. */
  ask(call: object): Promise<unknown>;
  stop(): Promise<void>;
};

const mark = "answer ";

/** Runs `script` with the Python of `bin`. It ends when this process does: its input closes. */
export const startClients = (bin: string, script: string): PythonClients => {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    `${bin}/python`,
    [script],
    { cwd: pythonFolder, env: machineEnv(bin), stdio: ["pipe", "pipe", "pipe"] },
  );
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
    ended = new Error(`${script} ended:\n${words}`);
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
