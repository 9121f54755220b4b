import { describe, expect, it } from "@jest/globals";
import {
  type Asked,
  isClean,
  makeFaultLog,
  makeTally,
  type Outcome,
  type Verdict,
} from "./judge.ts";

const asked = (over: Partial<Asked> = {}): Asked => ({
  id: "f-1",
  target: "faulty",
  transport: "rest",
  sentAt: 1000,
  ...over,
});
const error = (code: number): Outcome => ({ is: "error", code, what: "" });

describe("makeFaultLog", () => {
  /** A container is killed from 2000 to 3000; the verdict falls at `at`. */
  it.each<{ name: string; asked?: Partial<Asked>; outcome: Outcome; at?: number; want: Verdict }>([
    { name: "a right answer", outcome: { is: "right" }, want: "right" },
    { name: "another one's answer", outcome: { is: "wrong", what: "" }, want: "mixed" },
    { name: "no answer", outcome: { is: "none", what: "" }, want: "lost" },
    { name: "an error in the fault", outcome: error(500), want: "explained" },
    {
      name: "an error in it over gRPC",
      asked: { transport: "grpc" },
      outcome: error(14),
      want: "explained",
    },
    {
      name: "an error soon after it",
      asked: { sentAt: 4000 },
      outcome: error(500),
      at: 4100,
      want: "explained",
    },
    {
      name: "an error long after it",
      asked: { sentAt: 9000 },
      outcome: error(500),
      at: 9100,
      want: "unexplained",
    },
    { name: "an error before it", outcome: error(500), at: 1900, want: "unexplained" },
    { name: "an error of another kind", outcome: error(404), want: "unexplained" },
    {
      name: "one over gRPC",
      asked: { transport: "grpc" },
      outcome: error(12),
      want: "unexplained",
    },
    {
      name: "an error of the steady one",
      asked: { target: "steady" },
      outcome: error(500),
      want: "unexplained",
    },
  ])("says of $name: $want", ({ asked: over, outcome, at = 2500, want }) => {
    let now = 2000;
    const log = makeFaultLog(() => now);
    now = 1000;
    if (at < 2000) {
      now = at;
      expect(log.judge(asked(over), outcome)).toBe(want);
      return;
    }
    now = 2000;
    const end = log.begin("kill");
    now = 3000;
    end();
    now = at;
    expect(log.judge(asked(over), outcome)).toBe(want);
  });
});

describe("isClean", () => {
  it.each([
    { tally: { right: 1 }, clean: true },
    { tally: { right: 1, explained: 5 }, clean: true },
    { tally: {}, clean: false },
    { tally: { right: 1, lost: 1 }, clean: false },
    { tally: { right: 1, mixed: 1 }, clean: false },
    { tally: { right: 1, unexplained: 1 }, clean: false },
  ])("is $clean of $tally", ({ tally, clean }) => {
    expect(isClean({ ...makeTally(), ...tally })).toBe(clean);
  });
});
