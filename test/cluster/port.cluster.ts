/** The port to Kubernetes on a real API server: design 5.2.1-3, 5.2.9. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ApiServer, ClusterNews } from "../../operator/cluster/api-server.ts";
import { makeKube } from "../../operator/cluster/kube.ts";
import { defaultLeaseTimes } from "../../operator/cluster/lease.ts";
import { deploymentKind } from "../../operator/cluster/owner.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { makeChanges } from "../operator/cluster/changes.ts";
import { describeCluster, type Stage } from "../operator/cluster/contract.ts";
import {
  ownedBy,
  seldonDeployment,
  service,
  specOf,
  workload,
} from "../operator/cluster/objects.ts";
import type { Api } from "./support/api.ts";
import type { Cluster as TestCluster } from "./support/cluster.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { sharedCluster, startOwn } from "./support/shared.ts";

const startMs = 120_000;

let world: TestCluster;

beforeAll(async () => {
  world = sharedCluster();
  await installCrd(world);
});
afterAll(() => world.close());

type Begun = ReturnType<typeof makeChanges> & { readonly cluster: ApiServer };

const begin = async (
  { kubeconfig }: Api,
  namespace: string,
  news: Partial<ClusterNews> = {},
): Promise<Begun> => {
  const changes = makeChanges();
  const { changed } = changes;
  const cluster = makeKube({ kubeconfig, namespace, identity: "tests", changed, news });
  await cluster.start(startMs);
  return { cluster, ...changes };
};

const makeStage = async (): Promise<Stage> => {
  const { api } = world;
  const namespace = await world.namespace();
  const { cluster, changes, until } = await begin(api, namespace);
  return {
    ...{ cluster, namespace, changes, until },
    put: async (object, manager = "somebody") => {
      const live = await api.find({ ...object, ...object.metadata });
      if (live === undefined) return api.create(object, { manager });
      // Only custom resources want a version; what controllers write meanwhile is no conflict here.
      const isCustom = object.kind === deploymentKind.kind;
      const version = isCustom ? { resourceVersion: live.metadata.resourceVersion } : {};
      const metadata = { ...object.metadata, ...version };
      return api.replace({ ...object, metadata }, { manager });
    },
    setStatus: async (ref, status) => {
      await api.patch(ref, { status }, { subresource: "status" });
    },
    take: (ref) => api.remove(ref),
    get: (ref) => api.find(ref),
    close: () => cluster.close(),
  };
};

describeCluster("makeKube", makeStage);

describe("makeKube on a server of many", () => {
  let namespace: string;
  const running: ApiServer[] = [];
  beforeEach(async () => {
    namespace = await world.namespace();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((cluster) => cluster.close()));
  });
  const started = async (...given: Parameters<typeof begin>): Promise<Begun> => {
    const begun = await begin(...given);
    running.push(begun.cluster);
    return begun;
  };
  const made = (name = "mymodel"): Promise<KubernetesObject> =>
    world.api.create(seldonDeployment(namespace, name));

  it("sees all namespaces and their labels", async () => {
    const { cluster, changes, until } = await started(world.api, "");
    await made();
    await until(() => cluster.deployment(namespace, "mymodel") !== undefined);
    expect(cluster.namespace(namespace)?.kind).toBe("Namespace");
    changes.clear();
    const target = { apiVersion: "v1", kind: "Namespace", name: namespace };
    await world.api.patch(target, { metadata: { labels: { "seldon.io/controller-id": "x" } } });
    await until(() => changes.has(`${namespace}/mymodel`));
    expect(cluster.namespace(namespace)?.metadata.labels).toHaveProperty([
      "seldon.io/controller-id",
    ]);
  });

  it("pages through more than one list holds", async () => {
    const names = Array.from({ length: 501 }, (_, at) => `svc-${at}`);
    const owner = await made();
    for (let at = 0; at < names.length; at += 50)
      await Promise.all(
        names.slice(at, at + 50).map((name) => world.api.create(service(ownedBy(owner, name)))),
      );
    const { cluster } = await started(world.api, namespace);
    expect(cluster.owned(owner.metadata.uid ?? "")).toHaveLength(names.length);
  });

  it("keeps replicas that an autoscaler has chosen, whatever we stop saying", async () => {
    const owner = await made();
    const { cluster } = await started(world.api, namespace);
    const live = await cluster.apply(workload(ownedBy(owner, "child"), { replicas: 2 }));
    const target = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "child" };
    const scale = { spec: { replicas: 9 } };
    await world.api.patch(target, scale, { subresource: "scale", manager: "autoscaler" });
    await cluster.handOverReplicas(live);
    const after = await cluster.apply(workload(ownedBy(owner, "child")));
    expect(specOf(after).replicas).toBe(9);
    await world.api.patch(target, { spec: { replicas: 4 } }, { subresource: "scale" });
    const again = await cluster.apply(workload(ownedBy(owner, "child"), { image: "model:2" }));
    expect(specOf(again).replicas).toBe(4);
  });

  it("counts equal events on one Event", async () => {
    const about = await made();
    const { cluster } = await started(world.api, namespace);
    const event = { about, type: "Warning", reason: "InvalidSpec", message: "bad" } as const;
    for (let turn = 0; turn < 3; turn++) cluster.tell(event);
    const where = { apiVersion: "v1", kind: "Event", namespace };
    const [told] = await world.api.untilAll(where, ([one]) => one?.["count"] === 3);
    expect(told).toMatchObject({
      involvedObject: { kind: "SeldonDeployment", name: "mymodel", uid: about.metadata.uid },
      source: { component: "seldon-controller-manager" },
    });
  });

  it("creates nothing in a namespace that is being deleted", async () => {
    const owner = await made();
    const { cluster } = await started(world.api, namespace);
    const target = { apiVersion: "v1", kind: "ConfigMap", namespace, name: "held" };
    await world.api.create({
      ...target,
      metadata: { name: "held", namespace, finalizers: ["espalier.test/hold"] },
    });
    await world.api.remove({ apiVersion: "v1", kind: "Namespace", name: namespace });
    await expect(cluster.apply(service(ownedBy(owner, "late")))).rejects.toMatchObject({
      code: "NAMESPACE_TERMINATING",
    });
    await world.api.patch(target, { metadata: { finalizers: null } });
  });

  it("says which right it lacks, and serves what it may", async () => {
    const user = await world.user({ name: `narrow-${namespace}` });
    const rights = [
      { apiGroups: ["machinelearning.seldon.io"], resources: ["*"], verbs: ["*"] },
      { apiGroups: ["apps", "autoscaling", "policy"], resources: ["*"], verbs: ["list", "watch"] },
      { apiGroups: [""], resources: ["services"], verbs: ["*"] },
    ];
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role" };
    await world.api.create({ ...role, metadata: { name: "narrow", namespace }, rules: rights });
    await world.api.create({
      ...{
        apiVersion: role.apiVersion,
        kind: "RoleBinding",
        metadata: { name: "narrow", namespace },
      },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "narrow" },
      subjects: [
        { kind: "User", name: `narrow-${namespace}`, apiGroup: "rbac.authorization.k8s.io" },
      ],
    });
    const failed: string[] = [];
    const news = { watchFailed: (kind: string) => failed.push(kind) };
    const { cluster } = await started(user, namespace, news);
    expect(failed).toContain("ScaledObject");
    const owner = await made();
    await cluster.apply(service(ownedBy(owner, "may")));
    await expect(cluster.apply(workload(ownedBy(owner, "may-not")))).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("grant the verb patch on deployments.apps"),
    });
  });

  it("elects one of two, and the other when the first lets go", async () => {
    const times = { ...defaultLeaseTimes, retryMs: 100 };
    const ending = new AbortController();
    const leases = await Promise.all(
      ["a", "b"].map(async (identity) => {
        const { kubeconfig } = world.api;
        const cluster = makeKube({ kubeconfig, namespace, identity, changed: () => {} });
        running.push(cluster);
        return cluster.lease(namespace, "leader", times);
      }),
    );
    const [winner, loser] = await firstOf(leases, ending.signal);
    const target = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      namespace,
      name: "leader",
    };
    const held = await world.api.get(target);
    await winner.release();
    expect(await loser).toBe(true);
    const after = await world.api.get(target);
    expect(holderOf(after)).not.toBe(holderOf(held));
    expect(after["spec"]).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 15 });
    ending.abort();
  });

  const holderOf = ({ spec }: KubernetesObject): unknown =>
    (spec as { readonly holderIdentity?: string }).holderIdentity; // of a Lease

  /** The lease that is taken first, and what becomes of the other. */
  const firstOf = async (
    leases: readonly ReturnType<ApiServer["lease"]>[],
    signal: AbortSignal,
  ) => {
    const tries = leases.map((lease) => ({ lease, taken: lease.acquire(signal) }));
    const winner = await Promise.race(
      tries.map(async (one) => {
        await one.taken;
        return one;
      }),
    );
    const loser = tries.find((one) => one !== winner);
    return [winner.lease, loser?.taken] as const;
  };
});

describe("makeKube on a server that fails", () => {
  let plane: ControlPlane;
  let cluster: ApiServer;
  let changes: ReturnType<typeof makeChanges>;
  const failed: string[] = [];
  beforeAll(async () => {
    plane = await startOwn();
    await installCrd(plane);
    changes = makeChanges();
    cluster = makeKube({
      ...{ kubeconfig: plane.api.kubeconfig, namespace: "", identity: "tests" },
      changed: changes.changed,
      news: { watchFailed: (kind) => failed.push(kind) },
    });
    await cluster.start(startMs);
  });
  afterAll(async () => {
    await cluster.close();
    await plane.stop();
  });

  it("goes on when the server has been killed and is back", async () => {
    const namespace = await plane.namespace();
    await plane.apiServer.kill();
    await expect(
      cluster.read({ apiVersion: "v1", kind: "Service", namespace, name: "x" }),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await plane.apiServer.start();
    await plane.api.create(seldonDeployment(namespace, "after"));
    await changes.until(() => cluster.deployment(namespace, "after") !== undefined);
    expect(failed).toContain("SeldonDeployment");
  });

  it("fails within its deadline while the server is paused, and sees all that it missed", async () => {
    const namespace = await plane.namespace();
    await plane.apiServer.pause();
    const service = { apiVersion: "v1", kind: "Service", namespace, name: "x" };
    await expect(cluster.read(service)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("10000 ms"),
    });
    plane.apiServer.resume();
    await plane.api.create(seldonDeployment(namespace, "after"));
    await changes.until(() => cluster.deployment(namespace, "after") !== undefined);
  });
});
