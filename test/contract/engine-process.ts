/** An engine as a process of its own, whose memory and files can be looked at from outside. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { encodePlan, type UnitSource } from "../../api/plan.ts";
import { commandOf, type EngineOptions } from "./engine.ts";

const espalier = fileURLToPath(new URL("../../bin/espalier", import.meta.url));

export type EngineProcess = {
  readonly pid: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Memory in use, in bytes. Source: proc(5), VmRSS. */
  rssBytes(): number;
  /** Files and sockets that are open. Source: proc(5). */
  openFiles(): number;
  /** Lines of its log so far. */
  readonly lines: readonly string[];
  /** It has not ended. */
  isAlive(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** Resolves when so many lines of its log hold the text. */
  logged(text: string, times?: number): Promise<void>;
  /** Tells it to stop, and resolves with the exit code. */
  stop(): Promise<number | null>;
};

export const startEngineProcess = async (
  graph: UnitSource,
  options: EngineOptions = {},
): Promise<EngineProcess> => {
  const child = spawn(espalier, ["engine", ...commandOf(options), "--log_level", "INFO"], {
    env: {
      PATH: "/usr/bin:/bin", // of what the machine has, only a shell is needed
      ...options.env,
      ENGINE_PREDICTOR: encodePlan({ name: "p", graph }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  void exited.then(() => process.off("exit", kill));
  const { pid = 0 } = child;
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const ports = await new Promise<{ httpPort: number; grpcPort: number }>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look();
      if (line.includes('"engine started"')) resolve(JSON.parse(line));
    });
    void exited.then((code) =>
      reject(new Error(`the engine ended with ${code}: ${lines.join("; ")}`)),
    );
  });
  return {
    pid,
    lines,
    httpPort: ports.httpPort,
    grpcPort: ports.grpcPort,
    rssBytes: () => {
      const [, kilobytes] =
        /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      return Number(kilobytes) * 1024;
    },
    openFiles: () => readdirSync(`/proc/${pid}/fd`).length,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    signal: (name) => {
      child.kill(name);
    },
    exited,
    logged: (text, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (lines.filter((line) => line.includes(text)).length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
};
