/**
 * What is wrong, past a webhook that is not there, and with what rights: the operator says what to
 * do, and goes on with the rest. Issue "the operator", "Bad input"; operator contract, 9.5-9.6.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { conditionOf, listAt, textAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Api, Given } from "./support/api.ts";
import type { Cluster } from "./support/cluster.ts";
import { isTrue } from "./support/conditions.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import { wordsOf, writesOf } from "./support/operator-audit.ts";
import {
  bringAbout,
  deploymentAt,
  eventsWith,
  type Fields,
  hasReason,
  isObserved,
  isSettled,
  manifestOf,
  messageOf,
  predictorOf,
  respecify,
  sdep,
  serviceAt,
} from "./support/operator-manifests.ts";
import { clusterRules, grant, rules, userWith, without } from "./support/operator-roles.ts";
import { sharedCluster } from "./support/shared.ts";

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = sharedCluster();
  ({ api } = cluster);
  await installCrd(cluster);
  await cluster.installAddon("istio");
});
afterAll(() => cluster.close());

const errorsOf = ({ lines }: Operator) => lines.filter(({ level }) => level === "error");

/** Pods that name this do not start. */
let waiting: string | undefined;

/** Where an operator that may do no more than it needs looks at one namespace. */
const makeStage = async (env: Readonly<Record<string, string>> = {}, may = rules) => {
  const namespace = await cluster.namespace();
  const role = `operator-${namespace}`;
  const own = await userWith(cluster, role, { rules: may, namespace });
  const isReady = (pod: KubernetesObject): boolean =>
    waiting === undefined || !JSON.stringify(pod["spec"]).includes(`"${waiting}"`);
  const kubelet = playKubelet(api, { namespace, isReady });
  const operator = startOperatorProcess({ api: own, namespace, env });
  const end = async (): Promise<void> => {
    expect(await operator.end()).toBe(0);
    await kubelet.stop();
  };
  return { namespace, role, operator, kubelet, end };
};

type Stage = Awaited<ReturnType<typeof makeStage>>;

const warnings = async (namespace: string, name: string): Promise<readonly KubernetesObject[]> => {
  const isWarning = (event: KubernetesObject): boolean => textAt(event, "type") === "Warning";
  return (await eventsWith(api, { namespace, name }, isWarning)).filter(isWarning);
};

describe("a manifest with faults", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await makeStage({ ISTIO_ENABLED: "true" });
    await stage.operator.logged("working");
  });
  afterAll(async () => {
    expect(errorsOf(stage.operator)).toEqual([]);
    await stage.end();
  });

  const good = predictorOf();
  const bad: readonly {
    readonly name: string;
    readonly spec?: Fields;
    readonly predictor: Fields;
    readonly says: string;
  }[] = [
    {
      name: "no-container",
      predictor: { ...good, graph: { name: "absent" } },
      says: "spec.predictors[0].graph",
    },
    {
      name: "retries",
      spec: { annotations: { "seldon.io/istio-retries": "often" } },
      predictor: good,
      says: "seldon.io/istio-retries",
    },
    {
      name: "timeout",
      spec: { annotations: { "seldon.io/rest-timeout": "soon" } },
      predictor: good,
      says: "seldon.io/rest-timeout",
    },
    {
      name: "long-container",
      predictor: predictorOf({ container: "m".repeat(60) }),
      says: "the label of its Service has room for 48",
    },
    {
      name: "odd-container",
      predictor: predictorOf({ container: "Not_A_Label" }),
      says: "spec.predictors[0].componentSpecs[0].spec.containers[0].name",
    },
    {
      name: "bad-volume",
      predictor: predictorOf({
        containerFields: { volumeMounts: [{ name: "nowhere", mountPath: "/x" }] },
      }),
      says: "nowhere",
    },
  ];

  it.each(bad)("$name is said to be wrong, and mended", async ({ name, spec, predictor, says }) => {
    const { namespace } = stage;
    const target = sdep(namespace, name);
    await api.apply(manifestOf(target, [predictor], spec === undefined ? {} : { spec }));
    const live = await api.until(
      target,
      (one) => isObserved(one) && textAt(one, "status", "state") === "Failed",
    );
    expect(["InvalidSpec", "Refused"]).toContain(textAt(conditionOf(live, "Ready"), "reason"));
    expect(messageOf(live)).toContain(says);
    expect(textAt(live, "status", "description")).toBe(messageOf(live));
    const [told] = await warnings(namespace, name);
    expect([textAt(told, "reason"), textAt(told, "message")]).toEqual([
      "InternalError",
      expect.stringContaining(says),
    ]);
    await respecify(api, manifestOf(target, [good]));
    expect(textAt(await api.until(target, isSettled), "status", "state")).toBe("Available");
  });

  it("of 200 characters gets names that fit", async () => {
    const { namespace } = stage;
    const target = sdep(namespace, `d${"e".repeat(198)}f`);
    await bringAbout(api, manifestOf(target, [good]));
    const deployments = await api.list({ apiVersion: "apps/v1", kind: "Deployment", namespace });
    const own = deployments.filter(
      ({ metadata }) => metadata.ownerReferences?.[0]?.name === target.name,
    );
    expect(own.map(({ metadata }) => metadata.name)).toEqual([
      expect.stringMatching(/^seldon-[0-9a-f]{32}$/),
    ]);
  });

  it("waits for pods that wait for a Secret, and names the Deployment to look at", async () => {
    const { namespace, kubelet } = stage;
    const target = sdep(namespace, "secretive");
    const envFrom = [{ secretRef: { name: "absent" } }];
    waiting = "absent";
    const predictor = predictorOf({ containerFields: { envFrom } }, { progressDeadlineSeconds: 1 });
    await api.apply(manifestOf(target, [predictor]));
    const live = await api.until(target, hasReason("RolloutStuck"));
    expect(messageOf(live)).toContain(`Deployment ${namespace}/secretive-main-0-model`);
    waiting = undefined;
    await kubelet.look();
    await api.until(target, isSettled);
  });

  it("leaves alone what has its name and is somebody else's, until that is gone", async () => {
    const { namespace } = stage;
    const taken = serviceAt(namespace, "taken-main");
    const metadata = { name: taken.name, namespace };
    const ports = [{ name: "theirs", port: 1 }];
    const theirs = await api.create({ ...taken, metadata, spec: { ports } } as Given); // as: all it needs
    const target = sdep(namespace, "taken");
    await api.apply(manifestOf(target, [good]));
    const live = await api.until(target, hasReason("NameTaken"));
    expect(messageOf(live)).toContain(`Service ${namespace}/taken-main`);
    expect(isTrue(live, "Progressing")).toBe(false);
    const now = await api.get(taken);
    expect(now.metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
    await api.remove(taken);
    await api.until(target, isSettled);
  });
});

describe("a right that is missing", () => {
  it("is named; others go on; once granted, it is used", async () => {
    const may = without("horizontalpodautoscalers", ["create", "patch"]);
    const { namespace, role, operator, end } = await makeStage({}, may);
    await operator.logged("working");
    const hpaSpec = { maxReplicas: 3, metricsv2: [] };
    const target = sdep(namespace, "scaled");
    await api.apply(manifestOf(target, [predictorOf({ component: { hpaSpec } })]));
    const live = await api.until(target, hasReason("Forbidden"));
    const words = "on horizontalpodautoscalers.autoscaling to the operator's role";
    expect(messageOf(live)).toContain(words);
    const [told] = await warnings(namespace, "scaled");
    expect(textAt(told, "message")).toContain(words);
    // What is not forbidden is there.
    expect(await api.find(deploymentAt(namespace, "scaled-main-0-model"))).toBeDefined();
    await bringAbout(api, manifestOf(sdep(namespace, "plain"), [predictorOf()]));
    await grant(cluster, namespace, role, rules);
    await api.until(target, isSettled);
    expect(errorsOf(operator)).toEqual([]);
    await end();
  });

  it("to look at a kind is told in the log before anything is begun", async () => {
    const namespace = await cluster.namespace();
    const role = `operator-${namespace}`;
    const own = await userWith(cluster, role, {
      rules: without("deployments", ["list"]),
      namespace,
    });
    const operator = startOperatorProcess({ api: own, namespace });
    const line = await operator.logged("watch failed", 1, "Deployment");
    expect(JSON.stringify(line)).toContain("grant the verb list on deployments.apps");
    await operator.end("SIGKILL");
  });
});

describe("seldon-config", () => {
  it("that cannot be read holds up what depends on it, and nothing else", async () => {
    const namespace = await cluster.namespace();
    const map = (predictor_servers: string): Given => ({
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "seldon-config", namespace } },
      data: { predictor_servers },
    });
    const server = (image: string): string =>
      JSON.stringify({ MY_SERVER: { protocols: { seldon: { image, defaultImageVersion: "1" } } } });
    await api.create(map("{"));
    const kubelet = playKubelet(api, { namespace });
    const operator = startOperatorProcess({ api, namespace });
    await operator.logged("working");
    const target = sdep(namespace, "server");
    const graph = { name: "model", implementation: "MY_SERVER", modelUri: "gs://bucket/model" };
    await api.apply(manifestOf(target, [{ name: "main", graph }]));
    const held = await api.until(target, hasReason("SettingsUnreadable"));
    expect(messageOf(held)).toContain(`ConfigMap ${namespace}/seldon-config`);
    await bringAbout(api, manifestOf(sdep(namespace, "plain"), [predictorOf()]));

    await api.apply(map(server("example.com/server")), { force: true });
    await api.until(target, isSettled);
    await api.apply(map("]"), { force: true });
    const broken = await api.until(
      target,
      (one) => textAt(conditionOf(one, "SettingsUpToDate"), "status") === "False",
    );
    expect(isTrue(broken, "Ready")).toBe(true);
    await api.apply(map(server("example.com/server")), { force: true });
    await api.until(target, (one) => conditionOf(one, "SettingsUpToDate") === undefined);
    expect(await operator.end()).toBe(0);
    await kubelet.stop();
  });
});

describe("an operator with an id, in all namespaces", () => {
  const id = `id-${Math.random().toString(36).slice(2)}`;
  const label = { "seldon.io/controller-id": id };
  const metadata = { labels: label };
  let namespace: string;
  let operator: Operator;
  let kubelet: Kubelet;
  beforeAll(async () => {
    namespace = await cluster.namespace();
    const own = await userWith(cluster, `operator-${id}`, { rules: clusterRules });
    kubelet = playKubelet(api, { namespace });
    const env = { CONTROLLER_ID: id, ESPALIER_WORKERS: "1" };
    operator = startOperatorProcess({ api: own, namespace, isClusterWide: true, env });
    await operator.logged("working");
  });
  afterAll(async () => {
    expect(await operator.end()).toBe(0);
    expect(errorsOf(operator)).toEqual([]);
    await kubelet.stop();
  });

  /** What the operator was told of before has been done: it takes turns. */
  const passed = (name: string): Promise<unknown> =>
    bringAbout(api, manifestOf(sdep(namespace, name), [predictorOf()], { metadata }));

  it("does what carries its id, and nothing in namespaces that carry one", async () => {
    const apart = await cluster.namespace(label);
    const others = [
      manifestOf(sdep(namespace, "other"), [predictorOf()]),
      manifestOf(sdep(apart, "apart"), [predictorOf()], { metadata }),
    ];
    for (const other of others) await api.apply(other);
    await bringAbout(api, manifestOf(sdep(namespace, "mine"), [predictorOf()], { metadata }));
    for (const other of others) {
      const live = await api.get(sdep(other.metadata.namespace ?? "", other.metadata.name));
      expect(live["status"]).toBeUndefined();
    }
    // A label that comes later counts as well.
    await api.patch(sdep(namespace, "other"), { metadata });
    await api.until(sdep(namespace, "other"), isSettled);
  });

  it("rests while a namespace is on its way out", async () => {
    const leaving = await cluster.namespace();
    const own = playKubelet(api, { namespace: leaving });
    const target = sdep(leaving, "leaving");
    await bringAbout(api, manifestOf(target, [predictorOf()], { metadata }));
    const finalizers = ["example.com/stay"];
    const hook = { apiVersion: "v1", kind: "ConfigMap", namespace: leaving, name: "stay" };
    await api.create({ ...hook, metadata: { name: "stay", namespace: leaving, finalizers } });
    await api.patch(target, { metadata: { finalizers } });
    const name = { apiVersion: "v1", kind: "Namespace", name: leaving };
    await api.remove(name);
    await api.until(name, (one) => textAt(one, "status", "phase") === "Terminating");
    const gone = { apiVersion: "apps/v1", kind: "Deployment", namespace: leaving };
    await api.untilAll(gone, ({ length }) => length === 0);
    // Each kind is told of by a watch of its own: that of namespaces may be behind the others.
    await passed("before");
    const mark = cluster.audit.mark();
    await api.patch(target, { metadata: { annotations: { touched: "yes" } } });
    await passed("after");
    const writes = writesOf(cluster.audit, mark, { namespace: leaving })
      // Events about what was done before may still be on their way.
      .filter(({ objectRef }) => objectRef?.resource !== "events");
    expect(writes.map(wordsOf)).toEqual([]);
    expect(listAt(await api.get(target), "metadata", "finalizers")).toEqual(finalizers);
    await own.stop();
    for (const one of [hook, target]) await api.patch(one, { metadata: { finalizers: null } });
    await api.untilGone(name);
  });
});
