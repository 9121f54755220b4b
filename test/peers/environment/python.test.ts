import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { cacheFolder } from "./cache.ts";
import { findPython } from "./python.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-python-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A command that says what a Python would say of itself. */
const fake = (path: string, script: string): string => {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
};

const env = () => ({ PATH: folder, HOME: folder });

describe("findPython", () => {
  it("takes the first of the right version", async () => {
    fake("python3.11", "echo 'pyenv: no such version' >&2; exit 127");
    fake("python3", "echo 3.11 /some where/python3.11");
    expect(await findPython(env())).toBe("/some where/python3.11");
  });

  it("looks among pyenv's, the newest first", async () => {
    fake("python3", "echo 3.13 /usr/bin/python3.13");
    for (const version of ["3.11.9", "3.11.10", "3.12.1"]) {
      const path = `.pyenv/versions/${version}/bin/python`;
      fake(path, `echo ${version.slice(0, 4)} ${join(folder, path)}`);
    }
    expect(await findPython(env())).toContain("/3.11.10/");
  });

  it("takes the one it is told, and no other", async () => {
    fake("python3.11", "echo 3.11 /usr/bin/python3.11");
    const other = fake("other", "echo 3.9 /opt/python3.9");
    await expect(findPython({ ...env(), ESPALIER_PYTHON: other })).rejects.toThrow("is Python 3.9");
  });

  it("says what it tried, and what to install", async () => {
    fake("python3.11", "echo \"No module named 'ensurepip'\" >&2; exit 1");
    const failure = findPython(env());
    await expect(failure).rejects.toThrow(/python3\.11: No module named 'ensurepip'/);
    await expect(failure).rejects.toThrow(/python3\.11-venv/);
  });
});

describe("cacheFolder", () => {
  it.each([
    { env: { ESPALIER_CACHE: "/c", XDG_CACHE_HOME: "/x", HOME: "/h" }, want: "/c/peers" },
    { env: { XDG_CACHE_HOME: "/x", HOME: "/h" }, want: "/x/espalier/peers" },
    { env: { ESPALIER_CACHE: "", HOME: "/h" }, want: "/h/.cache/espalier/peers" },
  ])("is $want", ({ env, want }) => {
    expect(cacheFolder(env)).toBe(want);
  });

  it("has to be somewhere", () => {
    expect(() => cacheFolder({})).toThrow("ESPALIER_CACHE");
  });
});
