import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../local/clock.ts";
import { watchFiles } from "../../local/watch.ts";

let folder = "";
let stop = (): void => {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-watch-"));
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (files: readonly string[]) => {
  const calls: (readonly string[])[] = [];
  const troubles: string[] = [];
  const waiting: (() => void)[] = [];
  stop = watchFiles(files, {
    clock: systemClock,
    onChange: (changed) => {
      calls.push(changed);
      for (const resolve of waiting.splice(0)) resolve();
    },
    onTrouble: (where) => troubles.push(where),
  });
  return { calls, troubles, next: () => new Promise<void>((resolve) => waiting.push(resolve)) };
};

describe("watchFiles", () => {
  const cases: { name: string; change: (file: string) => void }[] = [
    { name: "is written", change: (file) => writeFileSync(file, "2") },
    {
      name: "is written in several steps",
      change: (file) => {
        for (const text of ["", "2", "23"]) writeFileSync(file, text);
      },
    },
    {
      name: "is replaced by renaming",
      change: (file) => {
        writeFileSync(`${file}.new`, "2");
        renameSync(`${file}.new`, file);
      },
    },
    { name: "is removed", change: (file) => unlinkSync(file) },
  ];
  it.each(cases)("tells once that a file $name", async ({ change }) => {
    const file = join(folder, "a.yaml");
    writeFileSync(file, "1");
    const { calls, next } = start([file]);
    const told = next();
    change(file);
    await told;
    expect(calls).toEqual([[file]]);
  });

  it("keeps watching a file that was replaced", async () => {
    const file = join(folder, "a.yaml");
    writeFileSync(file, "1");
    const { next } = start([file]);
    for (let i = 0; i < 3; i += 1) {
      const told = next();
      writeFileSync(`${file}.new`, String(i));
      renameSync(`${file}.new`, file);
      await told;
    }
  });

  it("tells of the watched files alone", async () => {
    const [a, b] = [join(folder, "a.yaml"), join(folder, "b.yaml")];
    writeFileSync(a, "1");
    writeFileSync(b, "1");
    const { calls, next } = start([b]);
    const told = next();
    writeFileSync(a, "2");
    writeFileSync(b, "2");
    await told;
    expect(calls).toEqual([[b]]);
  });

  it("sees a change where a symbolic link leads", async () => {
    mkdirSync(join(folder, "real"));
    const real = join(folder, "real", "a.yaml");
    const link = join(folder, "a.yaml");
    writeFileSync(real, "1");
    symlinkSync(real, link);
    const { calls, next } = start([link]);
    const told = next();
    writeFileSync(real, "2");
    await told;
    expect(calls).toEqual([[link]]);
  });

  it("tells which folder cannot be watched", () => {
    const { troubles } = start([join(folder, "missing", "a.yaml")]);
    expect(troubles).toEqual([join(folder, "missing")]);
  });
});
