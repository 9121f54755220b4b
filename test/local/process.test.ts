import { describe, expect, it } from "@jest/globals";
import { describeExit, type Exit, launch, type ProcessSpec } from "../../local/process.ts";
import { gone, isRunning, makeManualClock, makeRecorder } from "./fakes.ts";

const specOf = (script: string, over: Partial<ProcessSpec> = {}): ProcessSpec => ({
  label: "d/p/c",
  file: "/bin/sh",
  args: ["-c", script],
  cwd: "/",
  env: { PATH: "/usr/bin:/bin", NODE: process.execPath },
  graceMs: 5_000,
  ...over,
});

describe("launch", () => {
  it.each([
    { name: "a code", script: "exit 3", want: { by: "code", code: 3 } },
    { name: "a signal", script: "kill -KILL $$", want: { by: "signal", signal: "SIGKILL" } },
  ])("tells an end by $name", async ({ script, want }) => {
    expect(await launch(specOf(script), makeRecorder()).ended).toEqual(want);
  });

  it.each([
    { name: "a missing command", over: { file: "/no/such/command" } },
    { name: "a missing folder", over: { cwd: "/no/such/folder" } },
  ])("tells that $name cannot be started", async ({ over }) => {
    const exit = await launch(specOf("true", over), makeRecorder()).ended;
    expect(exit).toMatchObject({ by: "failure", error: { code: "ENOENT" } });
  });

  it("prints both outputs line by line before it has ended", async () => {
    const around = makeRecorder(makeManualClock());
    const life = launch(specOf("echo out; echo err >&2; printf rest"), around);
    await life.ended;
    expect(around.printed).toEqual(
      expect.arrayContaining([
        { label: "d/p/c", line: "out", stream: "stdout" },
        { label: "d/p/c", line: "err", stream: "stderr" },
        { label: "d/p/c", line: "rest", stream: "stdout" },
      ]),
    );
    expect([...life.tail()].sort()).toEqual(["err", "out", "rest"]);
  });

  it("ends the children of a shell with it", async () => {
    const around = makeRecorder();
    const life = launch(specOf("sleep 60 & echo child $!; wait"), around);
    const child = Number((await around.line(/^child/)).split(" ")[1]);
    expect(isRunning(child)).toBe(true);
    await life.stop();
    await gone(child);
    expect(around.groups.all()).toEqual([]);
  });

  it("ends what its leader leaves behind", async () => {
    const around = makeRecorder();
    const life = launch(specOf("sleep 60 & echo child $!"), around);
    const child = Number((await around.line(/^child/)).split(" ")[1]);
    expect(await life.ended).toEqual({ by: "code", code: 0 });
    await gone(child);
  });

  it("lets the children of a shell drain within the grace", async () => {
    const around = makeRecorder(makeManualClock()); // the grace does not pass
    const drains =
      "process.on('SIGTERM', () => setTimeout(() => { console.log('drained'); process.exit(); }, 200)); " +
      "setInterval(() => {}, 1e6); console.log('up')";
    const life = launch(specOf(`"$NODE" -e "${drains}"; true`), around);
    await around.line(/^up$/);
    expect(await life.stop()).toEqual({ by: "signal", signal: "SIGTERM" });
    expect(around.printed.at(-1)?.line).toBe("drained");
  });

  it("kills what does not heed SIGTERM, after the grace", async () => {
    const clock = makeManualClock();
    const around = makeRecorder(clock);
    const deaf =
      'exec "$NODE" -e \'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1e6); console.log("up")\'';
    const life = launch(specOf(deaf), around);
    await around.line(/^up$/);
    const stopped = life.stop();
    await around.line(/^no$/);
    clock.turn(5_000);
    expect(await stopped).toEqual({ by: "signal", signal: "SIGKILL" });
  });

  it("reads no faster than its output can be printed", async () => {
    const around = makeRecorder(makeManualClock()); // it has all the time for its last words
    const resumes: (() => void)[] = [];
    let taken = 0;
    const life = launch(specOf("yes | head -n 200000; echo end"), {
      ...around,
      print: (label, line, stream) => {
        taken += 1;
        around.print(label, line, stream);
        return false;
      },
      whenDrained: (resume) => {
        resumes.push(resume);
        if (resumes.length === 1) {
          setImmediate(() => {
            expect(taken).toBeLessThan(200_000);
            resume();
          });
        } else resume();
      },
    });
    await life.ended;
    expect(resumes.length).toBeGreaterThan(0);
    expect(around.printed.at(-1)?.line).toBe("end");
  });
});

describe("describeExit", () => {
  it.each<{ exit: Exit; want: RegExp }>([
    { exit: { by: "code", code: 1 }, want: /code 1/ },
    { exit: { by: "signal", signal: "SIGSEGV" }, want: /SIGSEGV/ },
    {
      exit: { by: "failure", error: Object.assign(new Error("x"), { code: "ENOENT" }) },
      want: /does not exist/,
    },
    {
      exit: { by: "failure", error: Object.assign(new Error("too big"), { code: "E2BIG" }) },
      want: /too big/,
    },
  ])("tells $want", ({ exit, want }) => {
    expect(describeExit(exit)).toMatch(want);
  });
});
