import { describe, expect, it } from "@jest/globals";
import { readTimeout, writeTimeout } from "../../../runtime/grpc/timeout.ts";

describe("readTimeout", () => {
  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["45m", 45],
    ["500u", 0.5],
    ["250000n", 0.25],
    ["0n", 0],
    ["99999999H", 99_999_999 * 3_600_000],
  ])("of %s is %d ms", (text, ms) => {
    expect(readTimeout(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "1", "S", "1s", "-1S", "1.5S", "123456789m", " 1S", "1S ", "soon"])(
    "of %j is none",
    (text) => {
      expect(readTimeout(text)).toBeUndefined();
    },
  );
});

describe("writeTimeout", () => {
  it.each([
    [1500, "1500m"],
    [0.2, "1m"],
    [0, "1m"],
    [10.1, "11m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [1e15, "99999999S"],
  ])("of %d ms is %s", (ms, text) => {
    expect(writeTimeout(ms)).toBe(text);
  });
});
