import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../local/clock.ts";
import { makePorts } from "../../local/ports.ts";
import { type RunningPredictor, startPredictor } from "../../local/predictor.ts";
import type { ProcessSpec } from "../../local/process.ts";
import type { ContainerLayout, PredictorLayout } from "../../local/site.ts";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { defaultLimits } from "../../runtime/limits.ts";
import { makeScope } from "../../runtime/scope.ts";
import { makeManualClock, makeRecorder, type Recorder } from "./fakes.ts";
import { hastyClock, makeWorkbench, type Workbench } from "./harness.ts";

let bench: Workbench;
let started: RunningPredictor | undefined;
beforeEach(() => {
  bench = makeWorkbench();
});
afterEach(async () => {
  await started?.stop();
  started = undefined;
  bench.remove();
});

const processOf = (name: string, args: readonly string[], port = 0): ProcessSpec => ({
  label: `d/p/${name}`,
  file: process.execPath,
  args,
  cwd: bench.folder,
  env: { PATH: "/usr/bin:/bin", PREDICTIVE_UNIT_SERVICE_PORT: String(port) },
  graceMs: 5_000,
});
const containerOf = (
  name: string,
  args: readonly string[],
  over: Partial<ContainerLayout> = {},
): ContainerLayout => ({
  name,
  path: "",
  process: processOf(name, args, over.port),
  port: undefined,
  startLimitMs: 60_000,
  ...over,
});
const layoutOf = (
  containers: readonly ContainerLayout[],
  over: Partial<PredictorLayout> & { readonly init?: readonly ContainerLayout[] } = {},
): PredictorLayout => ({
  predictor: "p",
  pods: [
    {
      init: over.init ?? [],
      containers,
      podinfo: { file: bench.path("annotations"), text: 'a="b"\n' },
    },
  ],
  engine: undefined,
  entry: { http: 1, grpc: 1 },
  ...over,
});
const start = (layout: PredictorLayout, clock: Clock = hastyClock) => {
  const recorder: Recorder = makeRecorder(clock);
  const notes: string[] = [];
  started = startPredictor(layout, {
    ...recorder,
    note: (text) => notes.push(text),
    deadlines: makeDeadlines(),
    limits: defaultLimits,
  });
  return { running: started, recorder, notes };
};
/** An engine that is ready at once, answers 200, and ends when it is asked for `/die`. */
const engineScript = `
import { createServer } from "node:http";
createServer((request, response) => {
  if (request.url === "/die") process.exit(2);
  response.statusCode = request.url === "/ready" && process.argv[2] === "never" ? 503 : 200;
  response.end();
}).listen(Number(process.env.PREDICTIVE_UNIT_SERVICE_PORT), () => console.log("engine up"));
`;
const freePort = (): Promise<number> => makePorts(Math.random).take();
const get = (running: RunningPredictor, path: string): Promise<number> =>
  running.upstream
    .send({
      method: "GET",
      path,
      headerLines: "",
      body: undefined,
      timeoutMs: 0,
      scope: makeScope(),
    })
    .then(({ status }) => status);

describe("startPredictor", () => {
  it("is ready when its containers listen and its engine says so", async () => {
    bench.write("engine.mjs", engineScript);
    const [port, entryPort] = [await freePort(), await freePort()];
    const { running } = start(
      layoutOf([containerOf("model", ["server.mjs", "v1"], { port })], {
        entry: { http: entryPort, grpc: 1 },
        engine: processOf("engine", ["engine.mjs"], entryPort),
      }),
    );
    expect(running.waitingFor()).toEqual([expect.stringContaining("d/p/model to accept")]);
    expect(await running.started).toBeUndefined();
    expect([running.waitingFor(), running.unavailable()]).toEqual([[], undefined]);
    expect(bench.read("annotations")).toBe('a="b"\n');
  });

  it("is unavailable from the end of its engine to its next start", async () => {
    bench.write("engine.mjs", engineScript);
    const entryPort = await freePort();
    const { running, recorder } = start(
      layoutOf([], {
        entry: { http: entryPort, grpc: 1 },
        engine: processOf("engine", ["engine.mjs"], entryPort),
      }),
    );
    expect(await running.started).toBeUndefined();
    await recorder.line(/engine up/);
    await expect(get(running, "/die")).rejects.toThrow();
    while (running.unavailable() === undefined) await new Promise(setImmediate);
    expect(running.unavailable()).toContain("d/p/engine exited with code 2");
    while (running.unavailable() !== undefined) await new Promise(setImmediate);
    expect(await get(running, "/")).toBe(200);
  });

  it("fails when its engine does not become ready in time", async () => {
    bench.write("engine.mjs", engineScript);
    const entryPort = await freePort();
    const clock = makeManualClock();
    const { running, recorder } = start(
      layoutOf([], {
        entry: { http: entryPort, grpc: 1 },
        engine: processOf("engine", ["engine.mjs", "never"], entryPort),
      }),
      clock,
    );
    await recorder.line(/engine up/);
    clock.turn(60_000);
    expect(await running.started).toEqual({
      reason: expect.stringMatching(/^waited 60 s in vain for d\/p\/engine to be ready$/),
      tail: ["engine up"],
    });
  });

  it("fails when a container does not listen in time, with its last lines", async () => {
    const port = await freePort();
    const script = "console.log('busy'); setInterval(() => {}, 1e6)";
    const clock = makeManualClock();
    const { running, recorder } = start(
      layoutOf([containerOf("model", ["-e", script], { port, startLimitMs: 20_000 })]),
      clock,
    );
    await recorder.line(/busy/);
    clock.turn(20_000);
    expect(await running.started).toEqual({
      reason: `waited 20 s in vain for d/p/model to accept connections on port ${port}`,
      tail: ["busy"],
    });
  });

  it("fails when a container ends five times", async () => {
    const port = await freePort();
    const { running, notes } = start(
      layoutOf([containerOf("model", ["-e", "console.error('why'); process.exit(3)"], { port })]),
    );
    expect(await running.started).toEqual({
      reason: "d/p/model exited with code 3, 5 times in a row",
      tail: ["why"],
    });
    expect(notes.slice(0, 2)).toEqual([
      "d/p/model exited with code 3; next start in 1 s",
      "d/p/model exited with code 3; next start in 2 s",
    ]);
  });

  it("runs init containers one after the other, before the rest", async () => {
    const { running, recorder } = start(
      layoutOf([containerOf("side", ["-e", "console.log('third'); setInterval(() => {}, 1e6)"])], {
        init: [
          containerOf("one", ["-e", "setTimeout(() => console.log('first'), 100)"]),
          containerOf("two", ["-e", "console.log('second')"]),
        ],
      }),
    );
    expect(await running.started).toBeUndefined();
    await recorder.line(/third/);
    expect(recorder.printed.map(({ line }) => line)).toEqual(["first", "second", "third"]);
  });

  it("fails when an init container never succeeds", async () => {
    const { running, recorder } = start(
      layoutOf([containerOf("side", ["-e", "console.log('not reached')"])], {
        init: [containerOf("one", ["-e", "console.log('no'); process.exit(1)"])],
      }),
    );
    expect(await running.started).toEqual({
      reason: "d/p/one exited with code 1, 5 times in a row",
      tail: ["no"],
    });
    expect(recorder.printed.map(({ line }) => line)).toEqual(["no", "no", "no", "no", "no"]);
  });

  it("ends an init container when it is stopped", async () => {
    const { running, recorder } = start(
      layoutOf([], {
        init: [containerOf("one", ["-e", "console.log('long'); setInterval(() => {}, 1e6)"])],
      }),
    );
    await recorder.line(/long/);
    await running.stop();
    expect(await running.started).toMatchObject({ reason: "p was stopped" });
    expect(recorder.groups.all()).toEqual([]);
  });
});
