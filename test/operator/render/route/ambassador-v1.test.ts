import { describe, expect, it } from "@jest/globals";
import type { Settings } from "../../../../api/settings.ts";
import { defaultSettings } from "../../../../api/settings.ts";
import { readYaml } from "../../../../api/yaml.ts";
import { predictorPorts } from "../../../../operator/render/ports.ts";
import { ambassadorConfig } from "../../../../operator/render/route/ambassador-v1.ts";
import { mymodel, subjectOf } from "../fixture.ts";
import { ambassador, ambassadorV1, deploymentOf, type Manifest, predictor } from "./fixture.ts";

type Options = {
  readonly settings?: Settings;
  readonly index?: number;
  readonly isExplainer?: boolean;
};

const textOf = (
  manifest: object,
  { settings = ambassadorV1, index = 0, isExplainer = false }: Options = {},
): string | undefined => {
  const subject = subjectOf(manifest, settings, index);
  const target = isExplainer
    ? { service: "mymodel-a-explainer", ports: { http: 9000 }, isExplainer }
    : { service: `mymodel-${subject.predictor.name}`, ports: predictorPorts(subject), isExplainer };
  const result = ambassadorConfig(subject, target);
  return result.ok ? result.value : undefined;
};

const documentsOf = (manifest: object, options: Options = {}): readonly Manifest[] =>
  // Each document is a map, as Ambassador demands.
  readYaml(textOf(manifest, options) ?? "") as readonly Manifest[];

const ssl = { ssl: { certSecretName: "cert" } };
const single: Settings = { ...ambassadorV1, ambassadorSingleNamespace: true };
const r2 = "/(seldon.protos.*|tensorflow.serving.*|inference.*)/.*";

describe("ambassadorConfig", () => {
  it("is text of two documents", () => {
    expect(textOf(mymodel)).toBe(`---
apiVersion: ambassador/v1
kind: Mapping
name: seldon_ns1_mymodel_default_rest_mapping
prefix: /seldon/ns1/mymodel/
rewrite: /
service: mymodel-default.ns1:8000
timeout_ms: 3000
---
apiVersion: ambassador/v1
kind: Mapping
name: seldon_ns1_mymodel_default_grpc_mapping
grpc: true
prefix: ${r2}
prefix_regex: true
rewrite: ''
headers:
  seldon: mymodel
  namespace: ns1
service: mymodel-default.ns1:5001
timeout_ms: 3000
`);
  });

  it.each([
    { name: "Ambassador is off", settings: { ...ambassadorV1, ambassadorEnabled: false } },
    { name: "it is version 2", settings: ambassador },
    { name: "nothing is said", settings: defaultSettings },
  ])("is not there where $name", ({ settings }) => {
    expect(textOf(mymodel, { settings })).toBeUndefined();
  });

  it("is what the annotation says, word by word, for predictor and explainer", () => {
    const own = "---\n# mine\napiVersion: ambassador/v1";
    const manifest = deploymentOf([predictor("a")], { "ambassador-config": own });
    expect(textOf(manifest)).toBe(own);
    expect(textOf(manifest, { isExplainer: true })).toBe(own);
  });

  it("has a second set for an Ambassador of one namespace", () => {
    const documents = documentsOf(mymodel, { settings: single });
    expect(documents.map(({ name, prefix, headers }) => [name, prefix, headers])).toEqual([
      ["seldon_ns1_mymodel_default_rest_mapping", "/seldon/ns1/mymodel/", undefined],
      ["seldon_ns1_mymodel_default_grpc_mapping", r2, { seldon: "mymodel", namespace: "ns1" }],
      ["seldon_mymodel_default_rest_mapping", "/seldon/mymodel/", undefined],
      ["seldon_mymodel_default_grpc_mapping", r2, { seldon: "mymodel" }],
    ]);
  });

  it.each([
    { name: "one set", settings: ambassadorV1, mappings: 2 },
    { name: "two sets", settings: single, mappings: 4 },
  ])("has the TLSContext that its mappings name: $name", ({ settings, mappings }) => {
    const documents = documentsOf(deploymentOf([predictor("a", ssl)]), { settings });
    const contexts = documents.filter(({ kind }) => kind === "TLSContext");
    expect(contexts).toEqual([
      {
        apiVersion: "ambassador/v1",
        kind: "TLSContext",
        name: "seldon_ns1_mymodel_a_tls_config",
        hosts: [],
        secret: "cert",
      },
    ]);
    const named = documents.flatMap(({ tls }) => (tls === undefined ? [] : [tls]));
    expect(named).toEqual(Array(mappings).fill("seldon_ns1_mymodel_a_tls_config"));
  });

  it.each([
    { name: "an explainer", more: ssl, options: { isExplainer: true } },
    {
      name: "a container without an engine",
      more: { ...ssl, annotations: { "seldon.io/no-engine": "true" } },
      options: {},
    },
  ])("speaks no TLS to $name", ({ more, options }) => {
    for (const { kind, tls } of documentsOf(deploymentOf([predictor("a", more)]), options)) {
      expect([kind, tls]).toEqual(["Mapping", undefined]);
    }
  });

  it("leads to an explainer over REST", () => {
    const manifest = deploymentOf([predictor("a", { shadow: false })]);
    expect(documentsOf(manifest, { isExplainer: true })).toEqual([
      {
        apiVersion: "ambassador/v1",
        kind: "Mapping",
        name: "seldon_ns1_mymodel_a-explainer_rest_mapping",
        prefix: "/seldon/ns1/mymodel-explainer/a/",
        rewrite: "/",
        service: "mymodel-a-explainer.ns1:9000",
        timeout_ms: 3000,
      },
    ]);
  });

  const shares = (predictors: readonly Manifest[]) =>
    predictors.map((_, index) => {
      const documents = documentsOf(deploymentOf(predictors), { index });
      expect(new Set(documents.map(({ weight }) => weight)).size).toBe(1);
      const [{ weight, shadow } = {}] = documents;
      return [weight, shadow];
    });

  it.each([
    {
      name: "a lone one",
      of: [predictor("a", { traffic: 100 })],
      shared: [[undefined, undefined]],
    },
    {
      name: "a canary",
      of: [predictor("a", { traffic: 75 }), predictor("b", { traffic: 25 })],
      shared: [
        [undefined, undefined],
        [25, undefined],
      ],
    },
    {
      name: "a canary at 0",
      of: [predictor("a", { traffic: 100 }), predictor("b")],
      shared: [
        [undefined, undefined],
        [0, undefined],
      ],
    },
    {
      name: "a shadow",
      of: [predictor("a"), predictor("s", { shadow: true, traffic: 30 })],
      shared: [
        [undefined, undefined],
        [30, true],
      ],
    },
    {
      name: "a shadow before its main",
      of: [predictor("s", { shadow: true }), predictor("a")],
      shared: [
        [undefined, true],
        [undefined, undefined],
      ],
    },
  ])("shares requests: $name", ({ of, shared }) => {
    expect(shares(of)).toEqual(shared);
  });
});
