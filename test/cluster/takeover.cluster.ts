/** A cluster that v1 has left: issue "the operator", 6; operator contract, 15; design 5.2.2, 5.2.12. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { listAt, numberAt, textAt, valueAt, wordsAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Given } from "./support/api.ts";
import type { Cluster } from "./support/cluster.ts";
import { installCrd } from "./support/crd.ts";
import { isRolledOut, type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import { wordsOf, writesOf } from "./support/operator-audit.ts";
import {
  bringAbout,
  containersOf,
  deploymentAt,
  isSettled,
  manifestOf,
  predictorOf,
  respecify,
  sdep,
  serviceAt,
  virtualServiceAt,
} from "./support/operator-manifests.ts";
import { actAsV1, leaveAsV1, reportAsV1, scaleAsV1, type V1Model } from "./support/operator-v1.ts";
import { sharedCluster } from "./support/shared.ts";

/** v1's chart gives these to its manager. */
const env = {
  DEFAULT_USER_ID: "8888",
  EXECUTOR_CONTAINER_USER: "8888",
  ISTIO_ENABLED: "true",
  ISTIO_GATEWAY: "istio-system/seldon-gateway",
  ESPALIER_WORKERS: "1",
};

const kinds = [
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
  { apiVersion: "networking.istio.io/v1alpha3", kind: "VirtualService" },
  { apiVersion: "networking.istio.io/v1alpha3", kind: "DestinationRule" },
];

let cluster: Cluster;
let namespace: string;
let kubelet: Kubelet;
let operator: Operator;
/** Where in the log the work of the operator begins. */
let mark: number;

/** Every object of these kinds in the namespace, by kind and name. */
const everything = async (): Promise<ReadonlyMap<string, KubernetesObject>> => {
  const lists = await Promise.all(kinds.map((kind) => cluster.api.list({ ...kind, namespace })));
  return new Map(lists.flat().map((one) => [`${one.kind} ${one.metadata.name}`, one]));
};

const setsOf = async (name: string): Promise<readonly KubernetesObject[]> => {
  const sets = await cluster.api.list({ apiVersion: "apps/v1", kind: "ReplicaSet", namespace });
  return sets.filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === name);
};

const container = {
  env: [
    { name: "KEPT", value: "yes" },
    { name: "DROPPED", value: "soon" },
    { name: "PREDICTIVE_UNIT_ID", value: "twice" }, // v1 appends its own
  ],
  ports: [{ name: "extra", containerPort: 7777, protocol: "TCP" }],
};
const labels = { team: "red", dropped: "soon" };
const annotations = { "example.com/dropped": "soon" };

type Taken = {
  /** What is in the manifest before the operator comes. */
  readonly manifest: Given;
  readonly model: Omit<V1Model, "owner" | "predictor" | "container" | "image">;
};

const plain = (): Taken => ({
  manifest: manifestOf(sdep(namespace, "plain"), [
    predictorOf(
      { containerFields: container, component: { metadata: { labels } } },
      {
        replicas: 2,
        annotations,
      },
    ),
  ]),
  model: { ...container, labels, annotations, replicas: 2 },
});

const hpaSpec = { minReplicas: 1, maxReplicas: 10 };
const resource = { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } };
const metrics = [{ type: "Resource", resource }];

const scaled = (): Taken => ({
  manifest: manifestOf(sdep(namespace, "scaled"), [
    predictorOf({ component: { hpaSpec: { ...hpaSpec, metricsv2: metrics } } }),
  ]),
  model: {},
});

const fixed = (): Taken => ({
  manifest: manifestOf(sdep(namespace, "fixed"), [predictorOf({}, { replicas: 10 })]),
  model: { replicas: 10 },
});

const modelOf = async ({ manifest, model }: Taken): Promise<V1Model> => ({
  owner: await cluster.api.create(manifest, { manager: "kubectl-client-side-apply" }),
  ...{ predictor: "main", container: "model", image: "none/of-it:1", ...model },
});

/** What people made beside v1, with names and labels like its own. */
const foreign = (): readonly Given[] => [
  {
    ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
    metadata: { name: "fixed-main-0-model", namespace },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "elsewhere" },
      maxReplicas: 3,
    },
  },
  {
    ...{ apiVersion: "v1", kind: "Service" },
    metadata: { name: "plain-main-extra", namespace, labels: { "seldon-deployment-id": "plain" } },
    spec: { ports: [{ name: "http", port: 80 }], selector: { app: "mine" } },
  },
];

let before: ReadonlyMap<string, KubernetesObject>;

beforeAll(async () => {
  cluster = sharedCluster();
  await installCrd(cluster);
  await cluster.installAddon("istio");
  namespace = await cluster.namespace();
  const { api } = cluster;
  kubelet = playKubelet(api, { namespace });
  const models = await Promise.all([plain(), scaled(), fixed()].map(modelOf));
  const [first, second] = models;
  if (first === undefined || second === undefined) throw new Error("there are three");
  for (const model of models) {
    const made = await actAsV1(api, model);
    await api.until(deploymentAt(namespace, made.metadata.name), isRolledOut);
  }
  // A Deployment that v1 would have deleted next, which its status alone remembers.
  const stale = await leaveAsV1(api, { ...first, container: "older" });
  await scaleAsV1(api, second, { ...hpaSpec, metrics });
  const scale = { spec: { replicas: 10 } };
  await api.patch(deploymentAt(namespace, "scaled-main-0-model"), scale, {
    subresource: "scale",
    manager: "kube-controller-manager",
  });
  for (const model of models) await reportAsV1(api, model, model === first ? [stale] : []);
  for (const one of foreign()) await api.create(one);
  for (const { metadata, kind } of (await everything()).values()) {
    if (kind !== "Deployment") continue;
    await api.until(deploymentAt(namespace, metadata.name), isRolledOut);
  }
  before = await everything();
  mark = cluster.audit.mark();
  operator = startOperatorProcess({ api, namespace, env });
  for (const { owner } of models) {
    await api.until(sdep(namespace, owner.metadata.name), isSettled);
  }
  await api.untilGone(deploymentAt(namespace, stale));
  await api.untilGone(serviceAt(namespace, "plain-main-older"));
});
afterAll(async () => {
  expect(await operator.end()).toBe(0);
  expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
  await kubelet.stop();
  cluster.close();
});

const mine = ["HorizontalPodAutoscaler fixed-main-0-model", "Service plain-main-extra"];
const gone = ["Deployment plain-main-0-older", "Service plain-main-older"];

const uidOf = (object: KubernetesObject | undefined): string | undefined => object?.metadata.uid;

const managersOf = ({ metadata }: KubernetesObject): readonly string[] =>
  (metadata.managedFields ?? []).map(
    (one) => `${textAt(one, "manager")} ${textAt(one, "operation")}`,
  );

describe("taking over from v1", () => {
  it("keeps every object, and makes it its own", async () => {
    const now = await everything();
    const kept = [...before.keys()].filter((key) => !gone.includes(key));
    expect([...now.keys()].sort()).toEqual(kept.sort());
    expect(kept.map((key) => [key, uidOf(now.get(key))])).toEqual(
      kept.map((key) => [key, uidOf(before.get(key))]),
    );
    const ours = kept.filter((key) => !mine.includes(key)).flatMap((key) => now.get(key) ?? []);
    for (const one of ours) {
      expect([one.metadata.name, managersOf(one)]).toEqual([
        one.metadata.name,
        expect.arrayContaining(["espalier Apply"]),
      ]);
      expect(managersOf(one)).not.toContain("manager Update");
      expect(one.metadata.annotations).not.toHaveProperty(["seldon.io/last-applied"]);
    }
  });

  it("leaves selectors and addresses alone, and rolls each Deployment over once", async () => {
    const now = await everything();
    for (const [key, then] of before) {
      if (gone.includes(key)) continue;
      const live = now.get(key);
      expect(valueAt(live, "spec", "selector")).toEqual(valueAt(then, "spec", "selector"));
      expect(valueAt(live, "spec", "clusterIP")).toEqual(valueAt(then, "spec", "clusterIP"));
      if (then.kind === "Deployment") expect(await setsOf(then.metadata.name)).toHaveLength(2);
    }
    const writes = writesOf(cluster.audit, mark, { namespace }).map(wordsOf);
    expect(writes.filter((words) => words.startsWith("delete")).sort()).toEqual([
      "delete deployments plain-main-0-older",
      "delete services plain-main-older",
    ]);
  });

  it("keeps the replicas that an autoscaler has chosen", async () => {
    const live = await cluster.api.get(deploymentAt(namespace, "scaled-main-0-model"));
    expect(numberAt(live, "spec", "replicas")).toBe(10);
  });

  it("touches nothing that people made", async () => {
    const now = await everything();
    for (const key of mine) {
      expect(now.get(key)?.metadata.generation).toBe(before.get(key)?.metadata.generation);
      const { kind = "", metadata } = now.get(key) ?? {};
      const resource = kind === "Service" ? "services" : "horizontalpodautoscalers";
      const writes = writesOf(cluster.audit, mark, { namespace, resource }).filter(
        ({ objectRef }) => objectRef?.name === metadata?.name,
      );
      expect(writes).toEqual([]);
    }
  });

  it("writes a status that forgets nothing of v1's", async () => {
    const live = await cluster.api.until(
      sdep(namespace, "plain"),
      (one) => Object.keys(valueAt(one, "status", "deploymentStatus") ?? {}).length === 1,
    );
    expect(valueAt(live, "status")).toMatchObject({
      ...{ state: "Available", replicas: 2, description: "" },
      address: {
        url: `http://plain-main.${namespace}.svc.cluster.local:8000/api/v1.0/predictions`,
      },
      serviceStatus: { "plain-main": { httpEndpoint: `plain-main.${namespace}:8000` } },
    });
    expect(Object.keys(valueAt(live, "status", "deploymentStatus") ?? {})).toEqual([
      "plain-main-0-model",
    ]);
  });

  it("takes away what the manifest loses afterwards", async () => {
    const { api } = cluster;
    const [env] = container.env;
    const lighter = manifestOf(sdep(namespace, "plain"), [
      predictorOf(
        { containerFields: { env: [env] }, component: { metadata: { labels: { team: "red" } } } },
        { replicas: 2 },
      ),
    ]);
    await respecify(api, lighter);
    await api.until(sdep(namespace, "plain"), isSettled);
    const live = await api.get(deploymentAt(namespace, "plain-main-0-model"));
    const model = containersOf(live).get("model");
    const names = listAt(model, "env").map((one) => textAt(one, "name"));
    expect(
      names.filter((name) => ["KEPT", "DROPPED", "PREDICTIVE_UNIT_ID"].includes(name)),
    ).toEqual(["KEPT", "PREDICTIVE_UNIT_ID"]);
    expect(listAt(model, "ports").map((one) => textAt(one, "name"))).toEqual([
      ...["metrics", "http", "grpc"],
    ]);
    const pod = ["spec", "template", "metadata"];
    for (const at of [["metadata"], pod]) {
      expect(wordsAt(live, ...at, "labels")).toMatchObject({ team: "red" });
      expect(wordsAt(live, ...at, "labels")).not.toHaveProperty("dropped");
      expect(wordsAt(live, ...at, "annotations")).not.toHaveProperty(["example.com/dropped"]);
    }
    const service = await api.get(serviceAt(namespace, "plain-main"));
    expect(wordsAt(service, "metadata", "annotations")).not.toHaveProperty(["example.com/dropped"]);
  });

  it("keeps the pods that are there when a manifest stops counting them", async () => {
    const free = manifestOf(sdep(namespace, "fixed"), [predictorOf({ image: "none/of-it:2" })]);
    await respecify(cluster.api, free);
    await cluster.api.until(sdep(namespace, "fixed"), isSettled);
    const live = await cluster.api.get(deploymentAt(namespace, "fixed-main-0-model"));
    expect(numberAt(live, "spec", "replicas")).toBe(10);
  });

  it("writes nothing when all is taken over", async () => {
    const target = sdep(namespace, "scaled");
    const mark = cluster.audit.mark();
    await cluster.api.patch(target, { metadata: { annotations: { touched: "yes" } } });
    await bringAbout(cluster.api, manifestOf(sdep(namespace, "barrier"), [predictorOf()]));
    const writes = writesOf(cluster.audit, mark, { namespace }).map(wordsOf);
    expect(writes.filter((words) => words.includes("scaled"))).toEqual([]);
    expect(await cluster.api.find(virtualServiceAt(namespace, "scaled"))).toBeDefined();
  });
});
