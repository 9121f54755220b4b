import { describe, expect, it } from "@jest/globals";
import { openApiSchema } from "../../api/crd.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { oddities, samples } from "./manifests.ts";
import { valueFaults } from "./structural.ts";

const schema = openApiSchema();

/** Warnings that a sample is there to show. */
const warned: { readonly [file: string]: readonly string[] } = {
  "v1alpha2.yaml": ["spec.oauth_key", "spec.oauth_secret"],
};

const named = (text: string) =>
  samples.flatMap(({ manifest: { metadata, spec } }) =>
    JSON.stringify(spec).includes(text) ? [metadata.name] : [],
  );

describe("crds/samples", () => {
  it.each(samples)("$file parses as it should", ({ file, manifest }) => {
    const result = parse(manifest, defaultSettings, { strict: true });
    expect(result.ok ? [] : result.issues).toEqual([]);
    expect(result.warnings.map(({ path }) => path)).toEqual(warned[file] ?? []);
  });

  it.each(samples)("$file fits the CRD", ({ manifest }) => {
    expect(valueFaults(schema, manifest)).toEqual([]);
  });

  it("have names of their own, so that all can be applied together", () => {
    const names = samples.map(({ manifest }) => manifest.metadata.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    "SKLEARN_SERVER",
    "TENSORFLOW_SERVER",
    "TRITON_SERVER",
    "RANDOM_ABTEST",
    "AVERAGE_COMBINER",
    ...["hpaSpec", "kedaSpec", "pdbSpec", "explainer", "certSecretName", "shadow", "ROUTER"],
    ...["TRANSFORMER", "OUTPUT_TRANSFORMER", "seldon.io/no-engine", "engine-separate-pod"],
    ...["seldon.io/istio-gateway", "seldon.io/ambassador-header", "espalier.io/gateway"],
  ])("show %s", (word) => {
    expect(named(word)).not.toEqual([]);
  });
});

describe("what v1 stored", () => {
  it.each(oddities)("$file fits the CRD", ({ manifest }) => {
    expect(valueFaults(schema, manifest)).toEqual([]);
  });

  it("is judged by us alone", () => {
    const sound = oddities.filter(({ manifest }) => parse(manifest, defaultSettings).ok);
    const names = sound.map(({ manifest }) => manifest.metadata.name);
    expect(names).toEqual(["deep", "iris-kafka", "persisted-defaults", "traffic-shadow"]);
  });
});
