import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { colourOf, makeTerminal, wantsColour } from "../../local/terminal.ts";

const open = (colour: boolean, highWaterMark = 65_536) => {
  const stdout = new PassThrough({ highWaterMark });
  const stderr = new PassThrough();
  return { stdout, stderr, terminal: makeTerminal({ stdout, stderr, colour }) };
};

describe("makeTerminal", () => {
  it("sets lines in columns behind the names", () => {
    const { stdout, stderr, terminal } = open(false);
    terminal.print("d/p/long", "1", "stdout");
    terminal.print("d/p", "2", "stdout");
    terminal.print("d/p", "3", "stderr");
    terminal.say("said");
    terminal.note("noted");
    expect(String(stdout.read())).toBe("[d/p/long] 1\n[d/p]      2\nsaid\n");
    expect(String(stderr.read())).toBe("[d/p]      3\nnoted\n");
  });

  it("colours names the same way each time", () => {
    const { stdout, terminal } = open(true);
    terminal.print("d/p", "1", "stdout");
    expect(String(stdout.read())).toBe(`\u001b[${colourOf("d/p")}m[d/p]\u001b[0m 1\n`);
  });

  it("holds up whoever prints until its output has drained", async () => {
    const { stdout, terminal } = open(false, 4);
    expect(terminal.print("d", "a long line", "stdout")).toBe(false);
    const resumed = new Promise<void>((resolve) => terminal.whenDrained(resolve));
    stdout.resume();
    await resumed;
    await new Promise<void>((resolve) => terminal.whenDrained(resolve));
  });
});

describe("wantsColour", () => {
  it.each([
    { isTerminal: true, env: {}, want: true },
    { isTerminal: false, env: {}, want: false },
    { isTerminal: true, env: { NO_COLOR: "1" }, want: false },
    { isTerminal: true, env: { NO_COLOR: "" }, want: true },
    { isTerminal: true, env: { TERM: "dumb" }, want: false },
  ])("is $want with $env", ({ isTerminal, env, want }) => {
    expect(wantsColour(isTerminal, env)).toBe(want);
  });
});
