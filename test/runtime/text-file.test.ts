import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readTextFile } from "../../runtime/text-file.ts";
import { codeOf } from "./protocol/outcome.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-text-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("readTextFile", () => {
  it("reads a path and an address", () => {
    const path = join(folder, "a b.json");
    writeFileSync(path, "[1]");
    expect(readTextFile(path)).toBe("[1]");
    expect(readTextFile(pathToFileURL(path).href)).toBe("[1]");
  });

  it.each(["missing.json", "."])("tells that it cannot read %s", (name) => {
    expect(codeOf(() => readTextFile(join(folder, name)))).toBe("PARAMETER_INVALID");
  });

  it("refuses an address on another machine", () => {
    expect(codeOf(() => readTextFile("file://elsewhere/model.json"))).toBe("PARAMETER_INVALID");
  });
});
