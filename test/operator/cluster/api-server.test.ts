/** The parts put together, on a scripted server; what a real one does is in test/cluster. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { makeApiServer } from "../../../operator/cluster/api-server.ts";
import { type Clock, systemClock } from "../../../operator/cluster/clock.ts";
import type { ClusterEvent } from "../../../operator/cluster/cluster.ts";
import { seldonDeployments } from "../../../operator/cluster/kinds.ts";
import type { Ask } from "../../../operator/cluster/wire.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { makeManualClock, settle } from "./manual-clock.ts";
import { ownedBy, seldonDeployment, service, workload } from "./objects.ts";
import { makeFeed, makeScriptedWire, type Reply } from "./scripted-wire.ts";

const stored = (object: KubernetesObject, resourceVersion: string): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion },
});
const owner = stored(seldonDeployment("ns1", "mymodel"), "3");
const notFound: Reply = { status: 404, body: "404 page not found" };
const refused: Reply = { status: 403, body: { kind: "Status", message: "no" } };

type Script = { readonly [request: string]: Reply | undefined };

/** Lists and watches nothing of what the script does not name: "list Service", "watch Service". */
const begin = (script: Script = {}, namespace = "", clock: Clock = systemClock) => {
  const changes: string[] = [];
  const told: (string | undefined)[] = [];
  const served: string[] = [];
  const feeds = new Map<string, ReturnType<typeof makeFeed>>();
  const { wire, asks } = makeScriptedWire(({ verb, kind, signal }: Ask): Reply => {
    const known = script[`${verb} ${kind}`];
    if (known !== undefined) return known;
    if (verb === "list")
      return { status: 200, body: { metadata: { resourceVersion: "10" }, items: [] } };
    const feed = makeFeed();
    feeds.set(kind, feed);
    signal?.addEventListener("abort", feed.end);
    return feed;
  });
  const cluster = makeApiServer(wire, {
    ...{ namespace, identity: "one", clock },
    changed: (where, name) => changes.push(`${where}/${name}`),
    config: {
      ...{ namespace: "seldon-system", name: "seldon-config" },
      changed: (configMap) => told.push(configMap?.metadata.resourceVersion),
    },
    news: { served: (kind, isServed) => served.push(`${kind} ${isServed}`) },
  });
  return { cluster, asks, changes, told, served, feeds };
};

const listOf = (...items: readonly KubernetesObject[]): Reply => ({
  status: 200,
  body: { metadata: { resourceVersion: "10" }, items },
});

describe("makeApiServer", () => {
  let running: ReturnType<typeof begin>;
  afterEach(() => running.cluster.close());

  it("starts with add-ons absent or out of reach", async () => {
    running = begin({ "list ScaledObject": notFound, "list VirtualService": refused });
    await running.cluster.start(5_000);
    const serves = (apiVersion: string, kind: string) =>
      running.cluster.serves({ apiVersion, kind });
    expect(serves("keda.sh/v1alpha1", "ScaledObject")).toBe(false);
    expect(serves("networking.istio.io/v1alpha3", "VirtualService")).toBe(true);
    expect(serves("apps/v1", "Deployment")).toBe(true);
    expect(serves("espalier.test/v1", "Absent")).toBe(false);
    expect(running.served).toContain("ScaledObject false");
  });

  it.each([
    { name: "a right is missing", reply: refused, code: "FORBIDDEN" },
    { name: "its CRD is not installed", reply: notFound, code: "NOT_FOUND" },
    { name: "nothing answers", reply: new Error("down"), code: "UNAVAILABLE" },
  ])("does not start when $name", async ({ reply, code }) => {
    running = begin({ [`list ${seldonDeployments.kind}`]: reply });
    await expect(running.cluster.start(20)).rejects.toMatchObject({ code });
  });

  it("asks for one namespace alone, or for all and their Namespaces", async () => {
    running = begin({}, "ns1");
    await running.cluster.start(5_000);
    const pathsOf = () =>
      running.asks.filter(({ verb }) => verb === "list").map(({ path }) => path);
    expect(pathsOf()).toContain("/apis/apps/v1/namespaces/ns1/deployments");
    expect(pathsOf()).toContain("/api/v1/namespaces/seldon-system/configmaps");
    expect(pathsOf()).not.toContain("/api/v1/namespaces");
    expect(running.cluster.namespace("ns1")).toBeUndefined();
    await running.cluster.close();
    running = begin();
    await running.cluster.start(5_000);
    expect(pathsOf()).toContain("/apis/apps/v1/deployments");
    expect(pathsOf()).toContain("/api/v1/namespaces");
  });

  it("has a deployment looked at when its Namespace or what it controls changes", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns1" } };
    running = begin({ "list SeldonDeployment": listOf(owner) });
    await running.cluster.start(5_000);
    expect(running.changes).toEqual(["ns1/mymodel"]);
    running.feeds.get("Namespace")?.send("ADDED", stored(namespace, "11"));
    await settle();
    running.feeds.get("Service")?.send("ADDED", stored(service(ownedBy(owner, "s")), "12"));
    await settle();
    expect(running.changes).toEqual(Array(3).fill("ns1/mymodel"));
    expect(running.cluster.namespace("ns1")?.metadata.name).toBe("ns1");
    expect(running.cluster.owned("uid-mymodel")).toHaveLength(1);
  });

  it("keeps nothing that is not a SeldonDeployment's", async () => {
    const { ownerReferences: _, ...metadata } = ownedBy(owner, "s");
    running = begin({ "list Service": listOf(stored(service(metadata), "5")) });
    await running.cluster.start(5_000);
    expect([running.cluster.owned("uid-mymodel"), running.changes]).toEqual([[], []]);
  });

  it("hands over the configuration as it changes", async () => {
    const map = { apiVersion: "v1", kind: "ConfigMap" };
    const metadata = { name: "seldon-config", namespace: "seldon-system" };
    running = begin({ "list ConfigMap": listOf(stored({ ...map, metadata }, "5")) });
    await running.cluster.start(5_000);
    expect(running.told).toEqual(["5"]);
    running.feeds.get("ConfigMap")?.send("MODIFIED", stored({ ...map, metadata }, "12"));
    running.feeds.get("ConfigMap")?.send("DELETED", stored({ ...map, metadata }, "13"));
    await settle();
    expect(running.told.at(-1)).toBeUndefined();
    expect(running.told).toContain("12");
  });

  it("shows at once what it has written and deleted", async () => {
    const child = stored(workload(ownedBy(owner, "child")), "11");
    running = begin({
      "patch Deployment": { status: 200, body: child },
      "delete Deployment": { status: 200, body: { kind: "Status" } },
    });
    await running.cluster.start(5_000);
    await running.cluster.apply(child);
    expect(running.cluster.owned("uid-mymodel")).toHaveLength(1);
    await running.cluster.remove(child, "orphan");
    expect(running.cluster.owned("uid-mymodel")).toHaveLength(0);
    const bodies = running.asks.filter(({ verb }) => verb === "delete").map(({ body }) => body);
    expect(bodies).toEqual([
      expect.objectContaining({
        preconditions: { uid: "uid-child" },
        propagationPolicy: "Orphan",
      }),
    ]);
  });

  it("shows what waits for its dependents as it is", async () => {
    const child = stored(workload(ownedBy(owner, "child")), "11");
    const finalizers = ["foregroundDeletion"];
    const ending = { ...child, metadata: { ...child.metadata, resourceVersion: "12", finalizers } };
    running = begin({
      "list Deployment": listOf(child),
      "delete Deployment": { status: 200, body: ending },
    });
    await running.cluster.start(5_000);
    await running.cluster.remove(child);
    expect(running.cluster.owned("uid-mymodel")[0]?.metadata.resourceVersion).toBe("12");
  });

  it.each([
    { name: "is refused", reply: refused, code: "FORBIDDEN" },
    { name: "is of a kind not served", reply: notFound, code: "NOT_FOUND" },
  ])("passes on that a deletion $name", async ({ reply, code }) => {
    running = begin({ "delete Deployment": reply });
    const child = stored(workload(ownedBy(owner, "child")), "11");
    await expect(running.cluster.remove(child)).rejects.toMatchObject({ code });
  });

  it("lists by labels, and passes on what stands in the way", async () => {
    const asked = { apiVersion: "apps/v1", kind: "ReplicaSet", namespace: "ns1" };
    running = begin({ "list ReplicaSet": listOf(stored(service(ownedBy(owner, "r")), "5")) });
    const [found] = await running.cluster.list(asked, { a: "1", b: "2" });
    expect(found).toMatchObject({ apiVersion: "apps/v1", kind: "ReplicaSet" });
    expect(running.asks[0]?.query).toEqual({ labelSelector: "a=1,b=2" });
    running = begin({ "list ReplicaSet": refused });
    await expect(running.cluster.list(asked, {})).rejects.toMatchObject({ code: "FORBIDDEN" });
    const absent = { ...asked, kind: "Absent" };
    await expect(running.cluster.list(absent, {})).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("gives up adopting when others always come in between", async () => {
    const live = stored(workload(ownedBy(owner, "child")), "11");
    running = begin({
      "get Deployment": { status: 200, body: live },
      "update Deployment": { status: 409, body: { kind: "Status", reason: "Conflict" } },
    });
    await expect(running.cluster.adopt(live, live)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(running.asks.filter(({ verb }) => verb === "update")).toHaveLength(5);
  });

  it("reports over labels that others have written, once", async () => {
    const conflict: Reply = { status: 409, body: { kind: "Status", reason: "Conflict" } };
    running = begin({
      "patch SeldonDeployment": conflict,
      "get SeldonDeployment": { status: 200, body: owner },
    });
    await expect(running.cluster.report(owner, {})).rejects.toMatchObject({ code: "CONFLICT" });
    expect(running.asks.map(({ verb }) => verb)).toEqual(["patch", "get", "patch"]);
  });

  it("keeps a Lease, and says what it was told before it ends", async () => {
    running = begin({
      "get Lease": notFound,
      "create Lease": { status: 201, body: { metadata: { resourceVersion: "1" } } },
      "update Lease": { status: 200, body: { metadata: { resourceVersion: "2" } } },
      "create Event": { status: 201, body: {} },
    });
    const times = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
    const lease = running.cluster.lease("seldon-system", "leader", times);
    expect(await lease.acquire(new AbortController().signal)).toBe(true);
    await lease.release();
    const event: ClusterEvent = { about: owner, type: "Normal", reason: "Created", message: "x" };
    running.cluster.tell(event);
    await running.cluster.close();
    expect(running.asks.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      ...["get Lease", "create Lease", "update Lease", "create Event"],
    ]);
    expect(running.asks[2]?.body).toMatchObject({ spec: { holderIdentity: "" } });
  });

  it("has everything looked at again when an add-on comes", async () => {
    let isInstalled = false;
    const script = {
      "list SeldonDeployment": listOf(owner),
      get "list ScaledObject"() {
        return isInstalled ? undefined : notFound;
      },
    };
    const clock = makeManualClock();
    running = begin(script, "", clock);
    await running.cluster.start(5_000);
    running.changes.length = 0;
    isInstalled = true;
    await clock.pass(60_000);
    expect(running.changes).toEqual(["ns1/mymodel"]);
    const scaled = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" };
    expect(running.cluster.serves(scaled)).toBe(true);
  });
});
