import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findStoredModel } from "../../../../runtime/component/models/find.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-find-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (files: readonly string[], content = "{}"): void => {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
};

describe("findStoredModel", () => {
  it.each([
    { files: ["model.json"], module: "model.json", found: "model.json" },
    { files: ["iris.txt"], module: "iris.txt", found: "iris.txt" },
    { files: ["model.json", "requirements.txt", "notes.md"], module: ".", found: "model.json" },
    { files: ["iris.onnx", "metadata.json", ".x.json"], module: "", found: undefined },
    { files: ["iris.onnx", "metadata.json", ".x.json"], module: "./", found: "iris.onnx" },
    { files: ["a.json", "b.json", "model.onnx"], module: ".", found: "model.onnx" },
    { files: ["m/model.txt"], module: "m", found: "model.txt" },
    { files: ["model.pkl"], module: ".", found: "model.pkl" },
    { files: ["model.ts", "model.js"], module: ".", found: undefined },
    { files: ["model.ts"], module: "model.ts", found: undefined },
    { files: ["model.ts"], module: "model", found: undefined },
    { files: [], module: ".", found: undefined },
    { files: ["a"], module: "b", found: undefined },
  ])("finds $found at $module among $files", ({ files, module, found }) => {
    put(files);
    const result = findStoredModel(module, folder);
    expect(result?.ok ? basename(result.value) : result).toBe(found);
  });

  it("knows a model without an ending by how it begins", () => {
    put(["stored"], "tree\nversion=v4\n");
    put(["code"], "export const a = 1;\n");
    expect(findStoredModel("stored", folder)?.ok).toBe(true);
    expect(findStoredModel("code", folder)).toBeUndefined();
  });

  it("asks which one, where there are several", () => {
    put(["a.json", "b.txt"]);
    const result = findStoredModel(".", folder);
    expect(result?.ok === false && result.issues.map(({ path }) => path)).toEqual([folder]);
  });
});
