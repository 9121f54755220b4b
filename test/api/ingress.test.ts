import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings, type Settings } from "../../api/settings.ts";
import { readYaml, writeYaml } from "../../api/yaml.ts";
import { manifest } from "./manifest.ts";

const ambassadorV2: Settings = { ...defaultSettings, ambassadorEnabled: true };
const ambassadorV1: Settings = { ...ambassadorV2, ambassadorVersion: "v1" };

type Words = { readonly [key: string]: string };

const told = (annotations: Words, settings = defaultSettings) => {
  const result = parse(manifest({ annotations }), settings);
  return {
    faults: result.ok ? [] : result.issues.map(({ path }) => path),
    warnings: result.warnings.map(({ path }) => path),
  };
};
const placeOf = (key: string): string => `spec.annotations["${key}"]`;

describe("checks of annotations for ingresses", () => {
  it.each([
    ["seldon.io/istio-retries", "x"],
    ["seldon.io/istio-retries-timeout", "1s"],
    ["seldon.io/ambassador-retries", "three"],
    ["seldon.io/ambassador-circuit-breakers-max-connections", "many"],
    ["seldon.io/ambassador-circuit-breakers-max-pending-requests", ""],
    ["seldon.io/ambassador-circuit-breakers-max-requests", "-1"],
    ["seldon.io/ambassador-circuit-breakers-max-retries", "1.5"],
    ["seldon.io/ambassador-header", "my location: london"],
    ["seldon.io/ambassador-regex-header", "location"],
    ["espalier.io/gateway", "a/b/c/d"],
    ["espalier.io/host", "*"],
    ["espalier.io/grpc-gateway", "A"],
    ["espalier.io/grpc-host", "models.example.com"],
  ])("finds a fault in %s: %j", (key, value) => {
    expect(told({ [key]: value })).toEqual({ faults: [placeOf(key)], warnings: [] });
  });

  it.each([
    ["seldon.io/istio-retries", "3"],
    ["seldon.io/istio-host", "*"],
    ["seldon.io/ambassador-header", ""],
    ["seldon.io/ambassador-header", "location: london"],
    ["seldon.io/ambassador-header", "canary"],
    ["seldon.io/ambassador-header", "a:1:b:2"],
    ["seldon.io/ambassador-regex-header", "location: lon.*"],
    ["seldon.io/ambassador-config", "---\napiVersion: ambassador/v1\n"],
    ["espalier.io/gateway", "infra/models"],
    ["espalier.io/host", "models.example.com"],
  ])("takes %s: %j", (key, value) => {
    expect(told({ [key]: value })).toEqual({ faults: [], warnings: [] });
  });

  it("warns of a configuration that Ambassador cannot read", () => {
    const key = "seldon.io/ambassador-config";
    expect(told({ [key]: "a: [" }, ambassadorV1).warnings).toEqual([placeOf(key)]);
  });

  it("warns of a configuration that Ambassador 2 does not look at", () => {
    const key = "seldon.io/ambassador-config";
    expect(told({ [key]: "a: b" }, ambassadorV2).warnings).toEqual([placeOf(key)]);
    expect(told({ [key]: "a: b" }, ambassadorV1).warnings).toEqual([]);
  });

  it("warns of a mesh without a host", () => {
    const key = "seldon.io/istio-gateway";
    expect(told({ [key]: "mesh" }).warnings).toEqual([placeOf(key)]);
    expect(told({ [key]: "mesh", "seldon.io/istio-host": "mymodel" }).warnings).toEqual([]);
  });
});

describe("writeYaml", () => {
  it("writes what reads back as it was", () => {
    const value = {
      texts: ["yes", "12:30", "2024-01-01", "0o7", "08", "1e3", ".5", "~", "", "a: b", "x\ny\n"],
      numbers: [0, -1, 0.5, 1e21],
      others: [true, null, [], {}],
      yes: "on",
    };
    expect(readYaml(writeYaml(value))).toEqual([value]);
  });

  it("quotes what other readers take for a number", () => {
    for (const text of ["12:30", "0x1F", ".inf", "1_000"]) {
      expect(writeYaml({ text })).toBe(`text: '${text}'\n`);
    }
  });
});
