import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { shadowLimits } from "../../local/shadow.ts";
import { callUnary, makeClient } from "../local/grpc-predictor.ts";
import { project } from "../local/harness.ts";

const page = readFileSync(join(project, "docs/up.md"), "utf8");

/** The commands of the page, each as the words that a shell would make of it. */
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
  block
    .replaceAll("\\\n", " ")
    .trim()
    .split("\n")
    .map((line) =>
      [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? ""),
    ),
);
const commandOf = (name: string): readonly string[] =>
  commands.find(([first]) => first === name)?.slice(1) ?? [];

const startMs = 120_000;

describe("docs/up.md", () => {
  let child: ChildProcess;
  let port: string;

  beforeAll(async () => {
    const words = commandOf("espalier");
    child = spawn(join(project, "bin/espalier"), [...words, "--port", "0"], {
      cwd: project,
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 4 * startMs, // nothing outlives a test that fails
    });
    const { stdout } = child;
    if (stdout === null) throw new Error("no output");
    for await (const line of createInterface({ input: stdout })) {
      const [, found] = /^wine is ready: http:\/\/127\.0\.0\.1:(\d+)\//.exec(line) ?? [];
      if (found === undefined) continue;
      port = found;
      break;
    }
  }, startMs);
  afterAll(async () => {
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([0, null]);
  }, startMs);

  it("has three commands", () => {
    expect(commands.map(([first]) => first)).toEqual(["espalier", "curl", "grpcurl"]);
  });

  it("has a REST request that works", async () => {
    const words = commandOf("curl");
    const [name = "", value = ""] = (words[words.indexOf("-H") + 1] ?? "").split(": ");
    const file = words[words.indexOf("-d") + 1] ?? "";
    expect(file).toMatch(/^@/);
    const answer = await fetch((words.at(-1) ?? "").replace(":8003/", `:${port}/`), {
      method: "POST",
      headers: { [name]: value },
      body: readFileSync(join(project, file.slice(1))),
    });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ data: expect.anything() }),
    ]);
  });

  it("has a gRPC call that works", async () => {
    const words = commandOf("grpcurl");
    expect(words).toContain("-plaintext");
    const metadata = Object.fromEntries(
      words.flatMap((word, i) => (words[i - 1] === "-H" ? [word.split(": ")] : [])),
    );
    const [address, method] = words.slice(-2);
    expect(address).toBe("127.0.0.1:8003");
    const client = makeClient(Number(port));
    const { error, body } = await callUnary(client, `/${method}`, metadata);
    client.close();
    expect(error).toBeNull();
    expect(body?.includes("softmax")).toBe(true);
  });

  it("says how far a shadow may be behind", () => {
    const { mostAtOnce, mostBytes } = shadowLimits;
    expect(page).toContain(`${mostAtOnce} requests or ${mostBytes / 1_048_576} MiB behind`);
  });

  it("gives the defaults that the help gives", async () => {
    const help = spawn(join(project, "bin/espalier"), ["up", "--help"]);
    let text = "";
    for await (const chunk of help.stdout) text += chunk;
    expect(text).toMatch(/--port PORT .*\(8003\)/);
    expect(text).toMatch(/--host HOST .*\(127\.0\.0\.1\)/);
    expect(text).toMatch(/--namespace NAMESPACE .*\(default\)/);
  });
});
