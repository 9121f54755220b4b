import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import type { Predictor } from "../../api/types.ts";
import { atHome, portNeeds, relocate } from "../../local/relocate.ts";
import { deploymentOf } from "./harness.ts";

const predictorOf = (over: object, spec: object = {}): Predictor => {
  const result = parse(deploymentOf("d", [{ name: "p", ...over }], spec), defaultSettings);
  const predictor = result.ok ? result.value.spec.predictors[0] : undefined;
  if (predictor === undefined) throw new Error(JSON.stringify(result));
  return predictor;
};
const two = {
  graph: { name: "a", children: [{ name: "b" }] },
  componentSpecs: [
    {
      spec: {
        containers: [
          { name: "a", image: "i" },
          { name: "side", image: "i" },
        ],
      },
    },
    { spec: { containers: [{ name: "b", image: "i" }] } },
  ],
};
const ports = new Map([
  ["a", { http: 1, grpc: 2, metrics: 3 }],
  ["b", { http: 4, grpc: 5, metrics: 6 }],
]);

describe("portNeeds", () => {
  const needsOf = (container: object) =>
    portNeeds(
      predictorOf({
        graph: { name: "a" },
        componentSpecs: [{ spec: { containers: [{ name: "a", image: "i", ...container }] } }],
      }),
    );

  it("asks for ports of nodes, not of sidecars", () => {
    expect(portNeeds(predictorOf(two))).toEqual([
      { container: "a", http: undefined, grpc: undefined },
      { container: "b", http: undefined, grpc: undefined },
    ]);
  });

  it.each([
    {
      name: "a named port",
      container: { ports: [{ name: "http", containerPort: 8080 }] },
      want: { http: 8080, grpc: undefined },
    },
    {
      name: "another port",
      container: { ports: [{ name: "admin", containerPort: 8080 }] },
      want: { http: undefined, grpc: undefined },
    },
    {
      name: "both ports",
      container: {
        ports: [
          { name: "grpc", containerPort: 81 },
          { name: "http", containerPort: 80 },
        ],
      },
      want: { http: 80, grpc: 81 },
    },
    {
      name: "a variable with the port",
      container: { env: [{ name: "PREDICTIVE_UNIT_SERVICE_PORT", value: "9000" }] },
      want: { http: 9000, grpc: undefined },
    },
    {
      name: "a variable with another number",
      container: { env: [{ name: "MLSERVER_HTTP_PORT", value: "1" }] },
      want: { http: undefined, grpc: undefined },
    },
  ])("keeps $name", ({ container, want }) => {
    expect(needsOf(container)).toEqual([{ container: "a", ...want }]);
  });
});

describe("relocate", () => {
  it("moves endpoints and metrics ports, and leaves hosts", () => {
    const moved = relocate(predictorOf(two), ports, "metrics");
    expect(moved.graph.endpoint).toEqual({
      service_host: "localhost",
      service_port: 1,
      httpPort: 1,
      grpcPort: 2,
    });
    expect(moved.graph.children?.[0]?.endpoint).toMatchObject({
      service_host: "d-p-b.default.svc.cluster.local",
      service_port: 4,
    });
    const metrics = moved.componentSpecs.flatMap(({ spec }) =>
      (spec?.containers ?? []).map(
        (container) => container.ports?.find(({ name }) => name === "metrics")?.containerPort,
      ),
    );
    expect(metrics).toEqual([3, undefined, 6]);
  });

  it("keeps the gRPC port first where it was", () => {
    const moved = relocate(predictorOf(two, { transport: "grpc" }), ports, "metrics");
    expect(moved.graph.endpoint?.service_port).toBe(2);
  });

  it("leaves its input as it is", () => {
    const predictor = predictorOf(two);
    const before = JSON.stringify(predictor);
    relocate(predictor, ports, "metrics");
    expect(JSON.stringify(predictor)).toBe(before);
  });
});

describe("atHome", () => {
  it("finds every node with a container here, and others where the user says", () => {
    const elsewhere = {
      name: "x",
      implementation: "SIMPLE_MODEL",
      endpoint: { service_host: "far" },
    };
    const home = atHome(
      predictorOf({ ...two, graph: { name: "a", children: [{ name: "b" }, elsewhere] } }),
    );
    const hosts = [home.graph, ...(home.graph.children ?? [])].map(
      ({ endpoint }) => endpoint?.service_host,
    );
    expect(hosts).toEqual(["127.0.0.1", "127.0.0.1", "far"]);
  });
});
