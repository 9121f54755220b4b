/** `espalier migrate`, on what v1 has made, and what then becomes of it. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { main } from "../../bin/migrate.ts";
import { listAt, textAt, valueAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Change } from "../../operator/takeover/changes.ts";
import type { DeploymentPlan } from "../../operator/takeover/plan.ts";
import type { Report } from "../../operator/takeover/report.ts";
import { writeVerbs } from "./support/audit.ts";
import type { Cluster } from "./support/cluster.ts";
import { installCrd } from "./support/crd.ts";
import { isRolledOut, type Kubelet, playKubelet } from "./support/kubelet.ts";
import { startOperatorProcess } from "./support/operator.ts";
import {
  deploymentAt,
  type Fields,
  isSettled,
  manifestOf,
  predictorOf,
  sdep,
  serviceAt,
} from "./support/operator-manifests.ts";
import { actAsV1, leaveAsV1, reportAsV1, scaleAsV1, type V1Model } from "./support/operator-v1.ts";
import { sharedCluster } from "./support/shared.ts";

/** v1's chart gives these to its manager; ours has the same ones. */
const env = {
  DEFAULT_USER_ID: "8888",
  EXECUTOR_CONTAINER_USER: "8888",
  ISTIO_ENABLED: "true",
  ISTIO_GATEWAY: "istio-system/seldon-gateway",
};

/** How the command calls itself: as the operator does, which is not there then. */
const userAgent = "espalier-operator";

let cluster: Cluster;
let namespace: string;
let system: string;
let kubelet: Kubelet;

const kinds = [
  { apiVersion: "machinelearning.seldon.io/v1", kind: "SeldonDeployment" },
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
  { apiVersion: "networking.istio.io/v1alpha3", kind: "VirtualService" },
  { apiVersion: "networking.istio.io/v1alpha3", kind: "DestinationRule" },
];

const everything = async (): Promise<ReadonlyMap<string, KubernetesObject>> => {
  const lists = await Promise.all(kinds.map((kind) => cluster.api.list({ ...kind, namespace })));
  return new Map(lists.flat().map((one) => [`${one.kind} ${one.metadata.name}`, one]));
};

const container = { env: [{ name: "KEPT", value: "yes" }] };
const create = (name: string, predictor: Fields, spec: Fields = {}): Promise<KubernetesObject> =>
  cluster.api.create(manifestOf(sdep(namespace, name), [predictor], { spec }));

const model = (owner: KubernetesObject): V1Model => ({
  ...{ owner, predictor: "main", container: "model", image: "none/of-it:1" },
  ...{ ...container, replicas: 1 },
});

/** v1's process with its settings: the images in them are of its version. */
const manager = (): Promise<unknown> => {
  const labels = { "control-plane": "seldon-controller-manager" };
  const variables = { ...env, EXECUTOR_CONTAINER_IMAGE_AND_VERSION: "seldonio/executor:1.17.1" };
  const entries = Object.entries(variables).map(([name, value]) => ({ name, value }));
  return cluster.api.create({
    ...{ apiVersion: "apps/v1", kind: "Deployment" },
    metadata: { name: "seldon-controller-manager", namespace: system },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "manager", image: "v1", env: entries }] },
      },
    },
  });
};

beforeAll(async () => {
  cluster = sharedCluster();
  await installCrd(cluster);
  await cluster.installAddon("istio");
  namespace = await cluster.namespace();
  system = await cluster.namespace();
  const { api } = cluster;
  kubelet = playKubelet(api, { namespace });
  await manager();
  const containerFields = container;
  const plain = model(await create("plain", predictorOf({ containerFields }, { replicas: 1 })));
  const resource = { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } };
  const limits = { minReplicas: 1, maxReplicas: 10 };
  const metrics = [{ type: "Resource", resource }];
  const component = { hpaSpec: { ...limits, metricsv2: metrics } };
  const scaled = model(await create("scaled", predictorOf({ containerFields, component })));
  for (const one of [plain, scaled]) {
    const { metadata } = await actAsV1(api, one);
    await api.until(deploymentAt(namespace, metadata.name), isRolledOut);
  }
  await scaleAsV1(api, scaled, { ...limits, metrics });
  const stale = await leaveAsV1(api, { ...plain, container: "older" });
  await api.until(deploymentAt(namespace, stale), isRolledOut);
  await reportAsV1(api, plain, [stale]);
  await reportAsV1(api, scaled);

  await create("streamed", kafka(), { serverType: "kafka" });
  await create("crowded", predictorOf());
  await api.create({
    ...{ apiVersion: "v1", kind: "Service" },
    metadata: { name: "crowded-main", namespace },
    spec: { ports: [{ name: "http", port: 80 }], selector: { app: "mine" } },
  });
  await create("faulty", { name: "main", graph: { name: "nobody" } });
  const id = { labels: { "seldon.io/controller-id": "another" } };
  await api.create(manifestOf(sdep(namespace, "foreign"), [predictorOf()], { metadata: id }));
});
afterAll(async () => {
  await kubelet.stop();
  cluster.close();
});

const kafka = (): Fields => {
  const names = ["KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"];
  return predictorOf({}, { svcOrchSpec: { env: names.map((name) => ({ name, value: "x" })) } });
};

type Ran = { readonly code: number; readonly out: string; readonly err: string };

const run = async (argv: readonly string[], input = ""): Promise<Ran> => {
  let out = "";
  let err = "";
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    stdin: (async function* () {
      yield input;
    })(),
    cwd: () => "/",
  };
  const code = await main(["-n", namespace, "--system", system, ...argv], io);
  return { code, out, err };
};

const live = (): readonly string[] => ["--kubeconfig", cluster.api.kubeconfig];

const reportOf = async (): Promise<Report> =>
  JSON.parse((await run([...live(), "-o", "json"])).out);

const planOf = ({ deployments }: Report, name: string): DeploymentPlan => {
  const found = deployments.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

const changesOf = (plan: DeploymentPlan): ReadonlyMap<string, Change> =>
  new Map([...plan.objects, ...plan.routes].map((one) => [`${one.kind} ${one.name}`, one]));

describe("espalier migrate", () => {
  it("says what becomes of each object", async () => {
    const plan = planOf(await reportOf(), "plain");
    expect([...changesOf(plan)].map(([name, { action, rolls }]) => [name, action, rolls])).toEqual([
      ["Service plain-main-model", "adopt", false],
      ["Service plain-main", "adopt", false],
      ["Deployment plain-main-0-model", "adopt", true],
      ["Deployment plain-main-0-older", "remove", false],
      ["Service plain-main-older", "remove", false],
      ["DestinationRule plain-main", "adopt", false],
      ["VirtualService plain", "adopt", false],
    ]);
    expect(plan.verdict).toBe("takeover");
    const deployment = changesOf(plan).get("Deployment plain-main-0-model");
    expect(deployment?.images.map(({ container: name }) => name)).toEqual([
      "seldon-container-engine",
    ]);
    const pod = "spec.template.spec.containers";
    expect(deployment?.changed).toContain(`${pod}[seldon-container-engine].image`);
    expect(deployment?.changed).toContain(`${pod}[model].lifecycle.preStop.sleep`);
    expect(deployment?.gone).toContain(`${pod}[model].lifecycle.preStop.exec`);
  });

  it.each([
    { name: "faulty", verdict: "blocked", reasons: ["InvalidSpec"] },
    { name: "crowded", verdict: "blocked", reasons: ["NameTaken"] },
    { name: "foreign", verdict: "skipped", reasons: [] },
    { name: "scaled", verdict: "takeover", reasons: [] },
  ])("says what cannot be taken over: $name", async ({ name, verdict, reasons }) => {
    const plan = planOf(await reportOf(), name);
    expect(plan.verdict).toBe(verdict);
    expect([...new Set(plan.faults.map(({ reason }) => reason))]).toEqual(reasons);
  });

  it("says what Espalier does not do", async () => {
    const { differences } = planOf(await reportOf(), "streamed");
    expect(differences.map(({ is, path }) => [is, path])).toEqual([
      ["unsupported", "spec.serverType"],
    ]);
  });

  it("tells people the same, and by its exit code", async () => {
    const { code, out } = await run(live());
    expect(code).toBe(1);
    expect(out).toContain("6 SeldonDeployments: 3 taken over, 2 blocked, 1 skipped");
    expect(out).toContain(`${namespace}/plain is taken over`);
  });

  it("tells the same of what kubectl has written to a file", async () => {
    const names = kinds.map(({ kind }) => kind.toLowerCase()).join(",");
    const there = await cluster.kubectl(["get", names, "-n", namespace, "-o", "yaml"]);
    const settings = await cluster.kubectl(["get", "deployment", "-n", system, "-o", "yaml"]);
    const { out } = await run(["-o", "json", "-"], `${there.stdout}---\n${settings.stdout}`);
    const fromFile: Report = JSON.parse(out);
    const fromCluster = await reportOf();
    expect(fromFile.deployments).toEqual(fromCluster.deployments);
  });

  it("says what it may not read", async () => {
    const { kubeconfig } = await cluster.user({ name: "nobody", groups: [] });
    const { code, err } = await run(["--kubeconfig", kubeconfig]);
    expect(code).toBe(1);
    expect(err).toMatch(/^espalier migrate: cannot list [a-z.]+: .*forbidden/);
  });

  it("writes nothing, and foresees what the operator then does", async () => {
    const before = await everything();
    const mark = cluster.audit.mark();
    const report = await reportOf();
    // By the log and not by the objects: controllers of the cluster report on some of these.
    expect(cluster.audit.counts(mark, { userAgent })).toHaveProperty("list deployments");
    expect(cluster.audit.counts(mark, { userAgent, verbs: writeVerbs })).toEqual({});

    const operator = startOperatorProcess({ api: cluster.api, namespace, env });
    for (const name of ["plain", "scaled"]) {
      await cluster.api.until(sdep(namespace, name), isSettled);
    }
    await cluster.api.untilGone(deploymentAt(namespace, "plain-main-0-older"));
    await cluster.api.untilGone(serviceAt(namespace, "plain-main-older"));
    const after = await everything();
    expect(await operator.end()).toBe(0);

    for (const plan of ["plain", "scaled"].map((name) => planOf(report, name))) {
      for (const [name, change] of changesOf(plan)) {
        const [then, now] = [before.get(name), after.get(name)];
        if (change.action === "remove") {
          expect([name, now]).toEqual([name, undefined]);
          continue;
        }
        expect([name, now?.metadata.uid]).toEqual([name, then?.metadata.uid]);
        const paths = [...change.changed, ...change.gone].filter((path) => path.startsWith("spec"));
        const isSame =
          JSON.stringify(valueAt(now, "spec")) === JSON.stringify(valueAt(then, "spec"));
        expect([name, isSame]).toEqual([name, paths.length === 0]);
        const rolled = ofPods(now) !== ofPods(then);
        expect([name, change.rolls]).toEqual([name, rolled]);
      }
    }
    const settled = planOf(await reportOf(), "plain");
    expect([...changesOf(settled).values()].map(({ action }) => action)).toEqual(
      Array.from({ length: 5 }, () => "keep"),
    );
  });
});

/** What rolls a Deployment over when it changes. */
const ofPods = (object: KubernetesObject | undefined): string =>
  JSON.stringify(listAt(object, "spec", "template", "spec", "containers")) +
  textAt(object, "spec", "template", "spec", "serviceAccountName");
