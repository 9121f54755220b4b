import { describe, expect, it } from "@jest/globals";
import { gatewayEntries } from "../../api/gateway.ts";
import { defaultSettings } from "../../api/settings.ts";

type Words = { readonly [key: string]: string };

const entriesOf = (annotations: Words, gateway = "infra/models") =>
  gatewayEntries(
    {
      metadata: { name: "mymodel", namespace: "ns1" },
      spec: {
        predictors: [],
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([key, value]) => [`espalier.io/${key}`, value]),
        ),
      },
    },
    { ...defaultSettings, gateway },
  );

const models = { namespace: "infra", name: "models" };

describe("gatewayEntries", () => {
  it.each([
    {
      name: "nothing: the gateway of the settings, every host",
      annotations: {},
      http: { gateways: [models], hosts: [] },
    },
    {
      name: "a gateway in the namespace of the deployment",
      annotations: { gateway: "mine" },
      http: { gateways: [{ namespace: "ns1", name: "mine" }], hosts: [] },
    },
    {
      name: "two gateways, one of them by a listener",
      annotations: { gateway: "infra/models, edge/public/https" },
      http: {
        gateways: [models, { namespace: "edge", name: "public", listener: "https" }],
        hosts: [],
      },
    },
    {
      name: "hosts",
      annotations: { host: "a.example.com, *.models.example.com,a.example.com" },
      http: { gateways: [models], hosts: ["a.example.com", "*.models.example.com"] },
    },
    {
      name: "empty words, which say nothing",
      annotations: { gateway: "", host: "", "grpc-host": "" },
      http: { gateways: [models], hosts: [] },
    },
    {
      name: "gRPC under a host of its own",
      annotations: { host: "a.example.com", "grpc-host": "b.example.com" },
      http: { gateways: [models], hosts: ["a.example.com"] },
      grpc: { gateways: [models], hosts: ["b.example.com"] },
    },
    {
      name: "gRPC at a gateway of its own",
      annotations: { "grpc-gateway": "infra/grpc" },
      http: { gateways: [models], hosts: [] },
      grpc: { gateways: [{ namespace: "infra", name: "grpc" }], hosts: [] },
    },
    {
      name: "gRPC at a listener of its own",
      annotations: { gateway: "infra/models/http", "grpc-gateway": "infra/models/grpc" },
      http: { gateways: [{ ...models, listener: "http" }], hosts: [] },
      grpc: { gateways: [{ ...models, listener: "grpc" }], hosts: [] },
    },
  ])("reads $name", ({ annotations, http, grpc }) => {
    expect(entriesOf(annotations as Words)).toMatchObject({ value: { http, grpc } });
  });

  it.each([
    { name: "no host for REST", annotations: { "grpc-host": "b.example.com" }, key: "grpc-host" },
    {
      name: "the host of REST",
      annotations: { host: "b.example.com", "grpc-host": "a.example.com,b.example.com" },
      key: "grpc-host",
    },
    {
      name: "a host that the pattern of REST covers",
      annotations: { host: "*.example.com", "grpc-host": "b.example.com" },
      key: "grpc-host",
    },
    {
      name: "a pattern that covers the host of REST",
      annotations: { host: "a.b.example.com", "grpc-host": "*.example.com" },
      key: "grpc-host",
    },
    {
      name: "the gateway of REST",
      annotations: { "grpc-gateway": "infra/models" },
      key: "grpc-gateway",
    },
    {
      name: "a listener of the gateway of REST",
      annotations: { "grpc-gateway": "infra/models/grpc" },
      key: "grpc-gateway",
    },
    { name: "a gateway that is none", annotations: { gateway: "Infra/models" }, key: "gateway" },
    { name: "too many parts", annotations: { gateway: "a/b/c/d" }, key: "gateway" },
    { name: "a gateway without a name", annotations: { gateway: "infra/" }, key: "gateway" },
    { name: "half a list", annotations: { gateway: "infra/models," }, key: "gateway" },
    { name: "one gateway twice", annotations: { gateway: "ns1/a,a" }, key: "gateway" },
    { name: "one listener twice", annotations: { gateway: "ns1/a/x,ns1/a/x" }, key: "gateway" },
    {
      name: "a whole gateway and its listener",
      annotations: { gateway: "a,ns1/a/x" },
      key: "gateway",
    },
    { name: "a bad gateway for gRPC", annotations: { "grpc-gateway": "*" }, key: "grpc-gateway" },
    { name: "a host with a port", annotations: { host: "a.example.com:80" }, key: "host" },
    { name: "a host in capitals", annotations: { "grpc-host": "A.example.com" }, key: "grpc-host" },
    {
      name: "too many hosts",
      annotations: { host: Array.from({ length: 17 }, (_, i) => `h${i}.example.com`).join() },
      key: "host",
    },
  ])("refuses $name", ({ annotations, key }) => {
    const result = entriesOf(annotations as Words);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual([
      `spec.annotations["espalier.io/${key}"]`,
    ]);
  });

  it.each(["", "Bad name"])("has no gateway where the settings say %j", (gateway) => {
    expect(entriesOf({}, gateway)).toMatchObject({ value: { http: { gateways: [] } } });
  });

  it("places a fault of metadata there", () => {
    const annotations = { "espalier.io/host": "?" };
    const result = gatewayEntries(
      { metadata: { name: "m", annotations }, spec: { predictors: [] } },
      defaultSettings,
    );
    expect(result).toMatchObject({
      issues: [{ path: 'metadata.annotations["espalier.io/host"]' }],
    });
  });
});
