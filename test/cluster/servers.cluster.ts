/** Prepackaged servers, stored models and explainers, as a real API server takes them. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import type { AccountSecret, Facts } from "../../operator/render/desired.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { render } from "../../operator/render/render.ts";
import type { Cluster } from "./support/cluster.ts";
import { sharedCluster } from "./support/shared.ts";

let cluster: Cluster;
let namespace = "";

beforeAll(async () => {
  cluster = sharedCluster();
  namespace = await cluster.namespace();
});
afterAll(() => cluster.close());

const secrets: readonly AccountSecret[] = [
  {
    name: "store",
    keys: ["awsAccessKeyID", "awsSecretAccessKey"],
    annotations: { "machinelearning.seldon.io/s3-endpoint": "s3.local" },
  },
  { name: "cloud", keys: ["gcloud-application-credentials.json"], annotations: {} },
];
const facts: Facts = { accounts: { default: secrets, reader: secrets.toReversed() } };

const server = (implementation: string, name = "m", modelUri = "gs://models/m") => ({
  name,
  implementation,
  modelUri,
});

/** Two servers of a kind in one pod, each with a model on a volume of its own. */
const pair = (implementation: string) => ({
  name: "ab",
  implementation: "RANDOM_ABTEST",
  children: [
    server(implementation, "a", "pvc://one/m"),
    { ...server(implementation, "b", "pvc://two/m"), serviceAccountName: "reader" },
  ],
});

const componentWith = (container: object) => [
  { spec: { containers: [{ name: "m", ...container }] } },
];

const explainer = (more: object = {}) => ({
  explainer: { type: "AnchorImages", modelUri: "gs://explainers/e", replicas: 2, ...more },
});

type Row = { readonly name: string; readonly predictor: object; readonly spec?: object };

const rows: readonly Row[] = [
  { name: "scikit-learn", predictor: { graph: server("SKLEARN_SERVER") } },
  { name: "MLServer", predictor: { graph: server("MLFLOW_SERVER") }, spec: { protocol: "v2" } },
  {
    name: "MLServer over a port of its user's",
    predictor: {
      graph: server("XGBOOST_SERVER"),
      componentSpecs: componentWith({ ports: [{ containerPort: 9000 }] }),
    },
    spec: { protocol: "kfserving" },
  },
  {
    name: "Hugging Face's hub",
    predictor: { graph: { name: "m", implementation: "HUGGINGFACE_SERVER" } },
    spec: { protocol: "v2" },
  },
  { name: "Triton", predictor: { graph: server("TRITON_SERVER") }, spec: { protocol: "v2" } },
  {
    name: "Triton that reads its store itself",
    predictor: { graph: { ...server("TRITON_SERVER"), envSecretRefName: "store" } },
    spec: { protocol: "v2", annotations: { "seldon.io/no-storage-initializer": "true" } },
  },
  { name: "two Tritons", predictor: { graph: pair("TRITON_SERVER") }, spec: { protocol: "v2" } },
  { name: "TensorFlow behind a proxy", predictor: { graph: server("TENSORFLOW_SERVER") } },
  { name: "two TensorFlows in a pod", predictor: { graph: pair("TENSORFLOW_SERVER") } },
  {
    name: "TensorFlow alone",
    predictor: { graph: server("TENSORFLOW_SERVER") },
    spec: { protocol: "tensorflow" },
  },
  {
    name: "a server with a certificate",
    predictor: { graph: server("TENSORFLOW_SERVER"), ssl: { certSecretName: "tls" } },
  },
  {
    name: "a container of its user's with a model",
    predictor: {
      graph: { name: "m", modelUri: "s3://m" },
      componentSpecs: componentWith({ image: "I:1", env: [{ name: "X", value: "1" }] }),
    },
  },
  { name: "an explainer", predictor: { graph: server("SKLEARN_SERVER"), ...explainer() } },
  {
    name: "an explainer of protocol v2",
    predictor: { graph: server("SKLEARN_SERVER"), ...explainer({ initParameters: '{"n":1}' }) },
    spec: { protocol: "v2" },
  },
  {
    name: "an explainer whose name fills the space",
    predictor: {
      graph: server("SKLEARN_SERVER"),
      ...explainer({ containerSpec: { name: "e".repeat(63), ports: [{ containerPort: 9000 }] } }),
    },
  },
];

const objectsOf = ({ predictor, spec = {} }: Row): readonly KubernetesObject[] => {
  const deployment = parse(
    {
      apiVersion: "machinelearning.seldon.io/v1",
      kind: "SeldonDeployment",
      metadata: { name: "d", namespace },
      spec: { ...spec, predictors: [{ name: "p", ...predictor }] },
    },
    defaultSettings,
  );
  if (!deployment.ok) throw new Error(JSON.stringify(deployment.issues));
  const desired = render(deployment.value, defaultSettings, facts);
  if (!desired.ok) throw new Error(JSON.stringify(desired.issues));
  const { services, deployments } = desired.value;
  return [...services, ...deployments.map(({ object }) => object)];
};

/** All pods of an engine and a model have two ports of each name, as they always had. */
const isUsual = (warning: string): boolean => warning.includes("duplicate port name");

describe("render", () => {
  it.each(rows)("makes objects that the API server takes as they are: $name", async (row) => {
    const warnings: string[] = [];
    const applied = objectsOf(row).map((object) =>
      cluster.api.apply(object, {
        dryRun: true,
        force: true,
        fieldValidation: "Strict",
        onWarning: (text) => warnings.push(text),
      }),
    );
    await Promise.all(applied);
    expect(applied.length).toBeGreaterThan(2);
    expect(warnings.filter((text) => !isUsual(text))).toEqual([]);
  });
});
