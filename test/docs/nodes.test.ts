import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { isDeployment, readDocuments } from "../../api/documents.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { sections } from "./nodes.ts";

const url = new URL("../../docs/nodes.md", import.meta.url);
const page = readFileSync(url, "utf8");

const below = (heading: string): string =>
  page.split(`\n## ${heading}\n`)[1]?.split("\n## ", 1)[0] ?? "";

describe("docs/nodes.md", () => {
  it.each(sections())("has every node of the table: $heading", ({ heading, text }) => {
    expect(
      below(heading)
        .split("\n### ")
        .slice(1)
        .map((one) => `### ${one.trim()}`),
    ).toEqual(text.split("\n### ").map((one, i) => `${i === 0 ? "" : "### "}${one.trim()}`));
  });

  it("shows manifests without a fault", () => {
    const manifests = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(manifests.length).toBeGreaterThan(0);
    for (const text of manifests) {
      const read = readDocuments(text, "docs/nodes.md");
      const [document] = read.ok ? read.value.filter(isDeployment) : [];
      const parsed = parse(document?.value, defaultSettings);
      expect({ issues: parsed.ok ? [] : parsed.issues, warnings: parsed.warnings }).toEqual({
        issues: [],
        warnings: [],
      });
    }
  });

  it("links to pages that there are", () => {
    const links = [...page.matchAll(/\]\(([\w/-]+\.md)(?:#[\w-]+)?\)/g)].map(
      (match) => match[1] ?? "",
    );
    expect(links.length).toBeGreaterThan(3);
    for (const link of links)
      expect({ link, is: existsSync(new URL(link, url)) }).toEqual({ link, is: true });
  });
});
