import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { planFromFile } from "../../runtime/plan-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plan-file-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const file = (text: string, name = "x.yaml"): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const manifest = `
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: d}
spec:
  predictors:
  - name: first
    annotations: {version: v2}
    graph: {name: a, type: MODEL}
  - name: second
    graph: &graph
      name: b
      methods: [ROUTE]
`;

describe("planFromFile", () => {
  it("finds the predictor by its name", () => {
    const path = file(manifest);
    expect(planFromFile(path, "first")).toMatchObject({
      ok: true,
      plan: { name: "first", version: "v2", graph: { name: "a", type: "MODEL" } },
    });
    expect(planFromFile(path, "second")).toMatchObject({
      ok: true,
      plan: { graph: { name: "b", methods: ["ROUTE"] } },
    });
  });

  it("looks through all documents", () => {
    const path = file(`kind: ConfigMap\n---\n# nothing\n---\n${manifest}`);
    expect(planFromFile(path, "first").ok).toBe(true);
  });

  it.each([
    { name: "another extension", text: manifest, as: "x.yml", says: "must end in yaml" },
    { name: "JSON", text: "{}", as: "x.json", says: "must end in yaml" },
    { name: "no such predictor", text: manifest.replaceAll("first", "third"), says: '"first"' },
    { name: "nothing", text: "", says: '"first"' },
    { name: "text", text: "hello", says: '"first"' },
    { name: "predictors that are no list", text: "spec: {predictors: 5}", says: '"first"' },
    { name: "empty predictors", text: "spec: {predictors: [null, {}]}", says: '"first"' },
    { name: "malformed YAML", text: "a: [", says: "cannot read" },
    {
      name: "a predictor without graph",
      text: "spec: {predictors: [{name: first}]}",
      says: "predictor first.graph",
    },
  ])("says what is wrong with $name", ({ text, as, says }) => {
    const path = file(text, as);
    const found = planFromFile(path, "first");
    expect(found).toEqual({ ok: false, faults: [expect.stringContaining(says)] });
    expect(found).toEqual({ ok: false, faults: [expect.stringContaining(path)] });
  });

  it("says that there is no file", () => {
    expect(planFromFile(join(folder, "none.yaml"), "p")).toEqual({
      ok: false,
      faults: [expect.stringContaining("ENOENT")],
    });
  });
});
