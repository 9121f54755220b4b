import { spawn } from "node:child_process";

/** The process groups alive now, so that none outlives us however we end. */
export type Groups = {
  add(pid: number): void;
  drop(pid: number): void;
  all(): readonly number[];
};

export type Reaper = Groups & {
  /** Ends the watch; groups still alive stay alive. */
  close(): void;
};

/**
 * Reads `add PID` and `drop PID`; at the end of its input it ends every group still listed and
 * removes the folder of temporary files.
 *
 * A shell rather than Node, because it has to cost next to nothing while it waits.
 */
const script = `
pids=""
while read -r word pid; do
  if [ "$word" = add ]; then pids="$pids $pid"; continue; fi
  rest=""
  for p in $pids; do if [ "$p" != "$pid" ]; then rest="$rest $p"; fi; done
  pids="$rest"
done
if [ -n "$pids" ]; then
  for p in $pids; do kill -s TERM -- "-$p" 2>/dev/null; done
  sleep 3
  for p in $pids; do kill -s KILL -- "-$p" 2>/dev/null; done
fi
rm -rf -- "$1"
`;

/**
 * Watches from outside that no group outlives this process, even when it is killed without a
 * chance to act (SIGKILL, out of memory): then the pipe closes and the watcher ends them.
 *
 * `folder` holds the temporary files of this run; it is removed with the groups.
 */
export const makeReaper = (folder: string): Reaper => {
  const pids = new Set<number>();
  const watcher = spawn("/bin/sh", ["-c", script, "espalier-reaper", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
  });
  watcher.on("error", () => {}); // without a shell the ordinary ways of ending still hold
  watcher.stdin.on("error", () => {});
  watcher.unref();

  const tell = (word: string, pid: number): void => {
    if (watcher.stdin.writable) watcher.stdin.write(`${word} ${pid}\n`);
  };
  return {
    add: (pid) => {
      pids.add(pid);
      tell("add", pid);
    },
    drop: (pid) => {
      if (pids.delete(pid)) tell("drop", pid);
    },
    all: () => [...pids],
    close: () => {
      watcher.stdin.end();
    },
  };
};
