import { describe, expect, it } from "@jest/globals";
import { backoffMs } from "../../local/backoff.ts";

describe("backoffMs", () => {
  it("doubles from 1 s to 60 s", () => {
    const waits: number[] = [];
    for (let i = 0; i < 9; i += 1) waits.push(backoffMs(waits.at(-1) ?? 0, 10));
    expect(waits.map((ms) => ms / 1000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it.each([
    { ranMs: 59_999, want: 16_000 },
    { ranMs: 60_000, want: 1_000 },
  ])("after a life of $ranMs ms waits $want ms", ({ ranMs, want }) => {
    expect(backoffMs(8_000, ranMs)).toBe(want);
  });
});
