/** Child processes of the bench: started on a CPU of their own, known by id, and all ended by us. */
import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

export type Launch = {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where it runs; anywhere if undefined. */
  readonly cpu: number | undefined;
  /** Opens a channel for messages. */
  readonly ipc?: boolean;
};

export type Process = {
  readonly pid: number;
  /** The next message of the process; rejects if it ends before. */
  message(): Promise<unknown>;
  send(message: object): void;
  /** Rejects when the process ends without being asked to, with what it wrote last. */
  readonly failed: Promise<never>;
  /** Asks it to end, and makes it if it does not within `graceMs`. */
  stop(): Promise<void>;
};

export type Processes = {
  start(launch: Launch): Process;
  /** Ends what still runs; nothing is started any more. */
  stopAll(): Promise<void>;
};

const graceMs = 20_000;
const keptOutput = 4000;

export const makeProcesses = (): Processes => {
  const running = new Set<Process>();
  let closed = false;
  return {
    start: (launch) => {
      if (closed) throw new Error("the bench is stopping");
      const started = start(launch, () => running.delete(started));
      running.add(started);
      return started;
    },
    stopAll: async () => {
      closed = true;
      await Promise.all([...running].map((one) => one.stop()));
    },
  };
};

const start = ({ name, command, env, cpu, ipc }: Launch, onEnd: () => void): Process => {
  const pinned = cpu === undefined ? command : ["taskset", "--cpu-list", String(cpu), ...command];
  const child = spawn(pinned[0] ?? "", pinned.slice(1), {
    env,
    stdio: ["ignore", "ignore", "pipe", ...(ipc === true ? (["ipc"] as const) : [])],
  });
  let output = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutput);
  });
  let stopping = false;
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(`${signal ?? `exit code ${code}`}`));
  });
  const failed = ended.then((how): Promise<never> => {
    onEnd();
    if (stopping) return new Promise(() => {}); // as it was asked to
    throw new Error(`${name} ended (${how})${output === "" ? "" : `:\n${output.trimEnd()}`}`);
  });
  failed.catch(() => {}); // heard by whoever waits for the process
  return {
    pid: child.pid ?? 0,
    failed,
    message: () => Promise.race([nextMessage(child), failed]),
    send: (message) => {
      child.send(message);
    },
    stop: async () => {
      stopping = true;
      child.kill("SIGTERM");
      const timer = setTimeout(() => {
        process.stderr.write(`${name} does not end within ${graceMs} ms: killed\n`);
        child.kill("SIGKILL");
      }, graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
};

const nextMessage = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    child.once("message", resolve);
  });

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // a TCP server's address
      server.close(() => resolve(port));
    });
  });
