import { describe, expect, it } from "@jest/globals";
import type { EnvVar } from "../../api/types.ts";
import { type PodFacts, podinfoText, variablesOf } from "../../local/env.ts";
import { parseAnnotations } from "../../runtime/annotations.ts";

const pod: PodFacts = {
  name: "pod-1",
  namespace: "ns",
  labels: { "app.kubernetes.io/x": "y" },
  annotations: { note: "n=1" },
  spec: { containers: [] },
};
const evaluate = (env: readonly EnvVar[]) =>
  variablesOf({ name: "c", env }, pod, { path: "at", env });
const from = (fieldPath: string): EnvVar => ({ name: "V", valueFrom: { fieldRef: { fieldPath } } });

describe("variablesOf", () => {
  it("takes values in order", () => {
    const { values, issues } = evaluate([
      { name: "A", value: "1" },
      { name: "B", value: "$(A)$(C)" },
      { name: "C" },
      { name: "D", value: "[$(C)]" },
    ]);
    expect([...values]).toEqual([
      ["A", "1"],
      ["B", "1$(C)"],
      ["C", ""],
      ["D", "[]"],
    ]);
    expect(issues).toEqual([]);
  });

  it.each([
    { fieldPath: "metadata.name", want: "pod-1" },
    { fieldPath: "metadata.namespace", want: "ns" },
    { fieldPath: "metadata.labels['app.kubernetes.io/x']", want: "y" },
    { fieldPath: "metadata.labels['none']", want: "" },
    { fieldPath: "metadata.annotations['note']", want: "n=1" },
    { fieldPath: "spec.serviceAccountName", want: "default" },
    { fieldPath: "status.podIP", want: "127.0.0.1" },
  ])("knows $fieldPath", ({ fieldPath, want }) => {
    expect(evaluate([from(fieldPath)]).values.get("V")).toBe(want);
  });

  it.each<{ name: string; entry: EnvVar }>([
    { name: "an unknown fact", entry: from("metadata.uid") },
    {
      name: "a Secret",
      entry: { name: "V", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    },
    {
      name: "a ConfigMap",
      entry: { name: "V", valueFrom: { configMapKeyRef: { name: "s", key: "k" } } },
    },
    {
      name: "a resource",
      entry: { name: "V", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
    },
  ])("refuses $name", ({ entry }) => {
    expect(evaluate([{ name: "A", value: "" }, entry]).issues).toEqual([
      { path: "at.env[1].valueFrom", message: expect.any(String) },
    ]);
  });

  it("leaves out what is optional", () => {
    const entry = {
      name: "V",
      valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } },
    };
    const { values, issues } = evaluate([entry]);
    expect([values.has("V"), issues]).toEqual([false, []]);
  });

  it.each([
    { source: { secretRef: { name: "s" } }, want: 1 },
    { source: { configMapRef: { name: "s" } }, want: 1 },
    { source: { configMapRef: { name: "s", optional: true } }, want: 0 },
  ])("counts $source as $want faults", ({ source, want }) => {
    const { issues } = variablesOf({ name: "c", envFrom: [source] }, pod, { path: "at", env: [] });
    expect(issues.map(({ path }) => path)).toEqual(Array(want).fill("at.envFrom[0]"));
  });
});

describe("podinfoText", () => {
  it("is read back as it was written", () => {
    const annotations = { b: 'quote " and = and \\', a: "line\nbreak\ttab", c: "ü€😀\u0001" };
    const text = podinfoText(annotations);
    expect(text.startsWith('a="line\\nbreak')).toBe(true);
    expect(Object.fromEntries(parseAnnotations(text))).toEqual(annotations);
  });
});
