import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parse } from "../../../../api/parse.ts";
import type { Settings } from "../../../../api/settings.ts";
import { readYaml } from "../../../../api/yaml.ts";
import { ambassadorConfig } from "../../../../operator/render/route/ambassador-v1.ts";
import { renderRoutes } from "../../../../operator/render/route/route.ts";
import { mymodel, subjectOf } from "../fixture.ts";
import {
  ambassador,
  ambassadorV1,
  deploymentOf,
  faultsOf,
  gateway,
  istio,
  named,
  predictor,
  routesOf,
  specOf,
} from "./fixture.ts";

const every: Settings = {
  ...istio,
  ...ambassador,
  ...gateway,
  istioEnabled: true,
  ambassadorEnabled: true,
};

describe("renderRoutes", () => {
  it("renders for every ingress that is on", () => {
    expect(named(routesOf(mymodel, every))).toEqual([
      "DestinationRule mymodel-default",
      "VirtualService mymodel",
      "Mapping seldon-ns1-mymodel-default-rest",
      "Mapping seldon-ns1-mymodel-default-grpc",
      "HTTPRoute mymodel",
    ]);
  });

  it("renders nothing where none is on", () => {
    expect(
      routesOf(mymodel, {
        ...every,
        istioEnabled: false,
        ambassadorEnabled: false,
        gatewayApiEnabled: false,
      }),
    ).toEqual([]);
  });

  it("tells the faults of all of them together", () => {
    const settings = { ...every, istioTlsMode: "x", ambassadorVersion: "x", gateway: "" };
    expect(faultsOf(mymodel, settings)).toEqual([
      "settings.istioTlsMode",
      "settings.ambassadorVersion",
      "settings.gateway",
    ]);
  });
});

/** Traffic of up to 8 predictors that sums to 100, and which of them are ready. */
const splits = fc
  .array(fc.record({ size: fc.nat(50), isReady: fc.boolean() }), { minLength: 1, maxLength: 8 })
  .map((parts) => {
    let left = 100;
    return parts.map(({ size, isReady }, i) => {
      const traffic = i === parts.length - 1 ? left : Math.min(size, left);
      left -= traffic;
      return { name: `p${i}`, traffic, isReady };
    });
  });

describe("routes of any deployment", () => {
  it("keep the weights of those that are ready", () => {
    fc.assert(
      fc.property(splits, (parts) => {
        const unready = parts.filter(({ isReady }) => !isReady).map(({ name }) => name);
        const objects = routesOf(
          deploymentOf(parts.map(({ name, traffic }) => predictor(name, { traffic }))),
          every,
          unready,
        );
        const ready = parts.filter(({ isReady }) => isReady);
        const isServed = ready.some(({ traffic }) => traffic > 0);
        expect(objects.some(({ kind }) => kind === "VirtualService")).toBe(isServed);
        if (!isServed) return;
        const wanted = ready.length === 1 ? [100] : ready.map(({ traffic }) => traffic);
        const [{ route }] = specOf(objects, "VirtualService").http;
        expect(route.map(({ weight = 0 }) => weight)).toEqual(wanted);
        const [{ backendRefs }] = specOf(objects, "HTTPRoute").rules;
        expect(backendRefs.map(({ weight = 100 }) => weight)).toEqual(wanted);
        const shares = objects
          .filter(({ metadata }) => metadata.name.endsWith("-rest"))
          .map(({ spec }) => (spec as { weight?: number }).weight);
        expect(shares[0]).toBeUndefined();
        const others = shares.slice(1).reduce<number>((sum, weight) => sum + (weight ?? 101), 0);
        expect(others).toBeLessThanOrEqual(100);
      }),
    );
  });

  const words = fc.stringMatching(/^[a-z]([-a-z0-9]{0,250}[a-z0-9])?$/);

  it("have names that Kubernetes takes", () => {
    fc.assert(
      fc.property(words, words, (name, of) => {
        const manifest = {
          ...deploymentOf([
            predictor(of, {
              explainer: { type: "AnchorTabular" },
              ssl: { certSecretName: "cert" },
              labels: { version: "1" },
            }),
          ]),
          metadata: { ...mymodel.metadata, name },
        };
        for (const { kind, metadata } of routesOf(manifest, every)) {
          expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
          const most = ["Mapping", "TLSContext"].includes(kind) ? 253 : 63;
          expect(metadata.name.length).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  it("end in a fault or in documents, whatever the annotations say", () => {
    const keys = [
      "ambassador-header",
      "ambassador-regex-header",
      "ambassador-service-name",
      "ambassador-id",
      "ambassador-retries",
      "rest-timeout",
      "istio-host",
      "istio-retries",
      "espalier.io/gateway",
      "espalier.io/host",
      "espalier.io/grpc-host",
    ];
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("1", "a: b", "a", "yes: no", "1e3: 08", "x.example.com"),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), texts), (annotations) => {
        const manifest = deploymentOf([predictor("a")], annotations);
        const parsed = parse(manifest, every);
        if (!parsed.ok) return;
        expect(renderRoutes(parsed.value, every, () => true).ok).toBe(true);
        const subject = subjectOf(manifest, ambassadorV1);
        const result = ambassadorConfig(subject, {
          service: "s",
          ports: { http: 1, grpc: 2 },
          isExplainer: false,
        });
        const documents = readYaml((result.ok ? result.value : undefined) ?? "");
        expect(documents).toMatchObject([{ kind: "Mapping" }, { kind: "Mapping" }]);
      }),
    );
  });
});
