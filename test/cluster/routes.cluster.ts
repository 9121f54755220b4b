/** What the renderer of routes makes is what the add-ons' own schemas take, and it stays as it is. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { defaultSettings, type Settings } from "../../api/settings.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import {
  deploymentOf,
  type Manifest,
  predictor,
  routesOf,
} from "../operator/render/route/fixture.ts";
import { ApiError } from "./support/api-error.ts";
import type { Cluster } from "./support/cluster.ts";
import { sharedCluster } from "./support/shared.ts";

const every: Settings = {
  ...defaultSettings,
  istioEnabled: true,
  istioTlsMode: "STRICT",
  ambassadorEnabled: true,
  ambassadorSingleNamespace: true,
  gatewayApiEnabled: true,
  gateway: "infra/models",
};

type Row = {
  readonly name: string;
  readonly predictors: readonly Manifest[];
  readonly annotations?: Readonly<Record<string, string>>;
};

const one = predictor("a");
const explainer = { explainer: { type: "AnchorTabular" } };
const many = Array.from({ length: 16 }, (_, i) =>
  predictor(`p${i}`, { traffic: i === 0 ? 85 : 1 }),
);

const rows: readonly Row[] = [
  { name: "one predictor", predictors: [one] },
  {
    name: "a canary",
    predictors: [predictor("a", { traffic: 75 }), predictor("b", { traffic: 25 })],
  },
  {
    name: "a canary at 0",
    predictors: [predictor("a", { traffic: 100 }), predictor("b", { traffic: 0 })],
  },
  {
    name: "a shadow of a part",
    predictors: [one, predictor("s", { shadow: true, traffic: 10 })],
  },
  { name: "a shadow of everything", predictors: [one, predictor("s", { shadow: true })] },
  { name: "as many predictors as a route takes", predictors: many },
  { name: "explainers", predictors: [predictor("a", explainer)] },
  { name: "a certificate", predictors: [predictor("a", { ssl: { certSecretName: "a.b" } })] },
  {
    name: "no engine",
    predictors: [predictor("a", { annotations: { "seldon.io/no-engine": "true" } })],
  },
  {
    name: "a long name of a predictor",
    predictors: [predictor(`C${"1234567890".repeat(6)}`, explainer)],
  },
  {
    name: "timeouts and retries",
    predictors: [one],
    annotations: {
      "rest-timeout": "2147483647",
      "grpc-timeout": "0",
      "istio-retries": "3",
      "istio-retries-timeout": "5",
      "ambassador-retries": "2",
    },
  },
  {
    name: "retries without an end",
    predictors: [one],
    annotations: { "istio-retries": "1", "istio-retries-timeout": "0" },
  },
  {
    name: "what Ambassador can be told",
    predictors: [one],
    annotations: {
      "ambassador-service-name": "iris",
      "ambassador-header": "location: london",
      "ambassador-regex-header": "at: \\d+",
      "ambassador-id": "mine",
      "ambassador-circuit-breakers-max-connections": "1",
      "ambassador-circuit-breakers-max-pending-requests": "2",
      "ambassador-circuit-breakers-max-requests": "3",
      "ambassador-circuit-breakers-max-retries": "4",
    },
  },
  {
    name: "a header that must be there",
    predictors: [one],
    annotations: { "ambassador-header": "canary" },
  },
  {
    name: "hosts and gateways",
    predictors: [one],
    annotations: {
      "istio-host": "models.example.com",
      "istio-gateway": "infra/models",
      "espalier.io/gateway": "one,two/three/https",
      "espalier.io/host": "a.example.com,*.b.example.com",
      "espalier.io/grpc-host": "c.example.com",
    },
  },
  {
    name: "gRPC at a listener of its own, with a shadow",
    predictors: [one, predictor("s", { shadow: true, traffic: 10 })],
    annotations: { "espalier.io/grpc-gateway": "infra/models2/grpc" },
  },
];

/** The objects in a namespace of the test's own. */
const rendered = ({ predictors, annotations }: Row, namespace: string) => {
  const manifest = deploymentOf(predictors, annotations);
  return routesOf({ ...manifest, metadata: { name: "mymodel", namespace } }, every);
};

describe("routes on a real API server", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = sharedCluster();
    for (const addon of ["istio", "emissary", "gateway-api"] as const) {
      await cluster.installAddon(addon);
    }
  });
  afterAll(() => cluster.close());

  /** Applies strictly; answers what is live then. */
  const applied = async (object: KubernetesObject): Promise<KubernetesObject> => {
    const warnings: string[] = [];
    const live = await cluster.api.apply(object, {
      force: true,
      fieldValidation: "Strict",
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings).toEqual([]);
    return live;
  };

  it.each(rows)("are taken, and change nothing when they come again: $name", async (row) => {
    const objects = rendered(row, await cluster.namespace());
    expect(new Set(objects.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(4);
    for (const object of objects) {
      const live = await applied(object);
      expect(live).toMatchObject(object);
      expect((await applied(object)).metadata.resourceVersion).toBe(live.metadata.resourceVersion);
    }
  });

  it("loses a shadow and a canary that go", async () => {
    const namespace = await cluster.namespace();
    const before: Row = {
      name: "before",
      predictors: [
        predictor("a", { traffic: 90 }),
        predictor("b", { traffic: 10 }),
        predictor("s", { shadow: true, traffic: 10 }),
      ],
    };
    for (const object of rendered(before, namespace)) await applied(object);
    for (const object of rendered({ name: "after", predictors: [one] }, namespace)) {
      const live = await applied(object);
      expect(JSON.stringify(live["spec"])).not.toMatch(/mymodel-[bs]|mirror/i);
    }
  });

  it("would be refused if a field were misspelt", async () => {
    const [object] = rendered({ name: "", predictors: [one] }, await cluster.namespace());
    if (object === undefined) throw new Error("nothing rendered");
    const spec = { ...(object["spec"] as object), hots: "x" };
    await expect(
      cluster.api.apply({ ...object, spec }, { fieldValidation: "Strict" }),
    ).rejects.toBeInstanceOf(ApiError);
  });
});
