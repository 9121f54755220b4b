/** `espalier operator` as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Api } from "./api.ts";

const project = fileURLToPath(new URL("../../..", import.meta.url));

export type OperatorOptions = {
  /** Whose credentials it has. */
  readonly api: Api;
  /** The one namespace it looks at and lives in. */
  readonly namespace: string;
  /** It looks at all namespaces. */
  readonly isClusterWide?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
};

export type Line = {
  readonly msg?: string;
  readonly level?: string;
  readonly [field: string]: unknown;
};

export type Operator = {
  readonly process: ChildProcess;
  /** Everything it has logged so far. */
  readonly lines: readonly Line[];
  /**
   * Resolves when it has logged this message, or so many of them, of this kind if one is given;
   * rejects when it ends before.
   */
  readonly logged: (message: string, times?: number, kind?: string) => Promise<Line>;
  /** Sends a signal; resolves with the exit code, null if the signal ended it. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
};

const lineOf = (text: string): Line => {
  try {
    return JSON.parse(text);
  } catch {
    return { msg: text };
  }
};

export const startOperatorProcess = (options: OperatorOptions): Operator => {
  const { api, namespace, isClusterWide = false, env = {}, flags = [] } = options;
  const scope = isClusterWide ? "" : namespace;
  const child = spawn(
    process.execPath,
    [
      ...["bin/main.ts", "operator", "--metrics-addr=127.0.0.1:0", `--namespace=${scope}`],
      ...flags,
    ],
    {
      cwd: project,
      env: { PATH: "/usr/bin:/bin", KUBECONFIG: api.kubeconfig, POD_NAMESPACE: namespace, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const one of waiting) one();
  };
  let isOver = false;
  const ended = once(child, "close").then(([code]: (number | null)[]) => {
    isOver = true;
    look();
    return code ?? null;
  });
  createInterface({ input: child.stderr }).on("line", (text) => {
    lines.push(lineOf(text));
    look();
  });
  return {
    process: child,
    lines,
    logged: (message, times = 1, kind) =>
      new Promise((resolve, reject) => {
        const isMeant = (line: Line): boolean =>
          line.msg === message && (kind === undefined || line["kind"] === kind);
        const one = (): void => {
          const found = lines.filter(isMeant)[times - 1];
          if (found === undefined && !isOver) return;
          waiting.delete(one);
          if (found !== undefined) resolve(found);
          else reject(new Error(`it ended: ${JSON.stringify(lines.slice(-3))}`));
        };
        waiting.add(one);
        one();
      }),
    end: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
};
