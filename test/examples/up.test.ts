import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { root } from "../support/serve-process.ts";

const startMs = 60_000;
const read = (file: string) => JSON.parse(readFileSync(join(root, "examples", file), "utf8"));

/** Runs `espalier up` on free ports; `urls` resolves once `count` deployments are ready. */
const up = (manifests: readonly string[], count: number) => {
  const child = spawn(`${root}bin/espalier`, ["up", "--port", "0", ...manifests], {
    cwd: root,
    env: { PATH: "/usr/bin:/bin" },
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

describe("espalier up runs the examples", () => {
  const running = up(["examples/wine/deployment.yaml", "examples/minimal/deployment.yaml"], 2);
  let urls: ReadonlyMap<string, string>;
  beforeAll(async () => {
    urls = await running.urls;
  }, startMs);
  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  }, startMs);

  const predict = async (name: string, request: object) => {
    const answer = await fetch(`${urls.get(name)}/api/v1.0/predictions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { data: { ndarray: number[][] } }; // asserted by the tests
  };

  it("wine, with the accuracy of its training", async () => {
    const { names, rows, labels, accuracy } = read("wine/heldout.json");
    const { data } = await predict("wine", { data: { names, ndarray: rows } });
    const right = data.ndarray.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]);
    expect(right.length / rows.length).toBe(accuracy.ensemble);
  });

  it("wine, answering its request.json", async () => {
    expect((await predict("wine", read("wine/request.json"))).data.ndarray).toHaveLength(2);
  });

  it("minimal", async () => {
    const { data } = await predict("minimal", read("minimal/request.json"));
    expect(data.ndarray).toEqual([[-40], [32], [68], [212]]);
  });
});
