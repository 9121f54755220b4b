import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** One line of the log, as pino writes it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** An `espalier serve` that is running on free ports. */
export type ServeProcess = {
  readonly url: string;
  /** Host and port of its gRPC services. */
  readonly grpcAddress: string;
  readonly metricsUrl: string;
  /** Lines of standard error that have come so far, JSON or not. */
  readonly lines: readonly string[];
  /** Resolves with the first log line of this message, past or to come. */
  logged(message: string): Promise<LogLine>;
  /** Sends a signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

export type ServeExit = { readonly code: number | null; readonly lines: readonly string[] };

type Options = {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcess) => void;
};

const start = (args: readonly string[], { folder, env = {} }: Options): ChildProcess =>
  spawn(`${root}bin/espalier`, ["serve", ...args], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env }, // of what the machine has, only a shell is needed
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 600_000, // nothing outlives tests that fail
  });

const collect = (child: ChildProcess) => {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
  });
  const logged = (message: string): Promise<LogLine> =>
    new Promise((resolve, reject) => {
      const look = (line: string): void => {
        if (!line.startsWith("{")) return;
        const parsed: LogLine = JSON.parse(line);
        if (parsed["msg"] === message) resolve(parsed);
      };
      for (const line of lines) look(line);
      listeners.add(look);
      void exited.then((code) => {
        reject(new Error(`serve ended with ${code} before "${message}":\n${lines.join("\n")}`));
      });
    });
  return { lines, exited, logged };
};

/** Starts `espalier serve` on free ports and waits until it answers. */
export const startServe = async (
  args: readonly string[],
  options: Options,
): Promise<ServeProcess> => {
  const child = start([...args, "--http-port=0", "--grpc-port=0", "--metrics-port=0"], options);
  const { lines, exited, logged } = collect(child);
  const ready = await logged("serving");
  return {
    url: `http://127.0.0.1:${ready["httpPort"]}`,
    grpcAddress: `127.0.0.1:${ready["grpcPort"]}`,
    metricsUrl: `http://127.0.0.1:${ready["metricsPort"]}`,
    lines,
    logged,
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return exited;
    },
  };
};

/** Runs `espalier serve` until it ends by itself. */
export const runServe = async (args: readonly string[], options: Options): Promise<ServeExit> => {
  const child = start(args, options);
  options.onStart?.(child);
  const { lines, exited } = collect(child);
  const code = await exited;
  return { code, lines };
};
