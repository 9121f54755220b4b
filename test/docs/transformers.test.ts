/** The pages about detectors, transformers and combiners name all of their nodes and parameters. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { combiners } from "../../api/built-ins/combiners.ts";
import { detectors } from "../../api/built-ins/detectors.ts";
import type { BuiltInTable } from "../../api/built-ins/table.ts";
import { transformers } from "../../api/built-ins/transformers.ts";
import { entered, lookAt, nodeOf, rows } from "../runtime/nodes/node.ts";

const textOf = (page: string): string =>
  readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");

describe.each<{ page: string; table: BuiltInTable }>([
  { page: "detectors.md", table: detectors },
  { page: "transformers.md", table: { ...transformers, ...combiners } },
])("docs/$page", ({ page, table }) => {
  const text = textOf(page);

  it.each(Object.entries(table))("tells of %s", (implementation, { parameters }) => {
    const named = [implementation, ...Object.keys(parameters)].filter(
      (name) => !new RegExp(`[\`\\s]${name}[\`:\\s,]`).test(text),
    );
    expect(named).toEqual([]);
  });

  it("names no other node", () => {
    const said = [...text.matchAll(/`([A-Z_]+_(?:DETECTOR|COMBINER|SCALER|ENCODER|VALIDATOR))`/g)];
    const known = [...Object.keys(table), "AVERAGE_COMBINER", "STANDARD_SCALER"];
    expect(said.map(([, name]) => name).filter((name) => !known.includes(name ?? ""))).toEqual([]);
  });
});

describe("docs/detectors.md", () => {
  it("names the metrics, and no others", () => {
    const text = textOf("detectors.md");
    const node = nodeOf("MAHALANOBIS_DETECTOR");
    entered(node, lookAt(rows([1])));
    const names = new Set(node.measures?.().map(({ name }) => `espalier_${name}`));
    const ratios = ["accuracy", "precision", "recall", "f1"];
    const said = new Set([...text.matchAll(/`(espalier_outlier_\w+)/g)].map(([, name]) => name));
    said.delete("espalier_outlier_accuracy");
    expect(said).toEqual(names);
    for (const ratio of ratios) expect(text).toMatch(new RegExp(`_${ratio}\``));
  });

  it("gives the defaults in force", () => {
    const text = textOf("detectors.md");
    for (const { parameters } of Object.values<BuiltInTable[string]>(detectors)) {
      for (const [name, { fallback }] of Object.entries(parameters)) {
        const [, said] = text.match(new RegExp(`\`${name}\` \\((\\d+)\\)`)) ?? [];
        if (said !== undefined) expect(said).toBe(fallback);
      }
    }
  });
});
