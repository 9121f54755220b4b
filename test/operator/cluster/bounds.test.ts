/** What keeps a client within bounds: lines and rates. */
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../operator/cluster/clock.ts";
import { linesOf } from "../../../operator/cluster/lines.ts";
import { makeRate } from "../../../operator/cluster/rate.ts";
import { makeManualClock } from "./manual-clock.ts";

const read = async (chunks: readonly string[], limitBytes = 100): Promise<readonly string[]> => {
  const lines: string[] = [];
  const bytes = Readable.from(chunks.map((chunk) => Buffer.from(chunk, "latin1")));
  for await (const line of linesOf(bytes, limitBytes)) lines.push(line);
  return lines;
};

describe("linesOf", () => {
  it.each([
    { name: "whole lines", chunks: ["a\nb\n"], lines: ["a", "b"] },
    { name: "lines in pieces", chunks: ["a", "b\nc", "", "d", "\n"], lines: ["ab", "cd"] },
    { name: "a last line without end", chunks: ["a\nb"], lines: ["a", "b"] },
    { name: "empty lines", chunks: ["\n\na\n\n"], lines: ["a"] },
    { name: "a letter cut in two", chunks: ["\xc3", "\xa9\n"], lines: ["é"] },
    { name: "nothing", chunks: [], lines: [] },
  ])("cuts $name", async ({ chunks, lines }) => {
    expect(await read(chunks)).toEqual(lines);
  });

  it("refuses a line beyond its bound, however it comes", async () => {
    await expect(read(["x".repeat(101)])).rejects.toThrow(RangeError);
    await expect(read(Array.from({ length: 101 }, () => "x"))).rejects.toThrow(RangeError);
  });
});

describe("makeRate", () => {
  it("lets a burst through, then one after the other", async () => {
    const clock = makeManualClock();
    const pass = makeRate({ perSecond: 10, burst: 3 }, clock);
    let passed = 0;
    const all = Array.from({ length: 6 }, () =>
      pass().then(() => {
        passed += 1;
      }),
    );
    const seen: number[] = [];
    for (const ms of [0, 99, 1, 100, 100]) {
      await clock.pass(ms);
      seen.push(passed);
    }
    expect(seen).toEqual([3, 3, 4, 5, 6]);
    await Promise.all(all);
  });

  it("has a whole burst again after a rest", async () => {
    const clock = makeManualClock();
    const pass = makeRate({ perSecond: 10, burst: 2 }, clock);
    await Promise.all([pass(), pass()]);
    await clock.pass(10_000);
    await Promise.all([pass(), pass()]);
    expect(clock.waiting).toEqual([]);
  });
});

describe("systemClock", () => {
  it("waits, or is told that there is nothing to wait for", async () => {
    const from = systemClock.elapsed();
    await systemClock.wait(5);
    expect(systemClock.elapsed()).toBeGreaterThan(from);
    await systemClock.wait(60_000, AbortSignal.abort());
    expect(systemClock.now()).toBeGreaterThan(1.7e12);
  });
});
