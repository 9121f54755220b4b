/** Model files of tests, in a folder that is removed after them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import { loadStoredModel } from "../../../../runtime/component/models/load.ts";
import type { Parameters } from "../../../../runtime/component/parameters.ts";
import { fixtures } from "../../../models/answers.ts";

/** A folder for the tests of a file. */
export const makeFolder = (): { readonly write: (name: string, content: unknown) => string } => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-models-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    write: (name, content) => {
      const path = join(folder, name);
      const isRaw = typeof content === "string" || content instanceof Uint8Array;
      writeFileSync(path, isRaw ? content : JSON.stringify(content));
      return path;
    },
  };
};

export const textOf = (name: string): string => readFileSync(join(fixtures, name), "utf8");
export const jsonOf = (name: string) => JSON.parse(textOf(name));

/** The fields that are wrong, without the file; "" where it is the file as a whole. */
export const faultsOf = async (
  file: string,
  parameters: Parameters = {},
): Promise<readonly string[]> => {
  const result = await loadStoredModel(file, parameters);
  const paths = result.ok ? [] : result.issues.map(({ path }) => path);
  return paths.map((path) => path.slice(file.length).replace(/^, /, ""));
};

/** A linear model of two columns and three classes. */
export const linear = {
  espalier: 1,
  input: { names: ["height", "width"] },
  model: {
    kind: "linear",
    coefficients: [
      [1, 2],
      [0, -1],
      [0.5, 0],
    ],
    intercepts: [0, 1, -1],
    link: "softmax",
  },
  classes: ["red", "green", "blue"],
};
