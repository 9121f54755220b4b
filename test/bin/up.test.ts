import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { gone, isRunning } from "../local/fakes.ts";
import {
  ask,
  deploymentOf,
  makeWorkbench,
  predictorOf,
  project,
  type Workbench,
} from "../local/harness.ts";

let bench: Workbench;
const children: ChildProcessByStdio<null, Readable, Readable>[] = [];
beforeEach(() => {
  bench = makeWorkbench();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  bench.remove();
});

/** The command as a user types it. */
const espalierUp = (args: readonly string[]) => {
  const child = spawn(`${project}/bin/espalier`, ["up", ...args], {
    cwd: bench.folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  });
  children.push(child);
  let text = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      text += chunk;
      for (const look of waiting) look();
    });
  }
  const sees = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(text);
        if (found === null) return;
        waiting.delete(look);
        resolve(found[1] ?? found[0]);
      };
      waiting.add(look);
      look();
    });
  const exited = once(child, "close").then(([code, signal]) => ({ code, signal, text }));
  return { child, sees, exited };
};

const pids = (): readonly number[] =>
  bench
    .read("started.log")
    .trim()
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));

describe("espalier up", () => {
  it("tells how it is used", async () => {
    const { code, text } = await espalierUp(["--help"]).exited;
    expect(code).toBe(0);
    for (const flag of ["--image", "--port", "--host", "--namespace", "--log-level"]) {
      expect(text).toContain(flag);
    }
  });

  it.each([
    { args: [], want: /name a manifest/ },
    { args: ["--prot", "1", "a.yaml"], want: /--prot/ },
    { args: ["--port", "x", "a.yaml"], want: /--port x/ },
    { args: ["--port", "65536", "a.yaml"], want: /--port 65536/ },
    { args: ["--image", "model", "a.yaml"], want: /--image model/ },
    { args: ["--log-level", "loud", "a.yaml"], want: /--log-level loud/ },
    { args: ["--namespace", "No", "a.yaml"], want: /--namespace No/ },
  ])("does not understand $args", async ({ args, want }) => {
    const { code, text } = await espalierUp(args).exited;
    expect(code).toBe(2);
    expect(text).toMatch(want);
  });

  it.each([{ signal: "SIGINT" }, { signal: "SIGTERM" }, { signal: "SIGHUP" }] as const)(
    "stops everything on $signal",
    async ({ signal }) => {
      bench.write("a.json", deploymentOf("one", [predictorOf("main", "v1")]));
      const { child, sees, exited } = espalierUp(["--port", "0", "a.json"]);
      const address = await sees(/one is ready: (\S+)/);
      expect(await ask(address)).toMatchObject({ version: "v1" });
      child.kill(signal);
      expect(await exited).toMatchObject({ code: 0 });
      await Promise.all(pids().map(gone));
    },
  );

  it("ends at once when it is told a second time", async () => {
    const deaf =
      "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('deaf', process.pid)";
    const containers = [{ name: "model", image: "i", command: [process.execPath, "-e", deaf] }];
    bench.write(
      "a.json",
      deploymentOf("one", [
        predictorOf("main", "", { componentSpecs: [{ spec: { containers } }] }),
      ]),
    );
    const { child, sees, exited } = espalierUp(["--port", "0", "a.json"]);
    const pid = Number(await sees(/deaf (\d+)/));
    child.kill("SIGINT");
    await sees(/stopping/);
    expect(isRunning(pid)).toBe(true);
    child.kill("SIGINT");
    expect(await exited).toMatchObject({ code: 130 });
    await gone(pid);
  });

  it("leaves no process behind when it is killed", async () => {
    bench.write("a.json", deploymentOf("one", [predictorOf("main", "v1")]));
    const { child, sees, exited } = espalierUp(["--port", "0", "a.json"]);
    await sees(/one is ready: (\S+)/);
    child.kill("SIGKILL");
    await exited;
    await Promise.all(pids().map(gone));
  });
});
