/** The operator as a process against a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { group, kind } from "../../api/schema.ts";
import { listAt, numberAt, textAt, valueAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { type Manifest, samples } from "../crds/manifests.ts";
import type { Addon } from "./environment/addons.ts";
import type { Api, Given } from "./support/api.ts";
import { targetOf } from "./support/api.ts";
import { writeVerbs } from "./support/audit.ts";
import type { Cluster } from "./support/cluster.ts";
import { isTrue } from "./support/conditions.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import { sharedCluster } from "./support/shared.ts";

const apiVersion = `${group}/v1`;
const pod = { apiVersion: "v1", kind: "Pod" };

const isReady = (one: KubernetesObject): boolean => isTrue(one, "Ready");

const built = (name: string, namespace: string): Given => ({
  ...{ apiVersion, kind, metadata: { name, namespace } },
  spec: { predictors: [{ name: "main", graph: { name: "a", implementation: "SIMPLE_MODEL" } }] },
});

/** Plays a gateway: takes every HTTPRoute on. Answers how to stop. */
const playGateway = (api: Api, namespace: string): (() => Promise<void>) => {
  const ending = new AbortController();
  const where = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", namespace };
  const accept = async (route: KubernetesObject): Promise<void> => {
    if (listAt(route, "status", "parents").length > 0) return;
    const now = new Date().toISOString();
    const condition = { type: "Accepted", status: "True", reason: "Accepted", message: "" };
    const parents = [
      {
        parentRef: listAt(route, "spec", "parentRefs")[0],
        controllerName: "example.com/played",
        conditions: [{ ...condition, lastTransitionTime: now }],
      },
    ];
    await api.patch(targetOf(route), { status: { parents } }, { subresource: "status" });
  };
  const played = (async (): Promise<void> => {
    for await (const routes of api.follow(where, ending.signal)) {
      for (const route of routes) await accept(route);
    }
  })().catch(() => undefined); // ended by the signal
  return async () => {
    ending.abort();
    await played;
  };
};

/** Autoscalers have had their way: they start with fewer pods than some want at least. */
const untilScaled = async (api: Api, namespace: string): Promise<void> => {
  const autoscalers = await api.list({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    namespace,
  });
  for (const { metadata, spec } of autoscalers) {
    const least = numberAt(spec, "minReplicas");
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace };
    await api.until(
      { ...deployment, name: metadata.name },
      (one) => numberAt(one, "status", "availableReplicas") >= least,
    );
  }
};

const addons: readonly Addon[] = ["gateway-api", "istio", "keda", "emissary"];

describe.each([
  { name: "without add-ons", env: {}, installed: [] },
  {
    name: "with every add-on",
    env: {
      ISTIO_ENABLED: "true",
      KEDA_ENABLED: "true",
      AMBASSADOR_ENABLED: "true",
      AMBASSADOR_VERSION: "v2",
      ESPALIER_GATEWAY_API_ENABLED: "true",
      ESPALIER_GATEWAY: "infra/public",
    },
    installed: addons,
  },
])("espalier operator, $name", ({ env, installed }) => {
  let cluster: Cluster;
  let namespace: string;
  let operator: Operator;
  let kubelet: Kubelet;
  let stopGateway = async (): Promise<void> => {};
  beforeAll(async () => {
    cluster = sharedCluster();
    await installCrd(cluster);
    for (const addon of installed) await cluster.installAddon(addon);
    namespace = await cluster.namespace();
    const account = { name: "model-reader", namespace }; // of a sample
    await cluster.api.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
    kubelet = playKubelet(cluster.api, { namespace });
    if (installed.length > 0) stopGateway = playGateway(cluster.api, namespace);
    // One worker takes turns, so that what comes later is done later.
    const settings = { ...env, ESPALIER_WORKERS: "1" };
    operator = startOperatorProcess({ api: cluster.api, namespace, env: settings });
    await operator.logged("working");
    for (const { manifest } of samples) {
      await cluster.api.apply({ ...manifest, metadata: { ...manifest.metadata, namespace } });
    }
  });
  afterAll(async () => {
    expect(await operator.end()).toBe(0);
    expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
    await stopGateway();
    await kubelet.stop();
    cluster.close();
  });

  const targetIn = ({ metadata }: Manifest) => ({
    ...{ apiVersion, kind, namespace, name: metadata.name },
  });
  const files = samples.map(({ file, manifest }) => [file, manifest] as const);

  it.each(files)("brings %s about", async (_file, manifest) => {
    await cluster.api.until(targetIn(manifest), isReady);
  });

  it("writes nothing when all is settled and looked at again", async () => {
    const { api, audit } = cluster;
    await untilScaled(api, namespace);
    for (const [, manifest] of files) await api.until(targetIn(manifest), isReady);
    await passed("before");
    const mark = audit.mark();
    for (const round of ["1", "2"]) {
      const touched = { metadata: { annotations: { round } } };
      for (const [, manifest] of files) await api.patch(targetIn(manifest), touched);
      await passed(round);
    }
    const writes = audit
      .since(mark, { userAgent: "espalier-operator", verbs: writeVerbs, namespace })
      // Events about what was done before may still be on their way.
      .filter(({ objectRef }) => objectRef?.resource !== "events")
      .filter(({ objectRef }) => !objectRef?.name?.includes("barrier-"));
    expect(writes.map(({ verb, objectRef }) => [verb, objectRef])).toEqual([]);
  });

  /**
   * What the operator was told of before has been done: it takes turns. Two of them, since it is
   * told of each kind by a watch of its own: while it does the first, it hears of all the rest.
   */
  const passed = async (name: string): Promise<void> => {
    for (const turn of ["first", "second"]) {
      const barrier = built(`barrier-${name}-${turn}`, namespace);
      await cluster.api.apply(barrier);
      await cluster.api.until(targetOf(barrier), isReady);
    }
  };
});

describe("espalier operator, changing a selector", () => {
  let cluster: Cluster;
  let namespace: string;
  let operator: Operator;
  let kubelet: Kubelet;
  beforeAll(async () => {
    cluster = sharedCluster();
    await installCrd(cluster);
    namespace = await cluster.namespace();
    kubelet = playKubelet(cluster.api, { namespace });
    operator = startOperatorProcess({ api: cluster.api, namespace });
    await operator.logged("working");
  });
  afterAll(async () => {
    expect(await operator.end()).toBe(0);
    await kubelet.stop();
    cluster.close();
  });

  it("keeps the old pods until the new ones are ready", async () => {
    const { api } = cluster;
    const deployment = (isSeparate: boolean): Given => ({
      ...{ apiVersion, kind, metadata: { name: "split", namespace } },
      spec: {
        annotations: { "seldon.io/engine-separate-pod": String(isSeparate) },
        predictors: [
          {
            ...{ name: "main", replicas: 2, graph: { name: "model" } },
            componentSpecs: [{ spec: { containers: [{ name: "model", image: "none/of-it:1" }] } }],
          },
        ],
      },
    });
    const target = targetOf(deployment(false));
    await api.apply(deployment(false));
    await api.until(target, isReady);
    const counts: number[] = [];
    const ending = new AbortController();
    const labels = { "seldon-app": "split-main" };
    const counted = (async () => {
      for await (const now of api.follow({ ...pod, namespace, labels }, ending.signal)) {
        counts.push(now.filter((one) => isTrue(one, "Ready")).length);
      }
    })().catch(() => undefined); // ended by the signal
    const change = async (isSeparate: boolean, generation: number): Promise<void> => {
      await api.apply(deployment(isSeparate));
      await api.until(
        target,
        (one) => isReady(one) && valueAt(one, "status", "observedGeneration") === generation,
      );
      // Every set of pods has one owner, the Deployment that is there, and no mark of ours.
      const live = await api.list({ apiVersion: "apps/v1", kind: "Deployment", namespace });
      const uids = live.map(({ metadata }) => metadata.uid);
      await api.untilAll({ apiVersion: "apps/v1", kind: "ReplicaSet", namespace }, (sets) =>
        sets.every(({ metadata: { ownerReferences: owners = [], labels: words = {} } }) => {
          const [owner] = owners;
          return (
            owners.length === 1 &&
            uids.includes(owner?.uid) &&
            words["espalier.io/replaced"] === undefined
          );
        }),
      );
    };
    const deployments = { apiVersion: "apps/v1", kind: "Deployment", namespace };
    const namesOf = async (): Promise<readonly string[]> =>
      (await api.list(deployments)).map(({ metadata }) => metadata.name).sort();
    await change(true, 2);
    expect(await namesOf()).toEqual(["split-main-0-model", "split-main-svc-orch"]);
    await change(false, 3);
    await api.untilAll(deployments, ({ length }) => length === 1);
    expect(await namesOf()).toEqual(["split-main-0-model"]);
    ending.abort();
    await counted;
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });
});

describe("espalier operator, elected", () => {
  // A lease is not lost because the machine is busy for some seconds.
  const flags = [
    "--enable-leader-election",
    "--leader-election-lease-duration-secs=30",
    "--leader-election-renew-deadline-secs=25",
    "--leader-election-retry-period-secs=1",
  ];
  let cluster: Cluster;
  let namespace: string;
  beforeAll(async () => {
    cluster = sharedCluster();
    await installCrd(cluster);
    namespace = await cluster.namespace();
  });
  afterAll(() => cluster.close());
  const start = (): Operator => startOperatorProcess({ api: cluster.api, namespace, flags });

  it("hands over when it is told to end, and when it is killed", async () => {
    const first = start();
    await first.logged("working");
    const second = start();
    const third = start();
    expect(await first.end()).toBe(0);
    const next = await Promise.race(
      [second, third].map(async (one) => {
        await one.logged("working");
        return one;
      }),
    );
    const last = next === second ? third : second;
    expect(last.lines.some(({ msg }) => msg === "working")).toBe(false);
    const one = built("one", namespace);
    await cluster.api.apply(one);
    await cluster.api.until(targetOf(one), (object) => textAt(object, "status", "state") !== "");
    expect(await next.end("SIGKILL")).toBe(null);
    await last.logged("working");
    const two = built("two", namespace);
    await cluster.api.apply(two);
    await cluster.api.until(targetOf(two), (object) => textAt(object, "status", "state") !== "");
    expect(await last.end()).toBe(0);
  });

  it("ends when somebody else has taken its lease", async () => {
    const operator = start();
    await operator.logged("working");
    const leases = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace };
    const [lease] = await cluster.api.list(leases);
    if (lease === undefined) throw new Error("it holds a lease");
    const name = lease.metadata.name;
    const spec = { holderIdentity: "somebody", leaseDurationSeconds: 3600 };
    await cluster.api.patch(
      { ...leases, name },
      { spec: { ...spec, renewTime: valueAt(lease, "spec", "renewTime") } },
    );
    await operator.logged("the lease is lost");
    expect(await operator.end("SIGCONT")).toBe(1);
  });
});
