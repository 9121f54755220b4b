import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { commandOf, folderOf, isRunnable } from "../../local/command.ts";
import { commandFor, readImageCommand } from "../../local/images.ts";
import { makeWorkbench, type Workbench } from "./harness.ts";

describe("readImageCommand", () => {
  it.each([
    {
      text: "model=python3 serve.py --x=1",
      want: { name: "model", command: "python3 serve.py --x=1" },
    },
    { text: "reg:5000/a/b:1= run ", want: { name: "reg:5000/a/b:1", command: "run" } },
    { text: "model", want: undefined },
    { text: "model=", want: undefined },
    { text: "=run", want: undefined },
  ])("reads $text", ({ text, want }) => {
    expect(readImageCommand(text)).toEqual(want);
  });
});

describe("commandFor", () => {
  const container = { name: "c", image: "reg:5000/a/b:1.0@sha256:00" };
  it.each([
    { name: "c", hit: true },
    { name: "reg:5000/a/b:1.0@sha256:00", hit: true },
    { name: "reg:5000/a/b", hit: true },
    { name: "reg:5000/a/b:1.0", hit: false },
    { name: "a/b", hit: false },
    { name: "reg", hit: false },
  ])("by $name: $hit", ({ name, hit }) => {
    expect(commandFor(container, [{ name, command: "run" }])).toBe(hit ? "run" : undefined);
  });

  it("does not take no image for a name", () => {
    expect(commandFor({ name: "c" }, [{ name: "", command: "run" }])).toBeUndefined();
  });
});

describe("commandOf", () => {
  const variables = new Map([["PORT", "9"]]);
  it.each([
    {
      name: "a command",
      container: { command: ["run", "$(PORT)"], args: ["-p", "$(PORT)"] },
      want: { file: "run", args: ["9", "-p", "9"] },
    },
    { name: "a command alone", container: { command: ["run"] }, want: { file: "run", args: [] } },
    { name: "args alone", container: { args: ["-p"] }, want: undefined },
    { name: "nothing", container: {}, want: undefined },
    { name: "an empty command", container: { command: [] }, want: undefined },
    {
      name: "a mapped image",
      container: { image: "i:1", args: ["$(PORT)"], command: ["in the image"] },
      want: { file: "/bin/sh", args: ["-c", 'python3 m.py "$@"', "c", "9"] },
    },
  ])("takes $name", ({ container, want }) => {
    const mappings = [{ name: "i", command: "python3 m.py" }];
    expect(commandOf({ name: "c", ...container }, mappings, variables)).toEqual(want);
  });
});

describe("a folder and a program", () => {
  let bench: Workbench;
  beforeEach(() => {
    bench = makeWorkbench();
    mkdirSync(bench.path("work"));
  });
  afterEach(() => bench.remove());

  it.each([
    { workingDir: undefined, want: "" },
    { workingDir: "work", want: "work" },
    { workingDir: "missing", want: "" },
    { workingDir: "/no/such/folder", want: "" },
    { workingDir: "server.mjs", want: "" },
  ])("works in $want for workingDir $workingDir", ({ workingDir, want }) => {
    const container = { name: "c", ...(workingDir === undefined ? {} : { workingDir }) };
    expect(folderOf(container, bench.folder)).toBe(want === "" ? bench.folder : bench.path(want));
  });

  it.each([
    { file: "sh", want: true },
    { file: "/bin/sh", want: true },
    { file: "no-such-program", want: false },
    { file: "./server.mjs", want: false },
    { file: "./work", want: false },
    { file: "/no/such", want: false },
  ])("runs $file: $want", ({ file, want }) => {
    expect(isRunnable(file, bench.folder, "/usr/bin:/bin")).toBe(want);
  });
});
