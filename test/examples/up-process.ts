/** `espalier up` as a process, and the commands of a README that it shall answer. */
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { root } from "../support/serve-process.ts";

/** Processes start within seconds; a busy machine may take longer. */
export const startMs = 60_000;

export const examples = join(root, "examples");

export const read = (file: string) => JSON.parse(readFileSync(join(examples, file), "utf8"));

/** Runs `espalier up` on free ports; `urls` resolves once `count` deployments are ready. */
export const up = (manifests: readonly string[], count = manifests.length) => {
  const child = spawn(`${root}bin/espalier`, ["up", "--port", "0", ...manifests], {
    cwd: root,
    env: { PATH: "/usr/bin:/bin", ESPALIER_STATE_DIR: "off" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: startMs - 5000, // nothing outlives a test that fails
  });
  const said: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const urls = new Promise<ReadonlyMap<string, string>>((resolve, reject) => {
    const ready = new Map<string, string>();
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => {
        said.push(line);
        const [, name, url] = /^(\S+) is ready: (\S+)$/.exec(line) ?? [];
        if (name !== undefined && url !== undefined) ready.set(name, url);
        if (ready.size === count) resolve(ready);
      });
    }
    void exited.then((code) => reject(new Error(`up ended with ${code}:\n${said.join("\n")}`)));
  });
  return {
    urls,
    stop: () => {
      child.kill("SIGINT");
      return exited;
    },
  };
};

/** What the tests then assert. */
// biome-ignore lint/suspicious/noExplicitAny: the answer of another process, whose fields tests name
type Answer = { readonly status: number; readonly body: any };

export const post = async (
  url: string | undefined,
  path: string,
  body: object,
): Promise<Answer> => {
  const answer = await fetch(`${url}/api/v1.0/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
};

export type Step = {
  readonly command: string;
  readonly answers: "json" | "text";
  readonly says: string;
};

/** The commands of an example's README that are followed by what they answer. */
export const stepsOf = (example: string): readonly Step[] => {
  const text = readFileSync(join(examples, example, "README.md"), "utf8");
  const blocks = text.matchAll(/^```sh\n([^`]*)^```\n\n^```(json|text)\n([^`]*)^```$/gm);
  return [...blocks].map(([, command = "", kind, says = ""]) => ({
    command,
    answers: kind === "json" ? "json" : "text",
    says,
  }));
};

/** Runs a command of a README from the clone, with the deployment where it is. */
export const runStep = async ({ command }: Step, url: string | undefined): Promise<string> => {
  const here = command.replaceAll(/http:\/\/127\.0\.0\.1:8003\/seldon\/default\/\w+/g, url ?? "");
  const options = { cwd: root, timeout: startMs - 5000 };
  return (await promisify(execFile)("/bin/bash", ["-ec", here], options)).stdout;
};
