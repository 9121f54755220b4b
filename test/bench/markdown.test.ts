import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { cases } from "./cases.ts";
import { beginMarker, endMarker, markdownFault, writeFigures } from "./markdown.ts";
import type { Report } from "./summary.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-figures-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const report: Report = {
  setting: {
    date: "2026-01-02 03:04",
    command: "npm run bench",
    machine: "a machine",
    versions: ["espalier 1"],
    cpus: "any CPU",
    rounds: 3,
    notes: ["no reference go: Go is not installed"],
  },
  cases,
  variants: ["espalier"],
  results: [],
  starts: [],
};

describe("writeFigures", () => {
  it("replaces what is between the markers, and nothing else", () => {
    const file = join(folder, "page.md");
    writeFileSync(file, `# Page\n\n${beginMarker}\nold\n${endMarker}\n\nMore $& text\n`);
    expect(markdownFault(file)).toBeUndefined();
    writeFigures(file, report);
    writeFigures(file, report);
    const page = readFileSync(file, "utf8");
    expect(page.startsWith(`# Page\n\n${beginMarker}\n\n\`npm run bench\` on 2026-01-02`)).toBe(
      true,
    );
    expect(page.endsWith(`\n\n${endMarker}\n\nMore $& text\n`)).toBe(true);
    expect(page).toContain("Note: no reference go: Go is not installed.");
    expect(page).not.toContain("old");
    expect(page.split(beginMarker)).toHaveLength(2);
  });

  it("shows a drawing by its way from the page", () => {
    const file = join(folder, "page.md");
    writeFigures(file, report, join(folder, "drawings", "figures.svg"));
    expect(readFileSync(file, "utf8")).toMatch(/^!\[.+\]\(drawings\/figures\.svg\)$/m);
  });

  it("makes a page that is not there", () => {
    const file = join(folder, "page.md");
    expect(markdownFault(file)).toBeUndefined();
    writeFigures(file, report);
    expect(markdownFault(file)).toBeUndefined();
  });

  it.each([
    { name: "no marker", page: "# Page\n" },
    { name: "markers the wrong way round", page: `${endMarker}\n${beginMarker}\n` },
  ])("knows beforehand of a page with $name", ({ page }) => {
    const file = join(folder, "page.md");
    writeFileSync(file, page);
    expect(markdownFault(file)).toContain(file);
  });
});

describe("docs/performance.md", () => {
  it("has a place for the figures", () => {
    const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
    expect(markdownFault(page)).toBeUndefined();
  });
});
