import { describe, expect, it } from "@jest/globals";
import type { Settings } from "../../../../api/settings.ts";
import { mymodel } from "../fixture.ts";
import {
  ambassador,
  ambassadorV1,
  deploymentOf,
  faultsOf,
  type Manifest,
  named,
  predictor,
  routesOf,
  specOf,
} from "./fixture.ts";

const single: Settings = { ...ambassador, ambassadorSingleNamespace: true };
const r2 = "/(seldon.protos.*|tensorflow.serving.*|inference.*)/.*";
const ssl = { ssl: { certSecretName: "cert" } };

describe("ambassadorRoutes", () => {
  it("renders a Mapping for each transport", () => {
    const labels = { "seldon-deployment-id": "mymodel", "espalier.io/deployment": "mymodel" };
    const object = (name: string, spec: object) => ({
      apiVersion: "getambassador.io/v2",
      kind: "Mapping",
      metadata: { name, namespace: "ns1", labels },
      spec,
    });
    expect(routesOf(mymodel, ambassador)).toEqual([
      object("seldon-ns1-mymodel-default-rest", {
        cluster_tag: "seldon_http",
        prefix: "/seldon/ns1/mymodel/",
        rewrite: "/",
        service: "mymodel-default.ns1:8000",
        timeout_ms: 3000,
      }),
      object("seldon-ns1-mymodel-default-grpc", {
        cluster_tag: "seldon_grpc",
        grpc: true,
        prefix: r2,
        prefix_regex: true,
        rewrite: "",
        headers: { seldon: "mymodel", namespace: "ns1" },
        service: "mymodel-default.ns1:5001",
        timeout_ms: 3000,
      }),
    ]);
  });

  it("has a second set for an Ambassador of one namespace", () => {
    const objects = routesOf(mymodel, single);
    expect(named(objects)).toEqual([
      "Mapping seldon-ns1-mymodel-default-rest",
      "Mapping seldon-ns1-mymodel-default-grpc",
      "Mapping seldon-mymodel-default-rest",
      "Mapping seldon-mymodel-default-grpc",
    ]);
    expect(specOf(objects, "Mapping", "seldon-mymodel-default-rest").prefix).toBe(
      "/seldon/mymodel/",
    );
    expect(specOf(objects, "Mapping", "seldon-mymodel-default-grpc").headers).toEqual({
      seldon: "mymodel",
    });
  });

  const shares = (predictors: readonly Manifest[], unready: readonly string[] = []) =>
    Object.fromEntries(
      routesOf(deploymentOf(predictors), ambassador, unready)
        .filter(({ metadata }) => metadata.name.endsWith("-rest"))
        .map(({ metadata, spec }) => {
          const { weight, shadow } = spec as { weight?: number; shadow?: boolean };
          return [metadata.name.slice("seldon-ns1-mymodel-".length, -5), [weight, shadow]];
        }),
    );
  const rest = [undefined, undefined];
  const canary = [predictor("a", { traffic: 100 }), predictor("b", { traffic: 0 })];
  const three = [
    predictor("a", { traffic: 50 }),
    predictor("b", { traffic: 30 }),
    predictor("c", { traffic: 20 }),
  ];
  const shadowed = [predictor("a"), predictor("s", { shadow: true, traffic: 30 })];

  it.each([
    { name: "a lone one", of: [predictor("a", { traffic: 100 })], shared: { a: rest } },
    { name: "three", of: three, shared: { a: rest, b: [30, undefined], c: [20, undefined] } },
    { name: "two of three", of: three, unready: ["a"], shared: { b: rest, c: [40, undefined] } },
    { name: "one of three", of: three, unready: ["a", "b"], shared: { c: rest } },
    { name: "a canary at 0", of: canary, shared: { a: rest, b: [0, undefined] } },
    { name: "nobody", of: canary, unready: ["a"], shared: {} },
    { name: "a shadow", of: shadowed, shared: { a: rest, s: [30, true] } },
    { name: "a main without its shadow", of: shadowed, unready: ["s"], shared: { a: rest } },
    { name: "a shadow without its main", of: shadowed, unready: ["a"], shared: {} },
    {
      name: "a shadow that gets everything",
      of: [predictor("a"), predictor("s", { shadow: true })],
      shared: { a: rest, s: [undefined, true] },
    },
    {
      name: "a shadow before its main",
      of: [predictor("s", { shadow: true, traffic: 5 }), predictor("a", { traffic: 100 })],
      shared: { a: rest, s: [5, true] },
    },
  ])("shares requests: $name", ({ of, unready, shared }) => {
    expect(shares(of, unready)).toEqual(shared);
  });

  it("makes the TLSContext that Mappings name, before them", () => {
    const objects = routesOf(deploymentOf([predictor("a", ssl)], { "ambassador-id": "x" }), single);
    expect(named(objects).slice(0, 1)).toEqual(["TLSContext seldon-ns1-mymodel-a-tls"]);
    expect(specOf(objects, "TLSContext")).toEqual({
      hosts: [],
      secret: "cert",
      ambassador_id: ["x"],
    });
    for (const { spec } of objects.slice(1)) {
      expect(spec).toMatchObject({ tls: "seldon-ns1-mymodel-a-tls", ambassador_id: ["x"] });
    }
  });

  it("takes the dots of a Secret's name for what they are", () => {
    const dotted = predictor("a", { ssl: { certSecretName: "models.example.com" } });
    expect(specOf(routesOf(deploymentOf([dotted]), ambassador), "TLSContext")).toMatchObject({
      secret: "models.example.com",
      secret_namespacing: false,
    });
  });

  it("leads to an explainer over REST, without TLS", () => {
    const explained = predictor("a", { ...ssl, explainer: { type: "AnchorTabular" } });
    const objects = routesOf(deploymentOf([explained]), single);
    expect(named(objects).slice(-2)).toEqual([
      "Mapping seldon-ns1-mymodel-a-explainer-rest",
      "Mapping seldon-mymodel-a-explainer-rest",
    ]);
    expect(specOf(objects, "Mapping", "seldon-ns1-mymodel-a-explainer-rest")).toEqual({
      cluster_tag: "seldon_http",
      prefix: "/seldon/ns1/mymodel-explainer/a/",
      rewrite: "/",
      service: "mymodel-a-explainer.ns1:9000",
      timeout_ms: 3000,
    });
  });

  it("leads to the explainer of a shadow as to any other", () => {
    const shadow = predictor("s", {
      shadow: true,
      traffic: 10,
      explainer: { type: "AnchorTabular" },
    });
    const objects = routesOf(deploymentOf([predictor("a"), shadow]), ambassador);
    const spec = specOf(objects, "Mapping", "seldon-ns1-mymodel-s-explainer-rest");
    expect(spec).not.toHaveProperty("shadow");
    expect(spec).not.toHaveProperty("weight");
  });

  it.each([
    { name: "a long name", of: predictor("a"), metadata: { name: "n".repeat(250) } },
    {
      name: "a predictor with an awkward one",
      of: predictor("My_Model", { annotations: { "seldon.io/svc-name": "own" } }),
      metadata: {},
    },
  ])("has names that Kubernetes takes: $name", ({ of, metadata }) => {
    const manifest = { ...deploymentOf([of]), metadata: { ...mymodel.metadata, ...metadata } };
    const names = routesOf(manifest, single).map((each) => each.metadata.name);
    expect(new Set(names).size).toBe(4);
    for (const name of names) {
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      expect(name.length).toBeLessThanOrEqual(253);
    }
  });

  it("makes no objects for version 1, and takes no version 3", () => {
    expect(routesOf(mymodel, ambassadorV1)).toEqual([]);
    expect(faultsOf(mymodel, { ...ambassador, ambassadorVersion: "v3" })).toEqual([
      "settings.ambassadorVersion",
    ]);
  });
});
