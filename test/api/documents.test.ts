import { describe, expect, it } from "@jest/globals";
import { isDeployment, maxTextBytes, readDocuments } from "../../api/documents.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";

const values = (text: string | Uint8Array): readonly unknown[] => {
  const result = readDocuments(text, "file");
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value.map(({ value }) => value);
};

const issue = (text: string | Uint8Array): { readonly path: string; readonly message: string } => {
  const result = readDocuments(text, "file");
  const [first] = result.ok ? [] : result.issues;
  if (first === undefined) throw new Error("expected an issue");
  return first;
};

describe("readDocuments", () => {
  it.each([
    ["yes", true],
    ["on", true],
    ["y", true],
    ["off", false],
    ["N", false],
    ["True", true],
    ["'yes'", "yes"],
    ["~", null],
    ["12:30", "12:30"],
    ["2024-01-31", "2024-01-31"],
    ["0777", 511],
    ["0o17", 15],
    ["08", 8],
    ["0x1F", 31],
    ["0b101", 5],
    ["1_000", 1000],
    ["+1", 1],
    ["-7", -7],
    [".5", 0.5],
    ["1e3", 1000],
    ["1.2.3", "1.2.3"],
    [".inf", ".inf"],
    ["_1", "_1"],
    ["0x", "0x"],
    ["!!str 5", "5"],
  ])("reads %s as kubectl does", (text, want) => {
    expect(values(`a: ${text}`)).toEqual([{ a: want }]);
  });

  it("merges keys, those written out winning", () => {
    const text = "base: &b {x: 1, w: 1}\nmade: {<<: *b, w: 2}\nlisted: {<<: [*b, {z: 3}]}";
    expect(values(text)).toEqual([
      { base: { x: 1, w: 1 }, made: { x: 1, w: 2 }, listed: { x: 1, w: 1, z: 3 } },
    ]);
  });

  it.each([
    { name: "JSON", text: '{"a": [1, "\\u00e9", null]}', want: [{ a: [1, "é", null] }] },
    {
      name: "JSON with trailing commas, as charts write it",
      text: '{"a": [1,], "b": 2,}',
      want: [{ a: [1], b: 2 }],
    },
    {
      name: "JSON indented with tabs",
      text: '{\n\t"a": {\n\t\t"b": 1\n\t}\n}',
      want: [{ a: { b: 1 } }],
    },
    {
      name: "JSON with a very long key",
      text: `{"${"k".repeat(2000)}": 1}`,
      want: [{ ["k".repeat(2000)]: 1 }],
    },
    {
      name: "several documents, empty ones left out",
      text: "a: 1\n---\n---\n# nothing\n---\nb: 2\n",
      want: [{ a: 1 }, { b: 2 }],
    },
    { name: "an empty text", text: "", want: [] },
    { name: "a comment alone", text: "# nothing\n", want: [] },
    { name: "a byte order mark", text: "\uFEFFa: 1", want: [{ a: 1 }] },
    { name: "Windows line ends", text: "a: 1\r\nb: 2\r\n", want: [{ a: 1, b: 2 }] },
  ])("reads $name", ({ text, want }) => {
    expect(values(text)).toEqual(want);
    expect(values(new TextEncoder().encode(text))).toEqual(want);
  });

  it("reads UTF-16 that says so", () => {
    expect(values(Buffer.from("\uFEFFa: é", "utf16le"))).toEqual([{ a: "é" }]);
  });

  it("unpacks lists, and says where each item was", () => {
    const text = `
apiVersion: v1
kind: List
items: [{kind: A}, {kind: B}]
---
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeploymentList
items: [{metadata: {name: m}}]`;
    const result = readDocuments(text, "file");
    expect(result.ok && result.value).toEqual([
      { source: "file", place: "document 1, items[0]", value: { kind: "A" } },
      { source: "file", place: "document 1, items[1]", value: { kind: "B" } },
      {
        source: "file",
        place: "document 2, items[0]",
        value: {
          apiVersion: "machinelearning.seldon.io/v1",
          kind: "SeldonDeployment",
          metadata: { name: "m" },
        },
      },
    ]);
  });

  it.each([
    { name: "a bad indentation", text: "a: b\n  c: d\n", path: "file:2:4", how: "indentation" },
    { name: "a tab", text: "a:\n\tb: 1\n", path: "file:2:1", how: "not tabs" },
    { name: "a key twice", text: "a: 1\na: 2\n", path: "file:2:1", how: "remove one" },
    { name: "an open bracket", text: "a: [1", path: "file:1:6", how: "brackets" },
    { name: "an alias of nothing", text: "a: *b", path: "file:1:5", how: "anchors" },
    { name: "a key that is a list", text: "? [a, b]\n: 1", path: "file:1:1", how: "quotes" },
    { name: "a tag", text: "a: !Ref b", path: "file:1:4", how: "remove the tag" },
    {
      name: "a template",
      text: "{{ if .Values.x }}\na: 1",
      path: "file:2:1",
      how: "helm template",
    },
    { name: "two JSON texts", text: '{"a": 1}\n{"b": 2}', path: "file:2:1", how: "---" },
    { name: "nesting without end", text: "[".repeat(100_000), path: "file:1:1000", how: "flatter" },
    { name: "text that is not", text: "a\0b", path: "file", how: "not text" },
    {
      name: "bytes that are not UTF-8",
      text: Uint8Array.of(0x61, 0xff, 0xfe),
      path: "file",
      how: "not text",
    },
    { name: "too much", text: "a".repeat(maxTextBytes + 1), path: "file", how: "10 MB" },
  ])("tells where and how to mend $name", ({ text, path, how }) => {
    const found = issue(text);
    expect(found.path).toBe(path);
    expect(found.message).toContain(how);
  });

  it("stops merges that grow without end", () => {
    const lines = Array.from(
      { length: 500 },
      (_, i) => `a${i + 1}: &a${i + 1} {<<: *a${i}, k${i}: 1}`,
    );
    expect(issue(["a0: &a0 {k: 1}", ...lines].join("\n")).message).toContain("<<");
  });

  it("hands anchors that unfold without end to parse, which refuses them", () => {
    const names = [..."abcdefghijkl"];
    const lines = names.map((name, i) => {
      const inner = i === 0 ? "x" : `*${names[i - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(", ")}]`;
    });
    const [value] = values(lines.join("\n"));
    const result = parse(value, defaultSettings);
    expect(result.ok ? "" : result.issues[0]?.message).toContain("aliases");
  });

  it("hands a graph that contains itself to parse, which says where", () => {
    const [value] = values(`
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: m}
spec:
  predictors:
  - name: p
    graph: &graph
      name: a
      implementation: SIMPLE_ROUTER
      children: [*graph]`);
    const result = parse(value, defaultSettings);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual([
      "spec.predictors[0].graph.children[0]",
    ]);
  });

  it("pollutes no prototype", () => {
    values("__proto__: {polluted: 1}\na: {<<: {__proto__: {polluted: 1}}}");
    expect(Object.prototype).not.toHaveProperty("polluted");
  });
});

describe("isDeployment", () => {
  it.each([
    [{ apiVersion: "machinelearning.seldon.io/v1", kind: "SeldonDeployment" }, true],
    [{ apiVersion: "machinelearning.seldon.io/v1", kind: "SeldonDeploymnt" }, true],
    [{ apiVersion: "seldon.io/v1", kind: "SeldonDeployment" }, true],
    [{ apiVersion: "v1", kind: "Service" }, false],
    [[], false],
    ["text", false],
  ])("says of %j: %s", (value, want) => {
    expect(isDeployment({ value, source: "f", place: "" })).toBe(want);
  });
});
