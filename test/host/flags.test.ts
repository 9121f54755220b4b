import { describe, expect, it } from "@jest/globals";
import { describeFlags, parseBool, parseDuration, readFlags } from "../../host/flags.ts";

const table = {
  name: { kind: "string", default: undefined, help: "who" },
  host: { kind: "string", default: "h", help: "where" },
  port: { kind: "int", default: "80", help: "at" },
  debug: { kind: "bool", default: "false", help: "talk" },
  wait: { kind: "duration", default: "15s", help: "how long" },
} as const;

const defaults = { name: "n", host: "h", port: 80, debug: false, wait: 15_000 };

describe("readFlags", () => {
  it.each([
    { argv: [], want: {} },
    { argv: ["--host", "x"], want: { host: "x" } },
    { argv: ["-host", "x"], want: { host: "x" } },
    { argv: ["--host=x"], want: { host: "x" } },
    { argv: ["-host=x"], want: { host: "x" } },
    { argv: ["--host=a=b"], want: { host: "a=b" } },
    { argv: ["--host="], want: { host: "" } },
    { argv: ["--host", ""], want: { host: "" } },
    { argv: ["--host", "", "--port", "1"], want: { host: "", port: 1 } },
    { argv: ["--host", "--port"], want: { host: "--port" } },
    { argv: ["--host=a\nb"], want: { host: "a\nb" } },
    { argv: ["--host", "x", ""], want: { host: "x" } },
    { argv: ["", "--host", "x"], want: { host: "x" } },
    { argv: ["--port", "-1"], want: { port: -1 } },
    { argv: ["--port=+8"], want: { port: 8 } },
    { argv: ["--port", "1", "--port", "2"], want: { port: 2 } },
    { argv: ["--debug"], want: { debug: true } },
    { argv: ["-debug=F"], want: { debug: false } },
    { argv: ["--debug=1", "--port", "3"], want: { debug: true, port: 3 } },
    { argv: ["--debug", "--port", "3"], want: { debug: true, port: 3 } },
    { argv: ["--wait", "1m30s"], want: { wait: 90_000 } },
    { argv: ["--wait", "100000h"], want: { wait: 2 ** 31 - 1 } },
  ])("reads $argv", ({ argv, want }) => {
    expect(readFlags(table, ["--name", "n", ...argv])).toEqual({
      ok: true,
      values: { ...defaults, ...want },
    });
  });

  it.each([
    { argv: ["--name", "n", "--no"], faults: [/no flag --no/] },
    { argv: ["--name", "n", "--toString"], faults: [/no flag --toString/] },
    { argv: ["--name", "n", "stray"], faults: [/"stray" is not a flag/] },
    { argv: ["--name", "n", "---port=1"], faults: [/is not a flag/] },
    { argv: ["--name", "n", "--"], faults: [/is not a flag/] },
    { argv: ["--name", "n", "--=x"], faults: [/is not a flag/] },
    { argv: ["--name", "n", "--host"], faults: [/--host needs a value/] },
    { argv: [], faults: [/--name is required/] },
    { argv: ["--name="], faults: [/--name is required/] },
    { argv: ["--name", "n", "--port", "80x"], faults: [/--port is "80x"; .*whole number/] },
    { argv: ["--name", "n", "--port", "1.5"], faults: [/--port/] },
    { argv: ["--name", "n", "--port="], faults: [/--port is ""/] },
    { argv: ["--name", "n", "--port", "9999999999999999"], faults: [/--port/] },
    { argv: ["--name", "n", "--debug=yes"], faults: [/--debug is "yes"; .*true or false/] },
    { argv: ["--name", "n", "--wait", "15"], faults: [/--wait is "15"; .*duration/] },
    {
      argv: ["--port", "x", "--wait", "y", "--what"],
      faults: [/--what/, /--name/, /--port/, /--wait/],
    },
  ])("reports every fault of $argv", ({ argv, faults }) => {
    const read = readFlags(table, argv);
    if (read.ok) throw new Error("was read");
    expect(read.faults).toHaveLength(faults.length);
    for (const [i, fault] of faults.entries()) expect(read.faults[i]).toMatch(fault);
  });
});

describe("parseBool", () => {
  it.each(["1", "t", "T", "true", "TRUE", "True"])("takes %s for true", (text) => {
    expect(parseBool(text)).toBe(true);
  });
  it.each(["0", "f", "F", "false", "FALSE", "False"])("takes %s for false", (text) => {
    expect(parseBool(text)).toBe(false);
  });
  it.each(["", "tRue", "yes", "on", " true", "2"])("takes %j for neither", (text) => {
    expect(parseBool(text)).toBeUndefined();
  });
});

describe("parseDuration", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["15s", 15_000],
    ["+1s", 1000],
    ["1h2m3s4ms", 3_723_004],
    ["1.5s", 1500],
    [".5s", 500],
    ["1.s", 1000],
    ["250us", 0.25],
    ["250µs", 0.25],
    ["1000000ns", 1],
  ])("reads %s as %d ms", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "1", "s", ".s", "1 s", "1d", "-1s", "1s ", "1e3s", "1..5s", "1.2.3s"])(
    "does not read %j",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("describeFlags", () => {
  it("has a line for every flag, with its kind and default", () => {
    expect(describeFlags(table).trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^ {2}--name string +who \(required\)$/),
      expect.stringMatching(/^ {2}--host string +where \(default h\)$/),
      expect.stringMatching(/^ {2}--port int +at \(default 80\)$/),
      expect.stringMatching(/^ {2}--debug +talk \(default false\)$/),
      expect.stringMatching(/^ {2}--wait duration +how long \(default 15s\)$/),
    ]);
  });
});
