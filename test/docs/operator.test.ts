import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { conditionReasons } from "../../operator/claim.ts";
import { conditionTypes } from "../../operator/conditions.ts";
import { faultReasons } from "../../operator/faults.ts";
import { operatorFlags } from "../../operator/flags.ts";
import { makeMetrics } from "../../operator/metrics.ts";
import { outcomeCodes } from "../../operator/outcome.ts";
import { variables } from "../../operator/variables.ts";
import { clusterRules } from "../cluster/support/operator-roles.ts";

const page = readFileSync(new URL("../../docs/operator.md", import.meta.url), "utf8");

/** Rows of the first table below a heading, cell by cell, without backticks around a cell. */
const tableOf = (heading: string): readonly (readonly string[])[] => {
  const section = page.split(new RegExp(`\n##+ ${heading}\n`))[1]?.split("\n##", 1)[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1")),
    );
};

describe("docs/operator.md", () => {
  it("lists every flag with its default and help", () => {
    const actual = Object.entries(operatorFlags).map(([name, flag]) => [
      ...[`--${name}`, flag.default, flag.help],
    ]);
    expect(tableOf("Flags")).toEqual(actual);
  });

  it("lists every variable with its default and meaning", () => {
    const actual = Object.entries(variables).map(([name, one]) => [name, one.default, one.help]);
    expect(tableOf("Environment")).toEqual(actual);
  });

  it.each([
    { heading: "Reasons", table: conditionReasons },
    { heading: "Faults", table: faultReasons },
    { heading: "Outcomes", table: outcomeCodes },
  ])("has the table of $heading", ({ heading, table }) => {
    expect(tableOf(heading)).toEqual(Object.entries(table));
  });

  it("lists the rights that the tests on a real API server give it", () => {
    const actual = clusterRules.flatMap(({ apiGroups: [group = ""], resources, verbs }) =>
      resources.map((resource) => [
        group === "" ? resource : `${resource}.${group}`,
        verbs.join(" "),
      ]),
    );
    expect(tableOf("Rights")).toEqual(actual);
  });

  it("names every type of condition", () => {
    const section = page.split("\n## Conditions\n")[1]?.split("\n###", 1)[0] ?? "";
    const named = [...section.matchAll(/`([A-Za-z]+)`/g)].map(([, word]) => word);
    expect(conditionTypes.filter((type) => !named.includes(type))).toEqual([]);
  });

  it("lists every metric with its labels", async () => {
    const registry = new Registry();
    makeMetrics(registry, { depth: () => 0, states: () => new Map(), isFaulty: () => false });
    const own = registry
      .getMetricsAsArray()
      .filter(({ name }) => name.startsWith("espalier_"))
      .map((metric) => {
        const labels = "labelNames" in metric ? (metric.labelNames as readonly string[]) : []; // prom-client's own
        return [metric.name, labels.map((label) => `\`${label}\``).join(", ")];
      });
    const documented = tableOf("Metrics").map(([name, labels = ""]) => [
      name,
      labels !== "" && !labels.includes("`") ? `\`${labels}\`` : labels,
    ]);
    expect(documented.toSorted()).toEqual(own.toSorted());
  });
});
