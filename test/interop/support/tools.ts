/** Runs the installed tools; `environment/main.ts` puts them there. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clients, startClients, startLines } from "../../peers/support/clients.ts";
import { type Programs, programsOf } from "../environment/programs.ts";

// biome-ignore lint/style/noProcessEnv: the door of these tests; what they start gets what it needs of it
const env = process.env;

export const folder = join(import.meta.dirname, "..");

export const programs = (): Programs => {
  const found = programsOf(env);
  if (existsSync(found.go) && existsSync(found.python) && existsSync(found.tools)) return found;
  throw new Error(
    `not installed: run node test/interop/environment/main.ts (${Object.values(found).join(", ")})`,
  );
};

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** Longer than a tool may take. */
const limitMs = 100_000;

/** Runs one of Debian's tools to its end. */
export const runTool = (tool: string, args: readonly string[], input = ""): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const { tools, toolsEnv } = programs();
    const child = spawn(join(tools, tool), args, { env: { ...toolsEnv }, timeout: limitMs });
    const told = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      told.out += chunk.toString("latin1");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      told.err += chunk.toString("latin1");
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, ...told }));
    child.stdin.on("error", () => {}); // a tool need not read it
    child.stdin.end(input);
  });

/** Our clients in Go. */
export const startGo = (): Clients =>
  startLines({ file: programs().go, args: ["clients"], cwd: folder, env: {} });

/** Our clients in Python. */
export const startPython = (script: string): Clients =>
  startClients(programs().python, script, join(folder, "python"));
