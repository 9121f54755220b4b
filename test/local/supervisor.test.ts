import { describe, expect, it } from "@jest/globals";
import type { ProcessSpec } from "../../local/process.ts";
import { describeEnd, type Supervised, supervise } from "../../local/supervisor.ts";
import { makeManualClock, makeRecorder } from "./fakes.ts";

const specOf = (script: string): ProcessSpec => ({
  label: "d/p/c",
  file: "/bin/sh",
  args: ["-c", script],
  cwd: "/",
  env: { PATH: "/usr/bin:/bin" },
  graceMs: 5_000,
});

/** Starts it under a clock turned by hand; `ended` resolves at its next end. */
const start = (script: string) => {
  const clock = makeManualClock();
  const around = makeRecorder(clock);
  const waiting: ((text: string) => void)[] = [];
  const supervised: Supervised = supervise(specOf(script), {
    ...around,
    onEnd: (exit, nextStartInMs) => {
      for (const resolve of waiting.splice(0)) resolve(describeEnd(exit, nextStartInMs));
    },
  });
  return {
    clock,
    around,
    supervised,
    ended: () => new Promise<string>((resolve) => waiting.push(resolve)),
  };
};

describe("supervise", () => {
  it("starts anew after each end, with growing waits", async () => {
    const { clock, supervised, ended } = start("exit 7");
    const told: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const end = ended();
      if (i > 0) clock.turn(clock.nextInMs() ?? 0);
      told.push(await end);
    }
    expect(told).toEqual([
      "exited with code 7; next start in 1 s",
      "exited with code 7; next start in 2 s",
      "exited with code 7; next start in 4 s",
    ]);
    expect(supervised.ends()).toBe(3);
    expect(supervised.state()).toMatchObject({ is: "waiting", nextStartInMs: 4_000 });
    await supervised.stop();
  });

  it("keeps the last lines of the life that ended", async () => {
    const { supervised, ended } = start("echo alas; exit 1");
    await ended();
    expect(supervised.tail()).toEqual(["alas"]);
    await supervised.stop();
  });

  it("does not start again once stopped", async () => {
    const { clock, supervised, ended } = start("exit 1");
    await ended();
    await supervised.stop();
    expect(clock.nextInMs()).toBeUndefined();
    expect(supervised.state()).toEqual({ is: "stopped" });
  });

  it("is not told of an end that was asked for", async () => {
    const { around, supervised } = start("echo up; sleep 60");
    await around.line(/^up$/);
    await supervised.stop();
    expect(supervised.ends()).toBe(0);
  });

  it("ends at once when killed", async () => {
    const { around, supervised } = start("trap '' TERM; echo up; while :; do sleep 1; done");
    await around.line(/^up$/);
    supervised.kill();
    await supervised.stop();
    expect(around.groups.all()).toEqual([]);
  });
});
