/** Stored models against the libraries that made them, here and now: every kind that docs/models.md lists. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { onnxruntimePackages } from "../peers/environment/onnxruntime.ts";
import { must, run } from "../peers/environment/run.ts";
import { venvPath, venvs } from "../peers/environment/venv.ts";
import { machineEnv, root } from "../peers/support/peers.ts";
import { fixtures } from "./answers.ts";

// biome-ignore lint/style/noProcessEnv: the door of these tests
const env = process.env;
const bin = join(venvPath(venvs.models, env), "bin");
const python = join(bin, "python");
const here = join(root, "test/models");
const limitMs = 5 * 60_000;

type Line = {
  readonly name: string;
  readonly kind: string;
  readonly rows: number;
  readonly difference: number;
};

let folder = "";
let lines: readonly Line[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "espalier-models-"));
  const machine = { ...machineEnv(bin), NODE_PATH: onnxruntimePackages(env) };
  await must([python, join(here, "reference.py"), folder], machine, limitMs);
  const compare = [process.execPath, join(here, "compare.ts"), folder];
  const output = await must(compare, machine, limitMs);
  lines = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}, 2 * limitMs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The largest difference that is allowed, and what the models keep sums in. */
const tolerances: Readonly<Record<string, number>> = {
  XGBoost: 3e-7, // 32-bit floats
  LightGBM: 1e-12,
  "scikit-learn": 1e-9,
  "scikit-learn, texts": 1e-9,
  ONNX: 1e-6, // 32-bit floats in onnxruntime, doubles in scikit-learn
};

describe("the answers of stored models", () => {
  it.each(Object.entries(tolerances))("are those of %s", (kind, tolerance) => {
    const own = lines.filter((line) => line.kind === kind);
    const worst = own.toSorted((a, b) => b.difference - a.difference)[0];
    const models = own.length;
    process.stdout.write(
      `models: ${kind}: ${models} models, at most ${worst?.difference} (${worst?.name})\n`,
    );
    expect(own.filter(({ difference }) => !(difference <= tolerance))).toEqual([]);
    expect(models).toBeGreaterThan(3);
  });
});

describe("the fixtures", () => {
  it("are what their script writes", async () => {
    const check = [
      "import json, pathlib, sys",
      "ours, theirs = map(pathlib.Path, sys.argv[1:])",
      "for file in sorted(ours.glob('*.answers')):",
      "    a, b = (json.loads((each / file.name).read_text()) for each in (ours, theirs))",
      "    assert (a['X'], a['kind'], a['parameters']) == (b['X'], b['kind'], b['parameters']), file.name",
    ].join("\n");
    const { code, output } = await run(
      [python, "-c", check, fixtures, folder],
      machineEnv(bin),
      limitMs,
    );
    expect([code, output]).toEqual([0, ""]);
  });
});
