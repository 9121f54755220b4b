/** `espalier up` as a process, and the commands of a README that it shall answer. */
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { openClient, type Rpc, same } from "../runtime/component/grpc-client.ts";
import { decode, encode } from "../runtime/protocol/messages.ts";
import { root } from "../support/serve-process.ts";

/** Processes start within seconds; a busy machine may take longer. */
export const startMs = 120_000;

export const examples = join(root, "examples");

export const read = (file: string) => JSON.parse(readFileSync(join(examples, file), "utf8"));

/** Runs `espalier up` on free ports; `urls` resolves once each has its deployment ready. */
const up = (manifests: readonly string[]) => {
  const child = spawn(`${root}bin/espalier`, ["up", "--port", "0", ...manifests], {
    cwd: root,
    env: { PATH: "/usr/bin:/bin", ESPALIER_STATE_DIR: "off" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 5 * startMs, // nothing outlives tests that fail
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
        if (ready.size === manifests.length) resolve(ready);
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

/** Runs these manifests while the tests of a `describe` run; answers with the address of each. */
export const useUp = (manifests: readonly string[]): ((name: string) => string) => {
  let running: ReturnType<typeof up> | undefined;
  let urls: ReadonlyMap<string, string> = new Map();
  beforeAll(async () => {
    running = up(manifests);
    urls = await running.urls;
  }, startMs);
  afterAll(async () => {
    expect(await running?.stop()).toBe(0);
  }, startMs);
  return (name) => urls.get(name) ?? "";
};

/** What the tests then assert. */
// biome-ignore lint/suspicious/noExplicitAny: the answer of another process, whose fields tests name
type Answer = { readonly status: number; readonly body: any };

export const post = async (url: string, path: string, body: object): Promise<Answer> => {
  const answer = await fetch(`${url}/api/v1.0/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
};

/** A seldon message through the ingress over gRPC, in protobufjs's plain form. */
export const callGrpc = async (url: string, rpc: Rpc, plain: object): Promise<Answer> => {
  const { host, pathname } = new URL(url);
  const [, , namespace = "", name = ""] = pathname.split("/");
  const metadata = new Metadata();
  metadata.set("seldon", name);
  metadata.set("namespace", namespace);
  const client = openClient(host);
  const body = encode(rpc.request, plain);
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(rpc.path, same, same, body, metadata, (error, answer) => {
        const message = decode(rpc.response, answer ?? Buffer.alloc(0));
        resolve({ status: error?.code ?? 0, body: error?.details ?? message });
      });
    });
  } finally {
    client.close();
  }
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
export const runStep = async ({ command }: Step, url: string): Promise<string> => {
  const here = command.replaceAll(/http:\/\/127\.0\.0\.1:8003\/seldon\/default\/\w+/g, url);
  const options = { cwd: root, timeout: startMs - 5000 };
  return (await promisify(execFile)("/bin/bash", ["-ec", here], options)).stdout;
};
