import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { main } from "../../bin/validate.ts";

const good = `
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: good}
spec:
  predictors:
  - name: default
    graph: {name: m, implementation: SIMPLE_MODEL}
`;
const bad = good
  .replace("good", "bad")
  .replace("graph:", "grahp: {}\n    replicas: -1\n    graph:");
const service = "apiVersion: v1\nkind: Service\n";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-validate-"));
  await mkdir(join(folder, "many"));
  await mkdir(join(folder, "none"));
  const files = {
    "good.yaml": good,
    "bad.yaml": bad,
    "both.yaml": `${good}---${bad}`,
    "empty.yaml": "",
    "service.yaml": service,
    "broken.yaml": "a: [",
    "binary.yaml": "a\0b",
    "config.yaml": `{kind: ConfigMap, data: {predictor_servers: '{"MINE": {"protocols": {"seldon": {"image": "m"}}}}'}}`,
    "badconfig.yaml": `{kind: ConfigMap, data: {explainer: "{"}}`,
    "mine.yaml": good.replace("SIMPLE_MODEL", "MINE, modelUri: x"),
    "many/a.yaml": good,
    "many/b.json": JSON.stringify({ weights: [1, 2] }),
    "many/c.yml": bad,
    "many/readme.txt": "not a manifest",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { readonly code: number; readonly out: string; readonly err: readonly string[] };

const run = async (
  argv: readonly string[],
  input: string | readonly Uint8Array[] = "",
): Promise<Run> => {
  let out = "";
  let err = "";
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    stdin: (async function* () {
      yield* typeof input === "string" ? [input] : input;
    })(),
    cwd: () => folder,
  };
  const code = await main(argv, io);
  return { code, out, err: err.split("\n").filter(Boolean) };
};

/** What a line begins with, up to the field path. */
const heads = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.split(": ").slice(0, 4).join(": "));

describe("espalier validate", () => {
  it("says nothing about a good file but the count", async () => {
    expect(await run(["good.yaml"])).toEqual({
      code: 0,
      out: "1 deployment, 0 errors, 0 warnings\n",
      err: [],
    });
  });

  it("prints a line for each fault and each warning", async () => {
    const { code, out, err } = await run(["bad.yaml"]);
    expect(code).toBe(1);
    expect(out).toBe("1 deployment, 1 error, 1 warning\n");
    expect(heads(err)).toEqual([
      "error: bad.yaml: bad: spec.predictors[0].replicas",
      "warning: bad.yaml: bad: spec.predictors[0].grahp",
    ]);
  });

  it("numbers the documents of a file", async () => {
    const { out, err } = await run(["both.yaml"]);
    expect(out).toBe("2 deployments, 1 error, 1 warning\n");
    expect(err[0]).toMatch(
      /^error: both\.yaml: document 2: bad: spec\.predictors\[0\]\.replicas: /,
    );
  });

  it("makes unknown fields faults with --strict", async () => {
    const { out } = await run(["--strict", "bad.yaml"]);
    expect(out).toBe("1 deployment, 2 errors, 0 warnings\n");
  });

  it("prints errors alone with --quiet", async () => {
    const { code, out, err } = await run(["--quiet", "bad.yaml"]);
    expect({ code, out, lines: err.length }).toEqual({ code: 1, out: "", lines: 1 });
  });

  it("reads the standard input", async () => {
    expect((await run(["-"], good)).code).toBe(0);
    const { err } = await run(["-"], bad);
    expect(heads(err)[0]).toBe("error: stdin: bad: spec.predictors[0].replicas");
  });

  it("stops reading an endless input", async () => {
    const block = Buffer.alloc(1024 * 1024, "a");
    const { code, err } = await run(
      ["-"],
      Array.from({ length: 1000 }, () => block),
    );
    expect(code).toBe(1);
    expect(err[0]).toMatch(/^error: stdin: is larger than 10 MB/);
  });

  it("takes a folder for the manifests in it, and passes over what is none", async () => {
    const { code, out, err } = await run(["many"]);
    expect(code).toBe(1);
    expect(out).toBe("2 deployments, 1 error, 1 warning\n");
    expect(heads(err)[0]).toBe(`error: ${join("many", "c.yml")}: bad: spec.predictors[0].replicas`);
  });

  it.each([
    { name: "a missing file", argv: ["nothere.yaml"], line: "error: nothere.yaml: does not exist" },
    { name: "an empty file", argv: ["empty.yaml"], line: "error: empty.yaml: holds no document" },
    { name: "an empty input", argv: ["-"], line: "error: stdin: holds no document" },
    { name: "a folder without manifests", argv: ["none"], line: "error: none: holds no *.yaml" },
    {
      name: "a file that is not text",
      argv: ["binary.yaml"],
      line: "error: binary.yaml: is not text",
    },
    { name: "a file that is not YAML", argv: ["broken.yaml"], line: "error: broken.yaml:1:5: " },
    {
      name: "a folder read as a file",
      argv: ["good.yaml/x"],
      line: "error: good.yaml/x: cannot be read",
    },
    {
      name: "a config that is broken",
      argv: ["--config", "badconfig.yaml", "good.yaml"],
      line: "error: seldon-config: data.explainer: ",
    },
    {
      name: "a missing config",
      argv: ["--config", "nothere.yaml", "good.yaml"],
      line: "error: seldon-config: nothere.yaml: does not exist",
    },
  ])("says what is wrong with $name", async ({ argv, line }) => {
    const { code, err } = await run(argv);
    expect(code).toBe(1);
    expect(err.join("\n")).toContain(line);
  });

  it("goes on after a file that cannot be read", async () => {
    const { out } = await run(["nothere.yaml", "broken.yaml", "good.yaml"]);
    expect(out).toBe("1 deployment, 2 errors, 0 warnings\n");
  });

  it("skips other kinds with a warning, and does not call that a success", async () => {
    const beside = await run(["good.yaml", "service.yaml"]);
    expect(beside.code).toBe(0);
    expect(beside.err).toEqual([
      "warning: service.yaml: is a Service, not a SeldonDeployment; skipped",
    ]);
    const alone = await run(["service.yaml"]);
    expect(alone.code).toBe(1);
    expect(alone.err[1]).toContain("no SeldonDeployment");
  });

  it("warns of a name given twice", async () => {
    const { code, err } = await run(["good.yaml", "good.yaml"]);
    expect(code).toBe(0);
    expect(heads(err)).toEqual(["warning: good.yaml: good: metadata.name"]);
  });

  it("knows the servers of a cluster's configuration", async () => {
    expect((await run(["mine.yaml"])).code).toBe(1);
    expect((await run(["--config", "config.yaml", "mine.yaml"])).code).toBe(0);
  });

  it.each([
    { name: "no file", argv: [] },
    { name: "an unknown option", argv: ["--strickt", "good.yaml"] },
    { name: "an option without its value", argv: ["good.yaml", "--config"] },
  ])("answers 2 to $name", async ({ argv }) => {
    const { code, out, err } = await run(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.at(-1)).toContain("--help");
  });

  it("explains itself", async () => {
    const { code, out, err } = await run(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    for (const option of ["--strict", "--quiet", "--config"]) expect(out).toContain(option);
  });
});
