import { spawn } from "node:child_process";
import type { Env } from "./cache.ts";

export type Ran = { readonly code: number; readonly output: string };

/** A command that is not there ends with 127, as in a shell. */
const notFound = 127;

/** Runs a command to its end and collects what it says on both outputs. */
export const run = (
  [file = "", ...args]: readonly string[],
  env: Env,
  limitMs: number,
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(file, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
    // spawn's own limit outlives a command that could not be started
    const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
    const end = (ran: Ran): void => {
      clearTimeout(late);
      resolve(ran);
    };
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", ({ message }) => end({ code: notFound, output: message }));
    child.on("close", (code, signal) =>
      end({ code: code ?? 1, output: signal === null ? output : `${output}\n(${signal})` }),
    );
  });

/** The same for a command that has to succeed. */
export const must = async (
  command: readonly string[],
  env: Env,
  limitMs: number,
): Promise<string> => {
  const { code, output } = await run(command, env, limitMs);
  if (code === 0) return output;
  throw new Error(`${command.join(" ")}\nended with ${code}:\n${output.trimEnd().slice(-4000)}`);
};
