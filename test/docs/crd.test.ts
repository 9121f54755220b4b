import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { maxPredictorName, maxPredictors, predictorRules, specRules } from "../../api/crd/rules.ts";
import { crd } from "../../api/crd.ts";
import { samples } from "../crds/manifests.ts";

const page = readFileSync(new URL("../../docs/crd.md", import.meta.url), "utf8");

/** Rows of all tables, cell by cell. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
  );
const firsts = rows.map(([first = ""]) => first);

describe("docs/crd.md", () => {
  it("lists every sample, and no other", () => {
    const listed = firsts.filter((cell) => cell.endsWith(".yaml"));
    expect(listed.toSorted()).toEqual(samples.map(({ file }) => file).toSorted());
  });

  it("lists every column", () => {
    const [version] = crd().spec.versions;
    const names = version?.additionalPrinterColumns.map(({ name }) => name.toUpperCase()) ?? [];
    expect(firsts.filter((cell) => /^[A-Z]+$/.test(cell))).toEqual(names);
  });

  it("lists every rule, in its words", () => {
    const rulesOf = (field: string) => rows.filter(([at]) => at === field).map(([, said]) => said);
    expect(rulesOf("spec.predictors")).toEqual(specRules.map(({ message }) => message));
    expect(rulesOf("spec.predictors[]")).toEqual(predictorRules.map(({ message }) => message));
  });

  it("says the bounds", () => {
    expect(page).toContain(
      `${maxPredictors} predictors, with names of up to ${maxPredictorName} characters`,
    );
  });
});
