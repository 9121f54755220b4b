/** Stores that run as processes of their own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { S3Client } from "@aws-sdk/client-s3";
import type { Later } from "../../contract/cleanup.ts";
import { type GoProgram, goProgramPath } from "../../peers/environment/go-program.ts";
import { freePort } from "../../redis/support/server.ts";
import { gcsProgram, s3Program } from "../environment/programs.ts";

/** Ends a server that a run has left behind. */
const limitMs = 15 * 60_000;

export const keys = { id: "root-of-the-store", secret: "secret-of-the-root" } as const;

export type S3Server = {
  readonly port: number;
  /** Of the root's. */
  readonly client: S3Client;
};

export const startS3 = async (later: Later): Promise<S3Server> => {
  const folder = temporary(later);
  const [objects, facts] = ["objects", "facts"].map((name) => join(folder, name));
  for (const one of [objects, facts]) mkdirSync(one ?? "");
  const port = await freePort();
  const account = ["--access", keys.id, "--secret", keys.secret, "--region", "us-east-1"];
  const backend = ["posix", "--sidecar", facts ?? "", objects ?? ""];
  const args = ["--port", `127.0.0.1:${port}`, ...account, ...backend];
  await startProgram(s3Program, args, { later, ready: "service listening on" });
  const client = new S3Client({
    ...{ region: "us-east-1", endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true },
    credentials: { accessKeyId: keys.id, secretAccessKey: keys.secret },
  });
  later(() => client.destroy());
  return { port, client };
};

/** Answers its port. */
export const startGcs = async (later: Later): Promise<number> => {
  const port = await freePort();
  const args = ["-scheme", "http", "-host", "127.0.0.1", "-port", `${port}`, "-backend", "memory"];
  await startProgram(gcsProgram, args, { later, ready: "server started" });
  return port;
};

export const temporary = (later: Later): string => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-storage-"));
  later(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

type Starting = { readonly later: Later; readonly ready: string };

const startProgram = async (
  program: GoProgram,
  args: readonly string[],
  { later, ready }: Starting,
): Promise<void> => {
  // biome-ignore lint/style/noProcessEnv: where the tests' own programs are
  const child = spawn(goProgramPath(program, process.env), args, {
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
    ...{ timeout: limitMs, killSignal: "SIGKILL" },
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  later(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (line.includes(ready)) resolve();
      });
    }
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${program.name} ended: is it built?`)));
  });
};
