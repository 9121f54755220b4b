/** A server that runs until it is ended, and never outlives the process that started it. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

export type Daemon = {
  readonly pid: number;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Stops all its threads where they are; resolves when they stand still. */
  readonly pause: () => Promise<void>;
  /** Ends it at once; resolves when it is gone. */
  readonly end: () => Promise<void>;
  /** Resolves when it is gone, for whatever reason, with the last lines of its log. */
  readonly ended: Promise<string>;
};

export type DaemonOptions = {
  readonly command: readonly string[];
  readonly logPath: string;
  /** Removed when the process that started the server is gone. */
  readonly folder?: string;
};

/**
 * A shell between us and the server. Its input is a pipe whose other end is ours alone: however we
 * end, even by SIGKILL, the pipe closes, and the shell ends the server. It leads a session of its
 * own, which Ctrl-C does not reach.
 */
const keeper = `
exec 3<&0
"$@" 3<&- </dev/null >&2 &
server=$!
echo "$server"
(
  trap "server=" USR1 # from below: its id may be another's now
  cat <&3
  if [ -n "$server" ]; then kill -9 "$server"; fi
  if [ -n "$FOLDER_TO_REMOVE" ]; then sleep 1; rm -rf "$FOLDER_TO_REMOVE"; fi
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
kill -USR1 "$watcher"
`;

export const startDaemon = async (options: DaemonOptions): Promise<Daemon> => {
  const { command, logPath, folder = "" } = options;
  const log = openSync(logPath, "a");
  const shell = spawn("/bin/sh", ["-c", keeper, "sh", ...command], {
    detached: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", FOLDER_TO_REMOVE: folder },
    stdio: ["pipe", "pipe", log],
  }) as ChildProcessByStdio<Socket, Socket, null>; // as: pipes of a child are sockets
  closeSync(log);
  let isRunning = true;
  const ended = new Promise<string>((resolve) => {
    const end = (): void => {
      isRunning = false;
      resolve(lastWords(logPath));
    };
    shell.once("error", end);
    shell.once("exit", end);
  });
  shell.unref();
  shell.stdin.unref();
  const pid = await new Promise<number>((resolve, reject) => {
    createInterface({ input: shell.stdout }).once("line", (line) => resolve(Number(line)));
    shell.once("error", reject);
  });
  shell.stdout.unref();
  const signal = (name: NodeJS.Signals): void => {
    if (isRunning) process.kill(pid, name);
  };
  const end = async (): Promise<void> => {
    shell.ref(); // whoever waits for its end stays until then
    signal("SIGKILL");
    await ended;
    shell.stdin.destroy();
  };
  const pause = async (): Promise<void> => {
    signal("SIGSTOP");
    while (isRunning && !threadStates(pid).every((state) => state === "T")) {
      await setTimeout(pausePollMs);
    }
  };
  return { pid, signal, pause, end, ended };
};

const pausePollMs = 5;

/** T: stopped; X: ended meanwhile. Where the system has no /proc, none. Source: proc_pid_stat(5). */
const threadStates = (pid: number): readonly string[] => {
  const folder = `/proc/${pid}/task`;
  return existsSync(folder)
    ? readdirSync(folder).map((thread) => stateOf(join(folder, thread)))
    : [];
};

const stateOf = (thread: string): string => {
  const path = join(thread, "stat");
  if (!existsSync(path)) return "X";
  const stat = readFileSync(path, "utf8");
  return stat.slice(stat.lastIndexOf(")")).split(" ")[1] ?? "X";
};

const lastWords = (logPath: string): string =>
  readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-12).join("\n");
