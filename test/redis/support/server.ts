/** A real Redis or Valkey server, which a test may pause, kill and start again. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { makePorts } from "../../../local/ports.ts";
import type { Later } from "../../contract/cleanup.ts";
import { findServer } from "../environment/server.ts";

export type TestServer = {
  readonly port: number;
  readonly url: string;
  /** A connection of the test's own. */
  readonly client: Redis;
  start(): Promise<void>;
  /** Ends it without a warning. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
};

/** Ends a server that a test has left in the middle of something. */
const limitMs = 300_000;

export const startServer = async (
  later: Later,
  options: readonly string[] = [],
): Promise<TestServer> => {
  // biome-ignore lint/style/noProcessEnv: where the tests' own installation is
  const command = await findServer(process.env);
  if (command === undefined) throw new Error("no server: run node test/redis/environment/main.ts");
  const folder = mkdtempSync(join(tmpdir(), "espalier-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const usual = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--daemonize", "no"];
    child = spawn(command.file, ["--port", `${port}`, ...usual, ...options], {
      env: { PATH: "/usr/bin:/bin", LD_LIBRARY_PATH: command.libraries ?? "" },
      stdio: ["ignore", "pipe", "inherit"],
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
    await said(child, "Ready to accept connections");
  };
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await ended;
  };
  await start();
  const client = new Redis({ port, host: "127.0.0.1", lazyConnect: true });
  client.on("error", () => {}); // the server comes and goes
  later(async () => {
    client.disconnect();
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    start,
    kill,
    pause: () => child?.kill("SIGSTOP"),
    resume: () => child?.kill("SIGCONT"),
  };
};

const said = (child: ChildProcess, words: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines: string[] = [];
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line.includes(words)) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`the server ended:\n${lines.join("\n")}`)));
  });

const ports = makePorts(Math.random);

/** The server cannot choose one itself; nobody else takes it while the server is away. */
export const freePort = (): Promise<number> => ports.take();
