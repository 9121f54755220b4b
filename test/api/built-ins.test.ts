import { describe, expect, it } from "@jest/globals";
import { builtInNames, builtInRow } from "../../api/built-ins/all.ts";
import { readParameters } from "../../api/built-ins/read.ts";
import type { BuiltInRow } from "../../api/built-ins/table.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { builtIn, withPredictor } from "./manifest.ts";

const row = {
  kind: "router",
  help: "for tests",
  parameters: {
    share: { is: "number", least: 0, most: 1, fallback: "0.5", help: "h" },
    count: { is: "whole", least: 1, help: "h" },
    mode: { is: "text", choices: ["a", "b"], help: "h" },
    on: { is: "flag", fallback: "false", help: "h" },
    list: { is: "numbers", least: 0, help: "h" },
    words: { is: "texts", help: "h" },
    json: { is: "json", help: "h" },
    needed: { is: "text", required: true, help: "h" },
  },
} as const satisfies BuiltInRow;

const read = (parameters: Readonly<Record<string, string>>) =>
  readParameters(
    row,
    Object.entries({ needed: "x", ...parameters }).map(([name, value]) => ({ name, value })),
  );

describe("readParameters", () => {
  it("gives what the row does where nothing is written", () => {
    expect(read({})).toMatchObject({ ok: true, value: { share: 0.5, on: false, needed: "x" } });
  });

  it.each([
    { name: "share", text: "1", value: 1 },
    { name: "share", text: " 0.25 ", value: 0.25 },
    { name: "count", text: "3", value: 3 },
    { name: "count", text: "1e2", value: 100 },
    { name: "mode", text: "b", value: "b" },
    { name: "on", text: "True", value: true },
    { name: "on", text: "0", value: false },
    { name: "list", text: "1, 2.5,3", value: [1, 2.5, 3] },
    { name: "list", text: "[1,2]", value: [1, 2] },
    { name: "list", text: "", value: [] },
    { name: "words", text: "a, b", value: ["a", "b"] },
    { name: "json", text: '{"a":[1]}', value: { a: [1] } },
  ])("reads $name of $text", ({ name, text, value }) => {
    expect(read({ [name]: text })).toMatchObject({ ok: true, value: { [name]: value } });
  });

  it.each([
    { name: "share", text: "1.5" },
    { name: "share", text: "-0.1" },
    { name: "share", text: "" },
    { name: "share", text: "NaN" },
    { name: "share", text: "Infinity" },
    { name: "count", text: "1.5" },
    { name: "count", text: "0" },
    { name: "count", text: "1e300" },
    { name: "mode", text: "c" },
    { name: "on", text: "perhaps" },
    { name: "list", text: "1,,2" },
    { name: "list", text: "1,-2" },
    { name: "list", text: "1;2" },
    { name: "json", text: "{a}" },
  ])("refuses $name of $text", ({ name, text }) => {
    const result = read({ [name]: text });
    expect(result.ok).toBe(false);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(["parameters[1].value"]);
  });

  it("misses what has to be there", () => {
    const result = readParameters(row, []);
    expect(result).toMatchObject({ ok: false, issues: [{ path: "parameters" }] });
  });

  it("warns of what it does not know, names of the prototype too", () => {
    const result = read({ shara: "1", constructor: "1" });
    expect(result.ok).toBe(true);
    expect(result.warnings.map(({ path }) => path)).toEqual([
      "parameters[1].name",
      "parameters[2].name",
    ]);
    expect(result.warnings[0]?.message).toContain("share");
  });

  it("lets the last of one name count", () => {
    const twice = ["1", "0"].map((value) => ({ name: "share", value }));
    expect(readParameters(row, [{ name: "needed", value: "x" }, ...twice])).toMatchObject({
      value: { share: 0 },
    });
  });
});

describe("the table of built-in nodes", () => {
  const rows = builtInNames.map((name) => ({ name, row: builtInRow(name) }));

  it.each(rows)("has readable defaults: $name", ({ row: one }) => {
    const { parameters = {} } = one ?? {};
    for (const [name, { fallback, required }] of Object.entries(parameters)) {
      expect(required === undefined || fallback === undefined).toBe(true);
      if (fallback === undefined) continue;
      const plain = {
        kind: "model",
        help: "",
        parameters: { [name]: parameters[name] ?? row.parameters.share },
      } as const;
      expect(readParameters(plain, [{ name, value: fallback }])).toMatchObject({ ok: true });
    }
  });

  it("does not take words of the prototype for nodes", () => {
    expect(builtInRow("constructor")).toBeUndefined();
    expect(builtInRow(undefined)).toBeUndefined();
  });
});

const at = "spec.predictors[0].graph";

type Given = {
  readonly name: string;
  readonly implementation: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly children?: number;
  readonly faults?: readonly string[];
  readonly warnings?: readonly string[];
};

const given: readonly Given[] = [
  {
    name: "a bandit as it should be",
    implementation: "EPSILON_GREEDY",
    parameters: { epsilon: "0.2", n_branches: "2" },
  },
  {
    name: "a value out of bounds",
    implementation: "EPSILON_GREEDY",
    parameters: { epsilon: "2" },
    faults: ["parameters[0].value"],
  },
  {
    name: "a parameter it does not have",
    implementation: "UCB1",
    parameters: { epsilon: "0.2" },
    warnings: ["parameters[0].name"],
  },
  {
    name: "more branches than children",
    implementation: "UCB1",
    parameters: { seed: "1", n_branches: "3" },
    faults: ["parameters[1].value"],
  },
  { name: "a bandit of nothing", implementation: "EXP3", children: 0, faults: ["children"] },
  { name: "a required one missing", implementation: "LINUCB", faults: ["parameters"] },
  {
    name: "a combiner of nothing",
    implementation: "CONCATENATE_COMBINER",
    children: 0,
    faults: ["children"],
  },
  {
    name: "votes for three of two",
    implementation: "MAJORITY_VOTE_COMBINER",
    parameters: { weights: "1,1,1" },
    faults: ["parameters[0].value"],
  },
  {
    name: "a schema that is no JSON",
    implementation: "SCHEMA_VALIDATOR",
    children: 1,
    parameters: { schema: "{" },
    faults: ["parameters[0].value"],
  },
  { name: "a detector as it should be", implementation: "IQR_DETECTOR", children: 1 },
  {
    name: "RANDOM_ABTEST by weights",
    implementation: "RANDOM_ABTEST",
    children: 3,
    parameters: { weights: "1,2,1" },
  },
  {
    name: "RANDOM_ABTEST by odd weights",
    implementation: "RANDOM_ABTEST",
    parameters: { weights: "1,x" },
    warnings: ["parameters[0].value"],
  },
  {
    name: "weights for three of two",
    implementation: "RANDOM_ABTEST",
    parameters: { weights: "1,1,1" },
    warnings: ["parameters[0].value"],
  },
  {
    name: "ratioA that is no number",
    implementation: "RANDOM_ABTEST",
    parameters: { ratioA: "half" },
    warnings: ["parameters[0].value"],
  },
  {
    name: "ratioA beyond 1",
    implementation: "RANDOM_ABTEST",
    parameters: { ratioA: "50" },
    warnings: ["parameters[0].value"],
  },
  {
    name: "ratioA that does not count",
    implementation: "RANDOM_ABTEST",
    parameters: { ratioA: "0.1", weights: "1,1" },
    warnings: ["parameters[0].name"],
  },
  {
    name: "ratioA that sticks",
    implementation: "RANDOM_ABTEST",
    parameters: { ratioA: "0.1", sticky_header: "x" },
  },
];

describe("checks of built-in nodes", () => {
  it.each(given)(
    "find what they should: $name",
    ({ implementation, parameters = {}, children = 2, faults = [], warnings = [] }) => {
      const graph = builtIn("n", {
        implementation,
        parameters: Object.entries(parameters).map(([name, value]) => ({
          name,
          value,
          type: "STRING",
        })),
        children: Array.from({ length: children }, (_, i) => builtIn(`c${i}`)),
      });
      const result = parse(withPredictor({ graph }), defaultSettings);
      expect({
        faults: result.ok ? [] : result.issues.map(({ path }) => path),
        warnings: result.warnings.map(({ path }) => path),
      }).toEqual({
        faults: faults.map((path) => `${at}.${path}`),
        warnings: warnings.map((path) => `${at}.${path}`),
      });
    },
  );
});
