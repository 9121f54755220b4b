import { describe, expect, it } from "@jest/globals";
import { duration } from "../../../../operator/render/route/duration.ts";
import { mymodel } from "../fixture.ts";
import {
  deploymentOf,
  faultsOf,
  gateway,
  type Manifest,
  named,
  predictor,
  resultOf,
  routesOf,
  specOf,
} from "./fixture.ts";

const ssl = { ssl: { certSecretName: "cert" } };
const canary = [predictor("a", { traffic: 75 }), predictor("b", { traffic: 25 })];
const apart = { "espalier.io/grpc-gateway": "infra/grpc/h2" };
const rewrite = {
  type: "URLRewrite",
  urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
};
const headers = [
  { name: "seldon", value: "mymodel" },
  { name: "namespace", value: "ns1" },
];

describe("gatewayRoutes", () => {
  it("renders one HTTPRoute for REST and gRPC", () => {
    const [route, ...others] = routesOf(mymodel, gateway);
    expect(others).toEqual([]);
    const [, { matches, ...grpc }] = specOf([route as never], "HTTPRoute").rules;
    expect(route).toMatchObject({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: "mymodel",
        namespace: "ns1",
        labels: { "seldon-deployment-id": "mymodel", "espalier.io/deployment": "mymodel" },
      },
      spec: { parentRefs: [{ namespace: "infra", name: "models" }] },
    });
    expect(route?.["spec"]).not.toHaveProperty("hostnames");
    expect(specOf([route as never], "HTTPRoute").rules[0]).toEqual({
      matches: [{ path: { type: "PathPrefix", value: "/seldon/ns1/mymodel/" } }],
      filters: [rewrite],
      backendRefs: [{ name: "mymodel-default", port: 8000 }],
    });
    expect(grpc).toEqual({ backendRefs: [{ name: "mymodel-default", port: 5001 }] });
    for (const service of ["seldon.protos.Seldon", "inference.GRPCInferenceService"]) {
      const path = { type: "PathPrefix", value: `/${service}` };
      expect(matches).toContainEqual({ path, headers });
    }
    expect(matches.length).toBeLessThanOrEqual(64);
  });

  it("renders a GRPCRoute where gRPC has its own listener", () => {
    const objects = routesOf(deploymentOf(canary, apart), gateway);
    expect(named(objects)).toEqual(["HTTPRoute mymodel", "GRPCRoute mymodel"]);
    expect(specOf(objects, "HTTPRoute").rules).toHaveLength(1);
    const { parentRefs, rules } = specOf(objects, "GRPCRoute");
    expect(parentRefs).toEqual([{ namespace: "infra", name: "grpc", sectionName: "h2" }]);
    const [{ matches, ...rule }] = rules;
    expect(rule).toEqual({
      backendRefs: [
        { name: "mymodel-a", port: 5001, weight: 75 },
        { name: "mymodel-b", port: 5001, weight: 25 },
      ],
    });
    expect(matches).toContainEqual({ method: { service: "seldon.protos.Seldon" }, headers });
  });

  it("renders hosts", () => {
    const objects = routesOf(
      deploymentOf([predictor("a")], {
        "espalier.io/host": "models.example.com",
        "espalier.io/grpc-host": "grpc.example.com",
      }),
      gateway,
    );
    expect(specOf(objects, "HTTPRoute").hostnames).toEqual(["models.example.com"]);
    expect(specOf(objects, "GRPCRoute").hostnames).toEqual(["grpc.example.com"]);
  });

  const weights = (predictors: readonly Manifest[], unready: readonly string[] = []) =>
    specOf(routesOf(deploymentOf(predictors), gateway, unready), "HTTPRoute").rules.map(
      ({ backendRefs }: { backendRefs: readonly { name: string; weight?: number }[] }) =>
        backendRefs.map(({ name, weight }) => [name.slice("mymodel-".length), weight]),
    );

  it.each([
    { name: "a lone one without traffic", of: [predictor("a")], shared: [["a", undefined]] },
    { name: "a lone one with 0", of: [predictor("a", { traffic: 0 })], shared: [["a", undefined]] },
    {
      name: "a canary",
      of: canary,
      shared: [
        ["a", 75],
        ["b", 25],
      ],
    },
    { name: "a canary alone", of: canary, unready: ["a"], shared: [["b", undefined]] },
    {
      name: "a canary at 0",
      of: [predictor("a", { traffic: 100 }), predictor("b")],
      shared: [
        ["a", 100],
        ["b", 0],
      ],
    },
  ])("shares requests: $name", ({ of, unready, shared }) => {
    expect(weights(of, unready)).toEqual([shared, shared]);
  });

  it.each([
    { traffic: 10, percent: { percent: 10 } },
    { traffic: 100, percent: {} },
    { traffic: 0, percent: {} },
  ])("copies $traffic % to a shadow", ({ traffic, percent }) => {
    const predictors = [predictor("a"), predictor("s", { shadow: true, traffic })];
    const mirror = (port: number) => ({
      type: "RequestMirror",
      requestMirror: { backendRef: { name: "mymodel-s", port }, ...percent },
    });
    const [rest, grpc] = specOf(routesOf(deploymentOf(predictors), gateway), "HTTPRoute").rules;
    expect([rest.filters, grpc.filters]).toEqual([[rewrite, mirror(8000)], [mirror(5001)]]);
    const own = specOf(routesOf(deploymentOf(predictors, apart), gateway), "GRPCRoute");
    expect(own.rules[0].filters).toEqual([mirror(5001)]);
  });

  it.each([
    { annotations: {}, rest: undefined, grpc: undefined },
    { annotations: { "rest-timeout": "3000" }, rest: { request: "3s" }, grpc: undefined },
    { annotations: { "grpc-timeout": "1500" }, rest: undefined, grpc: { request: "1s500ms" } },
  ])("ends requests in the time that $annotations give", ({ annotations, rest, grpc }) => {
    const manifest = deploymentOf([predictor("a")], annotations as Record<string, string>);
    const { rules } = specOf(routesOf(manifest, gateway), "HTTPRoute");
    expect(rules.map(({ timeouts }: Manifest) => timeouts)).toEqual([rest, grpc]);
  });

  it("leads to an explainer", () => {
    const explained = predictor("a", {
      explainer: {
        type: "AnchorTabular",
        containerSpec: { name: "e", image: "E:1", ports: [{ name: "http", containerPort: 7000 }] },
      },
    });
    const objects = routesOf(deploymentOf([explained], apart), gateway);
    expect(named(objects)).toEqual([
      "HTTPRoute mymodel",
      "GRPCRoute mymodel",
      "HTTPRoute mymodel-a-explainer-http",
    ]);
    expect(specOf(objects, "HTTPRoute", "mymodel-a-explainer-http")).toEqual({
      parentRefs: [{ namespace: "infra", name: "models" }],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/seldon/ns1/mymodel-explainer/a/" } }],
          filters: [rewrite],
          backendRefs: [{ name: "mymodel-a-explainer", port: 7000 }],
        },
      ],
    });
  });

  it("leads nowhere while nobody can answer", () => {
    expect(routesOf(deploymentOf(canary, apart), gateway, ["a", "b"])).toEqual([]);
  });

  it("does not know where to be while nobody names a gateway", () => {
    expect(faultsOf(mymodel, { ...gateway, gateway: "" })).toEqual(["settings.gateway"]);
    expect(faultsOf(mymodel, { ...gateway, gateway: "a b" })).toEqual(["settings.gateway"]);
    const own = deploymentOf([predictor("a")], { "espalier.io/gateway": "own" });
    expect(specOf(routesOf(own, { ...gateway, gateway: "" }), "HTTPRoute").parentRefs).toEqual([
      { namespace: "ns1", name: "own" },
    ]);
  });

  it("has no room for 17 predictors", () => {
    const many = Array.from({ length: 17 }, (_, i) =>
      predictor(`p${i}`, { traffic: i === 0 ? 84 : 1 }),
    );
    expect(faultsOf(deploymentOf(many), gateway)).toEqual(["spec.predictors"]);
  });

  it("says what a route cannot do", () => {
    const manifest = deploymentOf([predictor("a", ssl)], { ...apart, "grpc-timeout": "5" });
    expect(resultOf(manifest, gateway).warnings.map(({ path }) => path)).toEqual([
      "spec.predictors[0].ssl",
      'spec.annotations["seldon.io/grpc-timeout"]',
    ]);
    expect(resultOf(deploymentOf(canary, apart), gateway).warnings).toEqual([]);
  });
});

describe("duration", () => {
  it.each([
    [0, "0s"],
    [1, "1ms"],
    [3000, "3s"],
    [90_500, "1m30s500ms"],
    [3_600_000, "1h"],
    [2 ** 31 - 1, "596h31m23s647ms"],
  ])("writes %d ms as %s", (timeMs, text) => {
    expect(duration(timeMs)).toBe(text);
  });
});
