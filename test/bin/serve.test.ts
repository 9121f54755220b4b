import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runServe, type ServeProcess, startServe } from "../support/serve-process.ts";

/** Processes start within a second; a busy machine may take longer. */
const startMs = 60_000;

/** The files of a user, by name. */
const files = {
  "model.ts": `
    enum_free: type Options = { by?: number };
    export class Model {
      by: number;
      constructor({ by = 2 }: Options) { this.by = by; }
      async load() { await undefined; this.loaded = true; }
      loaded = false;
      predict(X: number[][]) { return X.map((row) => row.map((value) => value * this.by)); }
      tags() { return { loaded: this.loaded }; }
      metrics() { return [{ key: "calls", type: "COUNTER", value: 1 }]; }
    }
  `.replace("enum_free: ", ""),
  "plain.cjs": "module.exports = class { predict(X) { return X; } };",
  "slow.ts": `
    export class Slow {
      predict(X: unknown) {
        return new Promise((resolve) => {
          process.once("SIGTERM", () => setTimeout(() => resolve(X), 50));
          console.log(JSON.stringify({ msg: "predicting" }));
        });
      }
    }
  `,
  "stray.ts": `
    export class Stray {
      predict(X: string) {
        if (X === "reject") void Promise.reject(new Error("stray"));
        if (X === "throw") setImmediate(() => { throw new Error("stray"); });
        return X;
      }
    }
  `,
  "syntax.ts": "export class { {",
  "enum.ts": "export enum Colour { Red } export class M { predict() {} }",
  "missing-import.ts": 'import "./absent.ts"; export class M { predict() {} }',
  "constructor.ts":
    'export class M { constructor() { throw new Error("no licence"); } predict() {} }',
  "load.ts": 'export class M { async load() { throw new Error("no weights"); } predict() {} }',
  "stuck.ts": `
    export class M {
      load() { console.log(JSON.stringify({ msg: "loading" })); return new Promise(() => { setInterval(() => {}, 1000); }); }
      predict() {}
    }
  `,
  "never.ts": "export class M { load() { return new Promise(() => {}); } predict() {} }",
  "nothing.ts": "export const version = 1;",
};

describe("espalier serve", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-serve-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const predict = (served: ServeProcess, body: object): Promise<Response> =>
    fetch(`${served.url}/predict`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });

  it(
    "serves a class with the parameters and identity of its pod",
    async () => {
      const served = await startServe(["model.ts", "--workers", "4"], {
        folder,
        env: {
          PREDICTIVE_UNIT_ID: "unit",
          PREDICTIVE_UNIT_IMAGE: "image:1",
          PREDICTIVE_UNIT_PARAMETERS: '[{"name":"by","value":"3","type":"INT"}]',
          PREDICTIVE_UNIT_METRICS_ENDPOINT: "/prometheus",
        },
      });
      const answer = await predict(served, { data: { ndarray: [[1, 2]] } });
      const scrape = await (await fetch(`${served.metricsUrl}/prometheus`)).text();
      const metadata = await (await fetch(`${served.url}/metadata`)).json();
      expect(await served.stop()).toBe(0);
      expect(await answer.json()).toEqual({
        data: { names: ["t:0", "t:1"], ndarray: [[3, 6]] },
        meta: {
          metrics: [{ key: "calls", type: "COUNTER", value: 1 }],
          requestPath: { unit: "image:1" },
          tags: { loaded: true },
        },
      });
      expect(scrape).toMatch(/^calls_total\{method="predict",.*model_name="unit",.*\} 1$/m);
      expect(metadata).toMatchObject({ name: "image", versions: ["1"] });
      expect(served.lines.join("\n")).toContain("--workers");
    },
    startMs,
  );

  it(
    "serves a class of CommonJS, and lets --parameters win",
    async () => {
      const served = await startServe(["plain.cjs", "--parameters", "[]"], {
        folder,
        env: { PREDICTIVE_UNIT_PARAMETERS: "no JSON" },
      });
      expect((await predict(served, { strData: "s" })).status).toBe(200);
      expect(await served.stop("SIGINT")).toBe(0);
    },
    startMs,
  );

  it(
    "answers what is in work before it ends",
    async () => {
      const served = await startServe(["slow.ts"], { folder });
      const answer = predict(served, { strData: "s" });
      await served.logged("predicting");
      expect(await served.stop()).toBe(0);
      expect(await (await answer).json()).toMatchObject({ strData: "s" });
    },
    startMs,
  );

  it(
    "outlives a promise that nobody caught, but not an exception",
    async () => {
      const served = await startServe(["stray.ts"], { folder });
      await predict(served, { strData: "reject" });
      await served.logged("a promise of the model was rejected and nobody caught it");
      expect((await predict(served, { strData: "s" })).status).toBe(200);
      await predict(served, { strData: "throw" });
      await served.logged("stopped");
      expect(await served.stop("SIGCONT")).toBe(1);
    },
    startMs,
  );

  it(
    "ends at once when it is stopped while a model is loading",
    async () => {
      let child: ChildProcess | undefined;
      const run = runServe(["stuck.ts"], {
        folder,
        onStart: (started) => {
          child = started;
          started.stdout?.once("data", () => child?.kill("SIGTERM"));
        },
      });
      expect((await run).code).toBe(0);
    },
    startMs,
  );

  const failures = [
    { name: "a file that is not there", args: ["absent.ts"], code: 1, says: "absent.ts" },
    { name: "a file with a syntax error", args: ["syntax.ts"], code: 1, says: "syntax.ts:1" },
    { name: "TypeScript that is not only types", args: ["enum.ts"], code: 1, says: "enums" },
    { name: "an import that is missing", args: ["missing-import.ts"], code: 1, says: "absent.ts" },
    { name: "a constructor that throws", args: ["constructor.ts"], code: 1, says: "no licence" },
    { name: "a load that rejects", args: ["load.ts"], code: 1, says: "no weights" },
    { name: "a load that never ends", args: ["never.ts"], code: 1, says: "never finished loading" },
    { name: "a file without a class", args: ["nothing.ts"], code: 1, says: "exports no class" },
    { name: "a class that is not in the file", args: ["model.ts:Wine"], code: 1, says: "Model" },
    {
      name: "a bad parameter",
      args: ["model.ts", '--parameters=[{"name":"by","value":"x","type":"INT"}]'],
      code: 1,
      says: "MICROSERVICE_BAD_PARAMETER",
    },
    {
      name: "a flag that does not exist",
      args: ["model.ts", "--prot", "1"],
      code: 2,
      says: "--prot",
    },
    { name: "no module", args: [], code: 2, says: "MODULE" },
  ];
  it.each(failures)(
    "tells of $name",
    async ({ args, code, says }) => {
      const run = await runServe(args, { folder });
      expect(run.code).toBe(code);
      expect(run.lines.join("\n")).toContain(says);
    },
    startMs,
  );

  it(
    "tells of a port in use, and how to choose another",
    async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => other.once("listening", resolve));
      const { port } = other.address() as { port: number }; // a TCP server
      const run = await runServe(
        [
          "model.ts",
          "--host=127.0.0.1",
          `--http-port=${port}`,
          "--grpc-port=0",
          "--metrics-port=0",
        ],
        { folder },
      );
      await new Promise((resolve) => other.close(resolve));
      expect(run.code).toBe(1);
      expect(run.lines.join("\n")).toContain(`port ${port} is in use`);
    },
    startMs,
  );

  it(
    "shows its usage",
    async () => {
      const { code, lines } = await runServe(["--help"], { folder });
      expect(code).toBe(0);
      expect(lines[0]).toBe("Usage: espalier serve MODULE [flags]");
    },
    startMs,
  );
});
