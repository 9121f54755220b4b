/** What rendering makes, as a real API server takes it. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { defaultSettings, type Settings } from "../../api/settings.ts";
import { type KubernetesObject, refOf } from "../../operator/render/object.ts";
import { samples } from "../crds/manifests.ts";
import { desiredOf, objectNamed, objectsOf } from "../operator/render/rendered.ts";
import type { Cluster } from "./support/cluster.ts";
import { sharedCluster } from "./support/shared.ts";

let cluster: Cluster;
let namespace = "";

beforeAll(async () => {
  cluster = sharedCluster();
  namespace = await cluster.namespace();
  await cluster.installAddon("keda");
});
afterAll(() => cluster.close());

const settings: Settings = {
  ...defaultSettings,
  kedaEnabled: true,
  gatewayApiEnabled: true,
  gateway: "infra/public",
};

const graph = { name: "model" };
const container = { name: "model", image: "I:1" };
const placed = (predictor: object, spec: object = {}): object => ({
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  metadata: { name: "d", namespace },
  spec: {
    ...spec,
    predictors: [
      { name: "p", graph, componentSpecs: [{ spec: { containers: [container] } }], ...predictor },
    ],
  },
});
const withPod = (spec: object, component: object = {}): object =>
  placed({ componentSpecs: [{ ...component, spec: { containers: [container], ...spec } }] });
const withContainer = (more: object): object =>
  withPod({ containers: [{ ...container, ...more }] });

const target = { apiVersion: "v1", kind: "Service", name: "s" };
const metrics = [
  { type: "Resource", resource: { name: "cpu", targetAverageUtilization: 70 } },
  {
    type: "ContainerResource",
    containerResource: { container: "model", name: "cpu", targetAverageValue: "1" },
  },
  { type: "Pods", pods: { metricName: "m", targetAverageValue: "5" } },
  { type: "Object", object: { target, metricName: "m", targetValue: "5", averageValue: 2 } },
  {
    type: "External",
    external: {
      metricName: "m",
      metricSelector: { matchLabels: { a: "b" } },
      targetValue: "5",
    },
  },
];

type Row = { readonly name: string; readonly manifest: () => object };

const rows: readonly Row[] = [
  ...samples.map(({ file, manifest }) => ({
    name: file,
    manifest: () => ({ ...manifest, metadata: { ...manifest.metadata, namespace } }),
  })),
  {
    name: "lists with keys twice",
    manifest: () =>
      withPod({
        volumes: [{ name: "v", emptyDir: {} }],
        containers: [
          {
            ...container,
            ports: [{ containerPort: 9000 }, { name: "stats", containerPort: 6000 }],
            env: [
              { name: "A", value: "1" },
              { name: "A", value: "2" },
            ],
            volumeMounts: [{ name: "v", mountPath: "/etc/podinfo" }],
          },
        ],
      }),
  },
  {
    name: "fields that nobody knows",
    manifest: () =>
      withContainer({
        imagePulPolicy: "Always",
        livenessProbe: { tcpSocket: { port: 1, prot: 2 } },
      }),
  },
  {
    name: "every kind of metric",
    manifest: () => withPod({}, { hpaSpec: { minReplicas: 1, maxReplicas: 3, metrics } }),
  },
  {
    name: "budgets",
    manifest: () => withPod({}, { pdbSpec: { maxUnavailable: "10%" } }),
  },
  {
    name: "a separate engine and headless Services",
    manifest: () =>
      placed(
        { replicas: 0, ssl: { certSecretName: "tls" } },
        {
          annotations: {
            "seldon.io/engine-separate-pod": "true",
            "seldon.io/headless-svc": "true",
          },
        },
      ),
  },
  {
    name: "names that fill the space",
    manifest: () => ({
      ...placed({
        graph: { name: "m".repeat(48) },
        componentSpecs: [{ spec: { containers: [{ name: "m".repeat(48), image: "I" }] } }],
      }),
      metadata: { name: "d".repeat(253), namespace },
    }),
  },
];

/** All pods of an engine and a model have two ports of each name, as they always had. */
const isUsual = (warning: string): boolean => warning.includes("duplicate port name");

describe("render", () => {
  it.each(rows)("makes objects that the API server takes as they are: $name", async (row) => {
    const warnings: string[] = [];
    const objects = objectsOf(desiredOf(row.manifest(), settings));
    for (const object of objects) {
      await cluster.api.apply(object, {
        dryRun: true,
        force: true,
        fieldValidation: "Strict",
        onWarning: (text) => warnings.push(text),
      });
    }
    expect(objects.length).toBeGreaterThan(1);
    expect(warnings.filter((text) => !isUsual(text))).toEqual([]);
  });

  /** The Deployment that a manifest makes. */
  const deploymentOf = (manifest: object): KubernetesObject =>
    objectNamed(desiredOf(manifest, settings), "Deployment d-p-0-model");
  const apply = (object: KubernetesObject): Promise<KubernetesObject> =>
    cluster.api.apply(object, { force: true });

  it("makes the same again, which changes nothing", async () => {
    for (const { manifest } of rows) {
      for (const object of objectsOf(desiredOf(manifest(), settings))) {
        const first = await apply(object);
        const second = await apply(object);
        expect(second["spec"]).toEqual(first["spec"]);
        expect(second.metadata.generation).toBe(first.metadata.generation);
        await cluster.api.remove(refOf(object));
      }
    }
  });

  it("takes away what a user takes away", async () => {
    const rich = withPod({
      containers: [
        {
          ...container,
          env: [{ name: "GONE", value: "1" }],
          resources: { limits: { cpu: 1 } },
          ports: [{ name: "extra", containerPort: 7000 }],
        },
      ],
      serviceAccountName: "mine",
      nodeSelector: { disk: "fast" },
      tolerations: [{ key: "k", operator: "Exists" }],
      terminationGracePeriodSeconds: 5,
    });
    await apply(deploymentOf(rich));
    const plain = await apply(deploymentOf(withPod({})));
    const { metadata, ...others } = deploymentOf(withPod({}));
    const fresh = await apply({ ...others, metadata: { ...metadata, name: "fresh" } });
    expect(plain["spec"]).toEqual(fresh["spec"]);
  });
});
