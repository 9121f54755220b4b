import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { objectives as ofLightgbm } from "../../runtime/component/models/lightgbm.ts";
import { links } from "../../runtime/component/models/link.ts";
import { readOptions } from "../../runtime/component/models/options.ts";
import { readers } from "../../runtime/component/models/steps.ts";
import { objectives as ofXgboost } from "../../runtime/component/models/xgboost.ts";
import { faultsOf, makeFolder } from "../runtime/component/models/files.ts";

const project = join(import.meta.dirname, "../..");
const page = readFileSync(join(project, "docs/models.md"), "utf8");
const script = readFileSync(join(project, "tools/export_model.py"), "utf8");

/** The part of the page below a heading. */
const section = (heading: string): string =>
  page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";

const quoted = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);

/** The keys of a table of the script. */
const keysOf = (table: string): readonly string[] => {
  const [, body = ""] = new RegExp(`^${table} = \\{$([\\s\\S]*?)^\\}$`, "m").exec(script) ?? [];
  return [...body.matchAll(/^ {4}"(\w+)":/gm)].map(([, key = ""]) => key);
};

const { write } = makeFolder();

describe("docs/models.md", () => {
  it.each([
    { heading: "XGBoost", names: ofXgboost },
    { heading: "LightGBM", names: ofLightgbm },
  ])("lists the objectives of $heading, and no other", ({ heading, names }) => {
    const [, list = ""] = /^Objectives: ([^.]*)\./m.exec(section(heading)) ?? [];
    expect(quoted(list).toSorted()).toEqual([...names.keys()].toSorted());
  });

  it.each(["STEPS", "MODELS"])("lists the %s of the script", (table) => {
    const listed = quoted(section("scikit-learn"));
    const names = keysOf(table);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it("lists the steps and links of the JSON form", () => {
    const listed = quoted(section("The JSON form"));
    for (const name of [...readers.keys(), ...links]) expect(listed).toContain(name);
  });

  it("has an example that is a model", async () => {
    const [, json = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(await faultsOf(write("example.json", json))).toEqual([]);
  });

  it("lists the parameters that are known", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| /gm)].map(([, name = ""]) => name);
    const warnings: { path: string; message: string }[] = [];
    readOptions(Object.fromEntries(rows.slice(0, 3).map((name) => [name, "predict"])), warnings);
    expect([rows.slice(0, 3), warnings]).toEqual([["method", "class_names", "output"], []]);
  });
});
