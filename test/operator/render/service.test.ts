import { describe, expect, it } from "@jest/globals";
import { manifestOf, mymodel } from "./fixture.ts";
import { desiredOf, namesOf, objectNamed } from "./rendered.ts";

const graph = { name: "model" };
const one = [{ spec: { containers: [{ name: "model", image: "I:1" }] } }];
const noEngine = { "seldon.io/no-engine": "true" };
const portsOf = (http: number, grpc: number) => [
  { name: "http", port: http, targetPort: http, protocol: "TCP" },
  { name: "grpc", port: grpc, targetPort: grpc, protocol: "TCP" },
];

/** The predictor beside which there is a shadow. */
const withShadow = (shadow: object): object => ({
  ...mymodel,
  spec: {
    predictors: [
      { name: "main", graph, componentSpecs: one, traffic: 100 },
      { name: "dark", graph, componentSpecs: one, shadow: true, ...shadow },
    ],
  },
});

describe("containerServices and predictorService", () => {
  it("render the worked example", () => {
    const desired = desiredOf(mymodel);
    expect(desired.services).toEqual([
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          name: "mymodel-default-model",
          namespace: "ns1",
          labels: {
            "seldon-app-svc-model": "mymodel-default-model",
            "seldon-deployment-id": "mymodel",
            "seldon-app": "mymodel-default",
            "seldon.io/model": "true",
            "app.kubernetes.io/managed-by": "seldon-core",
            "espalier.io/deployment": "mymodel",
          },
        },
        spec: {
          type: "ClusterIP",
          sessionAffinity: "None",
          selector: { "seldon-app-svc-model": "mymodel-default-model" },
          ports: portsOf(9000, 9500),
        },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          name: "mymodel-default",
          namespace: "ns1",
          labels: {
            "seldon-app": "mymodel-default",
            "seldon-deployment-id": "mymodel",
            "app.kubernetes.io/managed-by": "seldon-core",
            "espalier.io/deployment": "mymodel",
          },
        },
        spec: {
          type: "ClusterIP",
          sessionAffinity: "None",
          selector: { "seldon-app": "mymodel-default" },
          ports: portsOf(8000, 5001),
        },
      },
    ]);
  });

  it.each([
    {
      name: "every node's container, and no other",
      manifest: manifestOf({
        graph: { name: "a", children: [{ name: "b" }] },
        componentSpecs: [
          {
            spec: {
              containers: [
                { name: "a", image: "A" },
                { name: "side", image: "S" },
                { name: "seldon-container-engine", image: "E" },
                { name: "tfserving", image: "T" },
              ],
            },
          },
          { spec: { containers: [{ name: "b", image: "B" }] } },
        ],
      }),
      want: ["mymodel-default-a", "mymodel-default-b", "mymodel-default"],
    },
    {
      name: "a prepackaged server",
      manifest: manifestOf({
        graph: { name: "iris", implementation: "SKLEARN_SERVER", modelUri: "gs://m" },
      }),
      want: ["mymodel-default-iris", "mymodel-default"],
    },
    {
      name: "a graph of built-in nodes",
      manifest: manifestOf({ graph: { name: "m", implementation: "SIMPLE_MODEL" } }),
      want: ["mymodel-default"],
    },
    {
      name: "a container that stands in two pods, once",
      manifest: manifestOf({ graph, componentSpecs: [...one, ...one] }),
      want: ["mymodel-default-model", "mymodel-default"],
    },
    {
      name: "a predictor under the name that its user chose",
      manifest: manifestOf({
        graph,
        componentSpecs: one,
        annotations: { "seldon.io/svc-name": "mine" },
      }),
      want: ["mymodel-default-model", "mine"],
    },
    {
      name: "the explainer, after its predictor",
      manifest: manifestOf({ graph, componentSpecs: one, explainer: { type: "AnchorTabular" } }),
      want: ["mymodel-default-model", "mymodel-default", "mymodel-default-explainer"],
    },
  ])("are there for $name", ({ manifest, want }) => {
    expect(namesOf(desiredOf(manifest).services)).toEqual(want.map((name) => `Service ${name}`));
  });

  it("follow the ports of the engine and of containers", () => {
    const ports = [
      { name: "http", containerPort: 8080 },
      { name: "grpc", containerPort: 8081 },
    ];
    const containers = [{ name: "model", image: "I:1", ports }];
    const manifest = manifestOf({ graph, componentSpecs: [{ spec: { containers } }] });
    const desired = desiredOf(manifest, { engineHttpPort: 1, engineGrpcPort: 2 });
    expect(desired.services.map(({ spec }) => spec)).toMatchObject([
      { ports: portsOf(8080, 8081) },
      { ports: portsOf(1, 2) },
    ]);
  });

  it("have one port where REST and gRPC share one", () => {
    const ports = [{ name: "grpc", containerPort: 9000 }];
    const containers = [{ name: "model", image: "I:1", ports }];
    const desired = desiredOf(manifestOf({ graph, componentSpecs: [{ spec: { containers } }] }));
    expect(objectNamed(desired, "Service mymodel-default-model")["spec"]).toMatchObject({
      ports: portsOf(9000, 9000).slice(0, 1),
    });
  });

  it("lead to the model itself without an engine", () => {
    const desired = desiredOf(withShadow({ annotations: noEngine }));
    expect(objectNamed(desired, "Service mymodel-dark")).toMatchObject({
      metadata: {
        labels: {
          "seldon-app": "mymodel-dark",
          "seldon-deployment-id": "mymodel",
          "seldon.io/model": "true",
          "seldon.io/shadow": "true",
          "app.kubernetes.io/managed-by": "seldon-core",
        },
        annotations: noEngine,
      },
      spec: { selector: { "seldon-app": "mymodel-dark" }, ports: portsOf(9000, 9500) },
    });
  });

  it("say what a container is, and that it serves a shadow", () => {
    const desired = desiredOf(
      withShadow({
        graph: { name: "r", type: "ROUTER", children: [graph] },
        componentSpecs: [
          {
            spec: {
              containers: [
                { name: "r", image: "R" },
                { name: "model", image: "I:1" },
              ],
            },
          },
        ],
      }),
    );
    const labelsOf = (name: string) => objectNamed(desired, `Service ${name}`).metadata.labels;
    expect(labelsOf("mymodel-dark-r")).toEqual({
      "seldon-app-svc-r": "mymodel-dark-r",
      "seldon-deployment-id": "mymodel",
      "seldon-app": "mymodel-dark",
      "seldon.io/router": "true",
      "seldon.io/shadow": "true",
      "app.kubernetes.io/managed-by": "seldon-core",
      "espalier.io/deployment": "mymodel",
    });
    expect(labelsOf("mymodel-dark")).not.toHaveProperty(["seldon.io/shadow"]);
    expect(labelsOf("mymodel-main-model")).not.toHaveProperty(["seldon.io/shadow"]);
  });

  it("carry the predictor's annotations", () => {
    const annotations = { a: "1" };
    const { services } = desiredOf(
      manifestOf({ graph, componentSpecs: one, annotations }, { annotations: { b: "2" } }),
    );
    expect(services.map(({ metadata }) => metadata.annotations)).toEqual([
      annotations,
      annotations,
    ]);
  });

  it.each([
    { where: "spec", value: "true", want: "None" },
    { where: "spec", value: "", want: "None" },
    { where: "spec", value: "false", want: undefined },
    { where: "metadata", value: "yes", want: "None" },
  ])("are headless as $where.annotations say: $value", ({ where, value, want }) => {
    const annotations = { "seldon.io/headless-svc": value };
    const manifest = {
      ...mymodel,
      metadata: { ...mymodel.metadata, ...(where === "metadata" ? { annotations } : {}) },
      spec: { ...mymodel.spec, ...(where === "spec" ? { annotations } : {}) },
    };
    const { services } = desiredOf(manifest);
    expect(services.map(({ spec }) => (spec as { clusterIP?: string }).clusterIP)).toEqual([
      undefined,
      want,
    ]);
  });

  it("hold the configuration of Ambassador v1, which a user's own annotation overrules", () => {
    const settings = { ambassadorEnabled: true, ambassadorVersion: "v1" };
    const explained = { graph, componentSpecs: one, explainer: { type: "AnchorTabular" } };
    const key = "getambassador.io/config";
    const configs = desiredOf(manifestOf(explained), settings).services.map(
      ({ metadata }) => metadata.annotations?.[key],
    );
    expect(configs[0]).toBeUndefined();
    expect(configs[1]).toContain("mymodel-default.ns1");
    expect(configs[2]).toContain("mymodel-default-explainer.ns1");
    const own = desiredOf(manifestOf({ ...explained, annotations: { [key]: "mine" } }), settings);
    expect(own.services[1]?.metadata.annotations?.[key]).toBe("mine");
  });

  it.each([
    { name: "Gateway API", predictor: {}, want: "kubernetes.io/h2c" },
    {
      name: "Gateway API and a certificate",
      predictor: { ssl: { certSecretName: "c" } },
      want: undefined,
    },
    {
      name: "Gateway API, a certificate and no engine that could use it",
      predictor: { ssl: { certSecretName: "c" }, annotations: noEngine },
      want: "kubernetes.io/h2c",
    },
  ])("tell what gRPC speaks with $name", ({ predictor, want }) => {
    const manifest = manifestOf({ graph, componentSpecs: one, ...predictor });
    const desired = desiredOf(manifest, { gatewayApiEnabled: true, gateway: "g" });
    const { ports } = objectNamed(desired, "Service mymodel-default")["spec"] as {
      ports: readonly { appProtocol?: string }[];
    };
    expect(ports.map(({ appProtocol }) => appProtocol)).toEqual([undefined, want]);
  });
});
