import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export type KubectlResult = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type KubectlOptions = {
  /** Standard input, for `-f -`. */
  readonly input?: string;
  readonly kubeconfig?: string;
};

export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<KubectlResult>;

/** `home`: where it keeps what it learnt of the server. */
export const makeKubectl =
  (path: string, home: string, usual: string): Kubectl =>
  async (args, { input = "", kubeconfig = usual } = {}) => {
    const env = { HOME: home, KUBECONFIG: kubeconfig, PATH: "/usr/bin:/bin" };
    const child = spawn(path, args, { env, stdio: "pipe" });
    const ended = new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    child.stdin.on("error", () => {}); // it may end before it has read all
    child.stdin.end(input);
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      ended,
    ]);
    return { code, stdout, stderr };
  };
