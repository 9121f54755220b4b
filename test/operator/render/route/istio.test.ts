import { describe, expect, it } from "@jest/globals";
import { manifestOf, mymodel } from "../fixture.ts";
import {
  deploymentOf,
  faultsOf,
  istio,
  type Manifest,
  named,
  predictor,
  routesOf,
  specOf,
} from "./fixture.ts";

const host = (service: string): string => `${service}.ns1.svc.cluster.local`;
const canary = [predictor("a", { traffic: 75 }), predictor("b", { traffic: 25 })];

describe("istioRoutes", () => {
  it("renders the worked example", () => {
    const labels = { "espalier.io/deployment": "mymodel" };
    const destination = (number: number) => ({
      destination: { host: host("mymodel-default"), subset: "default", port: { number } },
    });
    expect(routesOf(mymodel, istio)).toEqual([
      {
        apiVersion: "networking.istio.io/v1alpha3",
        kind: "DestinationRule",
        metadata: { name: "mymodel-default", namespace: "ns1", labels },
        spec: {
          host: host("mymodel-default"),
          subsets: [{ name: "default", labels: { version: "default" } }],
          trafficPolicy: { connectionPool: { http: { idleTimeout: "60s" } } },
        },
      },
      {
        apiVersion: "networking.istio.io/v1alpha3",
        kind: "VirtualService",
        metadata: { name: "mymodel", namespace: "ns1", labels },
        spec: {
          hosts: ["*"],
          gateways: ["istio-system/seldon-gateway"],
          http: [
            {
              match: [{ uri: { prefix: "/seldon/ns1/mymodel/" } }],
              rewrite: { uri: "/" },
              route: [destination(8000)],
            },
            {
              match: [
                {
                  uri: { regex: ".*tensorflow.*|.*seldon.protos.*|.*inference.*" },
                  headers: { seldon: { exact: "mymodel" }, namespace: { exact: "ns1" } },
                },
              ],
              route: [destination(5001)],
            },
          ],
        },
      },
    ]);
  });

  it("belongs to its deployment", () => {
    const manifest = { ...mymodel, metadata: { ...mymodel.metadata, uid: "u1" } };
    for (const { metadata } of routesOf(manifest, istio)) {
      expect(metadata.ownerReferences).toMatchObject([{ name: "mymodel", uid: "u1" }]);
    }
  });

  const weights = (predictors: readonly Manifest[], unready: readonly string[] = []) =>
    specOf(routesOf(deploymentOf(predictors), istio, unready), "VirtualService").http.map(
      ({ route }: { route: readonly { destination: { subset: string }; weight?: number }[] }) =>
        route.map(({ destination, weight }) => [destination.subset, weight]),
    );

  it.each([
    { name: "a lone one", of: [predictor("a", { traffic: 100 })], route: [["a", 100]] },
    { name: "a lone one without traffic", of: [predictor("a")], route: [["a", undefined]] },
    {
      name: "a canary",
      of: canary,
      route: [
        ["a", 75],
        ["b", 25],
      ],
    },
    { name: "a canary alone", of: canary, unready: ["a"], route: [["b", 100]] },
    {
      name: "a canary at 0, whose weight is left out",
      of: [predictor("a", { traffic: 100 }), predictor("b", { traffic: 0 })],
      route: [
        ["a", 100],
        ["b", undefined],
      ],
    },
  ])("shares requests: $name", ({ of, unready, route }) => {
    expect(weights(of, unready)).toEqual([route, route]);
  });

  it.each([
    { traffic: 10, mirrorPercentage: { value: 10 } },
    { traffic: 100, mirrorPercentage: { value: 100 } },
    { traffic: 0, mirrorPercentage: undefined },
  ])("copies $traffic % to a shadow", ({ traffic, mirrorPercentage }) => {
    const manifest = deploymentOf([predictor("a"), predictor("s", { shadow: true, traffic })]);
    const objects = routesOf(manifest, istio);
    const [rest, grpc] = specOf(objects, "VirtualService").http;
    const mirror = (number: number) => ({
      host: host("mymodel-s"),
      subset: "s",
      port: { number },
    });
    expect([rest.mirror, grpc.mirror]).toEqual([mirror(8000), mirror(5001)]);
    expect([rest.mirrorPercentage, grpc.mirrorPercentage]).toEqual([
      mirrorPercentage,
      mirrorPercentage,
    ]);
    expect(rest.route).toHaveLength(1);
    expect(named(objects)).toEqual([
      "DestinationRule mymodel-a",
      "DestinationRule mymodel-s",
      "VirtualService mymodel",
    ]);
  });

  it.each([
    { name: "its main", unready: ["a"], left: [] },
    {
      name: "itself",
      unready: ["s"],
      left: ["DestinationRule mymodel-a", "VirtualService mymodel"],
    },
  ])("leads to no shadow without $name", ({ unready, left }) => {
    const manifest = deploymentOf([predictor("a"), predictor("s", { shadow: true })]);
    expect(named(routesOf(manifest, istio, unready))).toEqual(left);
  });

  it("leads nowhere while nobody can answer", () => {
    expect(routesOf(deploymentOf(canary), istio, ["a", "b"])).toEqual([]);
  });

  it.each([
    { annotations: {}, retries: undefined },
    { annotations: { "istio-retries": "0" }, retries: undefined },
    { annotations: { "istio-retries": "3" }, retries: { attempts: 3, perTryTimeout: "1s" } },
    {
      annotations: { "istio-retries": "2", "istio-retries-timeout": "30" },
      retries: { attempts: 2, perTryTimeout: "30s" },
    },
    {
      annotations: { "istio-retries": "2", "istio-retries-timeout": "0" },
      retries: { attempts: 2 },
    },
  ])("retries as $annotations say", ({ annotations, retries }) => {
    const manifest = deploymentOf([predictor("a")], annotations as Record<string, string>);
    const retryOn = "gateway-error,connect-failure,refused-stream";
    for (const route of specOf(routesOf(manifest, istio), "VirtualService").http) {
      expect(route.retries).toEqual(retries && { ...retries, retryOn });
    }
  });

  it("heeds annotations of the spec, then of the metadata, then the settings", () => {
    const manifest = {
      ...deploymentOf([predictor("a")], { "istio-host": "models.example.com" }),
      metadata: {
        ...mymodel.metadata,
        annotations: { "seldon.io/istio-gateway": "mesh", "seldon.io/istio-host": "x" },
      },
    };
    expect(specOf(routesOf(manifest, istio), "VirtualService")).toMatchObject({
      hosts: ["models.example.com"],
      gateways: ["mesh"],
    });
    const bare = routesOf(mymodel, { ...istio, istioGateway: "" });
    expect(specOf(bare, "VirtualService").gateways).toEqual(["seldon-gateway"]);
  });

  it.each([
    ["DISABLE", "DISABLE"],
    ["SIMPLE", "SIMPLE"],
    ["MUTUAL", "MUTUAL"],
    ["ISTIO_MUTUAL", "ISTIO_MUTUAL"],
    ["STRICT", "ISTIO_MUTUAL"],
  ])("speaks TLS in mode %s", (istioTlsMode, mode) => {
    const objects = routesOf(mymodel, { ...istio, istioTlsMode });
    expect(specOf(objects, "DestinationRule").trafficPolicy).toEqual({
      connectionPool: { http: { idleTimeout: "60s" } },
      tls: { mode },
    });
  });

  it("refuses a mode that Istio does not know", () => {
    expect(faultsOf(mymodel, { ...istio, istioTlsMode: "PERMISSIVE" })).toEqual([
      "settings.istioTlsMode",
    ]);
  });

  const versionOf = (fields: Manifest, spec: Manifest = {}) =>
    specOf(
      routesOf(manifestOf({ graph: { name: "model" }, ...fields }, spec), istio),
      "DestinationRule",
    ).subsets[0].labels.version;
  const pod = (version: string | undefined, ...names: readonly string[]) => ({
    metadata: version === undefined ? {} : { labels: { version } },
    spec: { containers: names.map((name) => ({ name, image: "I:1" })) },
  });

  it.each([
    {
      name: "of the predictor",
      fields: { labels: { version: "v2" }, componentSpecs: [pod(undefined, "model")] },
      version: "v2",
    },
    {
      name: "of the componentSpec with the engine",
      fields: { componentSpecs: [pod("v3", "model")] },
      version: "v3",
    },
    {
      name: "of the container without an engine",
      fields: {
        annotations: { "seldon.io/no-engine": "true" },
        componentSpecs: [pod("x", "other"), pod("v4", "model")],
      },
      version: "v4",
    },
    {
      name: "of the predictor, where the engine has its own pod",
      fields: { componentSpecs: [pod("v5", "model")] },
      spec: { annotations: { "seldon.io/engine-separate-pod": "true" } },
      version: "default",
    },
  ])("selects pods by the version $name", ({ fields, spec, version }) => {
    expect(versionOf(fields, spec)).toBe(version);
  });

  it("leads to the ports of a container without an engine", () => {
    const manifest = deploymentOf([
      predictor("a", { annotations: { "seldon.io/no-engine": "true" } }),
    ]);
    const [rest, grpc] = specOf(routesOf(manifest, istio), "VirtualService").http;
    const ports = [rest, grpc].map(({ route }) => route[0].destination.port.number);
    expect(ports).toEqual([9000, 9500]);
  });

  const explained = predictor("a", { explainer: { type: "AnchorTabular" } });

  it("leads to an explainer", () => {
    const objects = routesOf(deploymentOf([explained]), istio);
    expect(named(objects)).toEqual([
      "DestinationRule mymodel-a",
      "DestinationRule mymodel-a-explainer",
      "VirtualService mymodel",
      "VirtualService mymodel-a-explainer-http",
    ]);
    expect(specOf(objects, "DestinationRule", "mymodel-a-explainer")).toEqual({
      host: "mymodel-a-explainer",
      subsets: [{ name: "a", labels: { version: "a" } }],
    });
    expect(specOf(objects, "VirtualService", "mymodel-a-explainer-http").http).toEqual([
      {
        match: [{ uri: { prefix: "/seldon/ns1/mymodel-explainer/a/" } }],
        rewrite: { uri: "/" },
        route: [
          {
            destination: { host: "mymodel-a-explainer", subset: "a", port: { number: 9000 } },
            weight: 100,
          },
        ],
      },
    ]);
  });

  it("leads to an explainer while its predictor can answer", () => {
    expect(routesOf(deploymentOf([explained]), istio, ["a"])).toEqual([]);
  });

  it("keeps the raw name in paths and headers where that of the object is a digest", () => {
    const name = "n".repeat(80);
    const manifest = { ...mymodel, metadata: { ...mymodel.metadata, name } };
    const objects = routesOf(manifest, istio);
    expect(objects.at(-1)?.metadata.name).toMatch(/^seldon-[0-9a-f]{32}$/);
    const [rest, grpc] = specOf(objects, "VirtualService").http;
    expect(rest.match[0].uri.prefix).toBe(`/seldon/ns1/${name}/`);
    expect(grpc.match[0].headers.seldon.exact).toBe(name);
  });

  it("names the subset of an awkward predictor", () => {
    const annotations = { "seldon.io/svc-name": "own" };
    const objects = routesOf(deploymentOf([predictor("My_Model", { annotations })]), istio);
    const [{ name }] = specOf(objects, "DestinationRule").subsets;
    expect(name).toMatch(/^seldon-[0-9a-f]{32}$/);
    expect(specOf(objects, "VirtualService").http[0].route[0].destination.subset).toBe(name);
  });
});
