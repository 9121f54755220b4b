import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { project } from "../local/harness.ts";

const read = (path: string): string => readFileSync(join(project, path), "utf8");

/** The first cells, in backquotes, of the tables below a heading. */
const cells = (page: string, heading: string): readonly string[] => {
  const [, section = ""] = page.split(new RegExp(`^#+ ${heading}$`, "m"));
  return [...(section.split(/^#/m)[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(
    ([, one = ""]) => one,
  );
};

describe("docs/troubleshooting.md", () => {
  it("has every reason of a condition, and no other", () => {
    const operator = read("docs/operator.md");
    const reasons = [...cells(operator, "Reasons"), ...cells(operator, "Faults")];
    expect(reasons.length).toBeGreaterThan(15);
    const told = cells(read("docs/troubleshooting.md"), "By reason");
    expect([...told].sort()).toEqual([...reasons].sort());
  });
});

describe("docs/install.md", () => {
  it("names values that the chart has", () => {
    const { properties } = JSON.parse(read("charts/espalier-operator/values.schema.json"));
    const named = [...read("docs/install.md").matchAll(/^\| `(\w+)(?:\.(\w+))?/gm)]
      .map(([, group = "", key]) => ({ group, key }))
      .filter(({ group }) => !group.startsWith("espalier"));
    expect(named.length).toBeGreaterThan(10);
    for (const { group, key } of named) {
      expect(properties).toHaveProperty([group]);
      if (key !== undefined) expect(properties[group].properties).toHaveProperty([key]);
    }
  });

  it("names charts that there are", () => {
    const charts = [...read("docs/install.md").matchAll(/`(espalier-[a-z-]+)`/g)];
    for (const [, chart = ""] of charts) {
      expect(existsSync(join(project, "charts", chart, "Chart.yaml"))).toBe(true);
    }
  });
});

describe.each(["install", "upgrade", "migrate", "tenants", "troubleshooting"])(
  "docs/%s.md",
  (name) => {
    it("leads to pages that there are", () => {
      const links = [...read(`docs/${name}.md`).matchAll(/\]\(([^)#:]+)/g)].map(
        ([, to = ""]) => to,
      );
      for (const link of links)
        expect([link, existsSync(join(project, "docs", link))]).toEqual([link, true]);
    });
  },
);
