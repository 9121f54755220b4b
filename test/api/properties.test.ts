import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readDocuments } from "../../api/documents.ts";
import { walk } from "../../api/graph.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { manifestArbitrary } from "./arbitrary.ts";

// The same at every run: what other seeds find is no fault of the change that is tested.
const seed = 20_261_123;
const options = { seed, numRuns: 300, verbose: false } as const;

describe("parse, for any input", () => {
  it("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withSparseArray: true,
        }),
        (value) => {
          parse(value, defaultSettings);
        },
      ),
      options,
    );
  });

  it("never throws on a manifest with any value at any place", () => {
    const places = fc.constantFrom(
      ["spec"],
      ["metadata"],
      ["spec", "predictors"],
      ["spec", "predictors", "0"],
      ["spec", "predictors", "0", "graph"],
      ["spec", "predictors", "0", "graph", "children"],
      ["spec", "predictors", "0", "graph", "endpoint"],
      ["spec", "predictors", "0", "graph", "logger"],
      ["spec", "predictors", "0", "labels"],
      ["spec", "predictors", "0", "annotations"],
      ["spec", "predictors", "0", "componentSpecs"],
      ["spec", "predictors", "0", "componentSpecs", "0"],
      ["spec", "predictors", "0", "componentSpecs", "0", "spec"],
      ["spec", "predictors", "0", "componentSpecs", "0", "spec", "containers"],
      ["spec", "predictors", "0", "explainer"],
      ["spec", "predictors", "0", "traffic"],
    );
    fc.assert(
      fc.property(manifestArbitrary, places, fc.anything(), (manifest, place, value) => {
        const copy = structuredClone(manifest);
        let held: { [key: string]: unknown } = copy;
        for (const key of place.slice(0, -1)) held = held[key] as { [key: string]: unknown };
        held[place.at(-1) ?? ""] = value;
        parse(copy, defaultSettings);
      }),
      options,
    );
  });

  it("gives good manifests a result in which all nodes with containers have addresses", () => {
    fc.assert(
      fc.property(manifestArbitrary, (manifest) => {
        const result = parse(manifest, defaultSettings);
        if (!result.ok) throw new Error(JSON.stringify(result.issues));
        for (const { graph, componentSpecs } of result.value.spec.predictors) {
          const names = componentSpecs.flatMap(({ spec }) =>
            spec?.containers.map(({ name }) => name),
          );
          for (const unit of walk(graph)) {
            expect(unit.endpoint?.httpPort !== undefined).toBe(names.includes(unit.name));
          }
        }
      }),
      options,
    );
  });

  it("defaults the defaulted to the same", () => {
    fc.assert(
      fc.property(manifestArbitrary, (manifest) => {
        const first = parse(manifest, defaultSettings);
        const second = parse(first.ok ? first.value : undefined, defaultSettings);
        expect(second.ok && second.value).toEqual(first.ok && first.value);
      }),
      options,
    );
  });

  it("is deterministic and leaves its input as it was", () => {
    fc.assert(
      fc.property(manifestArbitrary, (manifest) => {
        const before = structuredClone(manifest);
        const first = JSON.stringify(parse(manifest, defaultSettings));
        expect(manifest).toEqual(before);
        expect(JSON.stringify(parse(before, defaultSettings))).toBe(first);
      }),
      options,
    );
  });
});

describe("readDocuments, for any input", () => {
  it("never throws", () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          "a",
          ":",
          " ",
          "\n",
          "- ",
          "&a",
          "*a",
          "<<",
          "{",
          "}",
          "[",
          "]",
          "'",
          '"',
          "!",
          "|",
          ">",
          "---",
          "\t",
          "#",
          "0x",
          "%",
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(yamlish, fc.string({ unit: "binary" }), fc.uint8Array()), (text) => {
        readDocuments(text, "file");
      }),
      { ...options, numRuns: 1000 },
    );
  });

  it("reads back any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const result = readDocuments(JSON.stringify({ value }), "file");
        expect(result.ok && result.value[0]?.value).toEqual(JSON.parse(JSON.stringify({ value })));
      }),
      options,
    );
  });
});
