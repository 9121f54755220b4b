/** Containers in three languages that do what the metadata `do` says; without it, they echo. */
import { join } from "node:path";
import { machineEnv } from "../../peers/support/peers.ts";
import type { Process, Processes } from "../../peers/support/processes.ts";
import { folder, programs } from "./tools.ts";

export const languages = ["Go", "Python", "JavaScript"] as const;
export type Language = (typeof languages)[number];

export type GrpcNode = { readonly port: number; readonly process: Process };

export type NodeOptions = {
  /** After so many milliseconds a connection is told to go away; never if absent. */
  readonly ageMs?: number;
  /** A free one if absent. */
  readonly port?: number;
};

const commands: Readonly<Record<Language, () => readonly [file: string, ...args: string[]]>> = {
  Go: () => [programs().go, "grpc-node"],
  Python: () => [join(programs().python, "python"), "grpc_node.py"],
  JavaScript: () => [process.execPath, "../typescript/grpc-node.ts"],
};

export const startNode = async (
  processes: Processes,
  language: Language,
  { ageMs = 0, port: wanted }: NodeOptions = {},
): Promise<GrpcNode> => {
  const port = wanted ?? (await processes.freePort());
  const [file, ...args] = commands[language]();
  const started = processes.start({
    name: `node in ${language}`,
    file,
    args: [...args, "--port", String(port), "--age", String(ageMs)],
    cwd: join(folder, "python"),
    env: machineEnv("/usr/bin"),
  });
  await started.listens(port);
  return { port, process: started };
};
