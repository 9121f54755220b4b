/** How a cluster follows its manifests, with Istio: issue "the operator", 3 and 7. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { numberAt, textAt, valueAt, wordsAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Api } from "./support/api.ts";
import type { Cluster } from "./support/cluster.ts";
import { isTrue } from "./support/conditions.ts";
import { installCrd } from "./support/crd.ts";
import { isRolledOut, type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import { wordsOf, writesOf } from "./support/operator-audit.ts";
import {
  bringAbout,
  containersOf,
  deploymentAt,
  hasReason,
  imageOf,
  isSettled,
  manifestOf,
  messageOf,
  predictorOf,
  sdep,
  serviceAt,
  splitOf,
  virtualServiceAt,
} from "./support/operator-manifests.ts";
import { sharedCluster } from "./support/shared.ts";

let cluster: Cluster;
let api: Api;
let namespace: string;
let operator: Operator;
let kubelet: Kubelet;
/** Pods of these images do not become ready. */
const held = new Set<string>();

const isHeld = (pod: KubernetesObject): boolean =>
  [...containersOf({ ...pod, spec: { template: pod } }).values()].some((one) =>
    held.has(textAt(one, "image")),
  );

const letGo = async (image: string): Promise<void> => {
  held.delete(image);
  await kubelet.look();
};

beforeAll(async () => {
  cluster = sharedCluster();
  ({ api } = cluster);
  await installCrd(cluster);
  await cluster.installAddon("istio");
  namespace = await cluster.namespace();
  kubelet = playKubelet(api, { namespace, isReady: (pod) => !isHeld(pod) });
  const env = { ISTIO_ENABLED: "true", ESPALIER_WORKERS: "1" };
  operator = startOperatorProcess({ api, namespace, env });
  await operator.logged("working");
});
afterAll(async () => {
  expect(await operator.end()).toBe(0);
  expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
  await kubelet.stop();
  cluster.close();
});

let barriers = 0;

/**
 * What the operator was told of before has been done: it takes turns. Two of them, since it is told
 * of each kind by a watch of its own: while it does the first, it hears of all the rest.
 */
const passed = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) {
    barriers += 1;
    const target = sdep(namespace, `barrier-${barriers}`);
    await api.apply(manifestOf(target, [predictorOf()]));
    await api.until(target, (one) => textAt(one, "status", "state") !== "");
  }
};

const writesSince = (mark: number, name: string): readonly string[] =>
  writesOf(cluster.audit, mark, { namespace })
    .filter(({ objectRef }) => objectRef?.resource !== "events")
    .map(wordsOf)
    .filter((words) => words.includes(name));

const splitAt = async (name: string) => splitOf(await api.get(virtualServiceAt(namespace, name)));

describe("a new manifest", () => {
  it("is brought about, told of, and shown", async () => {
    const target = sdep(namespace, "fresh");
    const live = await bringAbout(api, manifestOf(target, [predictorOf({}, { replicas: 2 })]));
    expect(valueAt(live, "status")).toMatchObject({
      ...{ state: "Available", replicas: 2, observedGeneration: 1 },
      deploymentStatus: { "fresh-main-0-model": { replicas: 2, availableReplicas: 2 } },
    });
    await passed();
    await operator.logged("written");
    const reasons = ["CreateDeployment", "CreateDestinationRule", "CreateService", "CreateService"];
    const told = await api.untilAll(
      { apiVersion: "v1", kind: "Event", namespace, fields: "involvedObject.name=fresh" },
      (events) => events.filter((one) => textAt(one, "reason") === "Updated").length === 2,
    );
    expect(told.map((one) => textAt(one, "reason")).sort()).toEqual([
      ...[...reasons, "CreateVirtualService", "Updated", "Updated"],
    ]);
    const shown = await cluster.kubectl(["get", "sdep", "fresh", "-n", namespace]);
    expect(shown.stdout).toMatch(/NAME +READY +STATE[\s\S]*fresh +True +Available/);
  });
});

describe("a new image", () => {
  it("rolls over while the old pods serve, and routes wait", async () => {
    const target = sdep(namespace, "image");
    await bringAbout(api, manifestOf(target, [predictorOf({}, { replicas: 2 })]));
    held.add("none/of-it:slow");
    const slow = predictorOf({ image: "none/of-it:slow" }, { replicas: 2 });
    await api.apply(manifestOf(target, [slow]), { force: true });
    const during = await api.until(target, hasReason("WorkloadsNotReady"));
    expect(messageOf(during)).toContain("image-main-0-model");
    expect(isTrue(during, "Progressing")).toBe(true);
    expect(textAt(during, "status", "state")).toBe("Creating");
    const rolling = await api.until(
      deploymentAt(namespace, "image-main-0-model"),
      (one) => numberAt(one, "status", "updatedReplicas") === 1,
    );
    expect(numberAt(rolling, "status", "availableReplicas")).toBe(2);
    await letGo("none/of-it:slow");
    const after = await api.until(target, isSettled);
    expect(textAt(after, "status", "state")).toBe("Available");
    expect(isTrue(after, "Progressing")).toBe(false);
  });

  it("that never becomes ready is told of, and an older one brings peace", async () => {
    const target = sdep(namespace, "stuck");
    const deadline = { progressDeadlineSeconds: 1 };
    await bringAbout(api, manifestOf(target, [predictorOf({}, deadline)]));
    held.add("none/of-it:broken");
    const broken = manifestOf(target, [predictorOf({ image: "none/of-it:broken" }, deadline)]);
    await api.apply(broken, { force: true });
    const stuck = await api.until(target, hasReason("RolloutStuck"));
    expect(isTrue(stuck, "Progressing")).toBe(false);
    await bringAbout(api, manifestOf(target, [predictorOf({}, deadline)]));
  });
});

describe("kubectl scale", () => {
  it("reaches the pods, and is reported", async () => {
    const target = sdep(namespace, "scale");
    const manifest = manifestOf(target, [predictorOf()], { spec: { replicas: 1 } });
    await bringAbout(api, manifest);
    const { code } = await cluster.kubectl([
      ...["scale", "sdep/scale", "--replicas=3", "-n", namespace],
    ]);
    expect(code).toBe(0);
    const live = await api.until(target, isSettled);
    expect(numberAt(live, "status", "replicas")).toBe(3);
    const [first = ""] = textAt(live, "status", "selector").split(",");
    const [key = "", value = ""] = first.split("=");
    const pods = { apiVersion: "v1", kind: "Pod", namespace, labels: { [key]: value } };
    expect(await api.list(pods)).toHaveLength(3);
  });
});

describe("a canary", () => {
  it("gets traffic when it is ready, and is promoted before its elder goes", async () => {
    const target = sdep(namespace, "canary");
    const main = (traffic?: number) => predictorOf({}, traffic === undefined ? {} : { traffic });
    const next = (traffic: number) =>
      predictorOf({ name: "next", image: "none/of-it:next" }, { traffic });
    await bringAbout(api, manifestOf(target, [main()]));
    const before = await splitAt("canary");
    expect(Object.keys(before)).toEqual(["main"]);

    held.add("none/of-it:next");
    await api.apply(manifestOf(target, [main(75), next(25)]), { force: true });
    await api.until(target, hasReason("WorkloadsNotReady"));
    await passed();
    expect(Object.keys(await splitAt("canary"))).toEqual(["main"]);
    await letGo("none/of-it:next");
    await api.until(target, isSettled);
    expect(await splitAt("canary")).toEqual({ main: 75, next: 25 });

    const mark = cluster.audit.mark();
    await api.apply(manifestOf(target, [next(100)]), { force: true });
    await api.until(target, isSettled);
    await api.untilGone(deploymentAt(namespace, "canary-main-0-model"));
    await api.untilGone(serviceAt(namespace, "canary-main"));
    const writes = writesSince(mark, "canary");
    const moved = writes.indexOf("patch virtualservices canary");
    const gone = writes.indexOf("delete deployments canary-main-0-model");
    expect(moved).toBeGreaterThanOrEqual(0);
    expect(gone).toBeGreaterThan(moved);
    expect(Object.keys(await splitAt("canary"))).toEqual(["next"]);
    // Rules are not left behind either.
    const rules = { ...virtualServiceAt(namespace, ""), kind: "DestinationRule" };
    await api.untilGone({ ...rules, name: "canary-main" });
  });
});

describe("a shadow", () => {
  it("gets copies when it is ready, and none when it is gone", async () => {
    const target = sdep(namespace, "shadowed");
    const shadow = predictorOf({ name: "dark", image: "none/of-it:dark" }, { shadow: true });
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    held.add("none/of-it:dark");
    await api.apply(manifestOf(target, [predictorOf(), shadow]), { force: true });
    await api.until(target, hasReason("WorkloadsNotReady"));
    await passed();
    expect(await splitAt("shadowed")).not.toHaveProperty("mirror");
    await letGo("none/of-it:dark");
    await api.until(target, isSettled);
    expect(await splitAt("shadowed")).toMatchObject({ mirror: "dark" });
    await api.apply(manifestOf(target, [predictorOf()]), { force: true });
    await api.until(target, isSettled);
    expect(await splitAt("shadowed")).not.toHaveProperty("mirror");
    await api.untilGone(deploymentAt(namespace, "shadowed-dark-0-model"));
  });
});

describe("a container of another name", () => {
  it("gets a Deployment beside the old one, which goes when the new one is ready", async () => {
    const target = sdep(namespace, "rename");
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    held.add("none/of-it:renamed");
    const other = predictorOf({ container: "other", image: "none/of-it:renamed" });
    await api.apply(manifestOf(target, [other]), { force: true });
    await api.until(target, hasReason("WorkloadsNotReady"));
    await passed();
    expect(await api.find(deploymentAt(namespace, "rename-main-0-model"))).toBeDefined();
    expect(await api.find(deploymentAt(namespace, "rename-main-0-other"))).toBeDefined();
    await letGo("none/of-it:renamed");
    await api.until(target, isSettled);
    await api.untilGone(deploymentAt(namespace, "rename-main-0-model"));
    await api.untilGone(serviceAt(namespace, "rename-main-model"));
    const only = (one: KubernetesObject): boolean =>
      Object.keys(valueAt(one, "status", "deploymentStatus") ?? {}).join() ===
      "rename-main-0-other";
    await api.until(target, only);
  });
});

describe("engines", () => {
  it("go and come back with the annotation, under the same Service", async () => {
    const target = sdep(namespace, "engine");
    const name = "engine-main-0-model";
    const without = { "seldon.io/no-engine": "true" };
    const ports = async () => valueAt(await api.get(serviceAt(namespace, "engine-main")), "spec");
    const engines = async () => containersOf(await api.get(deploymentAt(namespace, name))).size;
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    expect(await engines()).toBe(2);
    await bringAbout(api, manifestOf(target, [predictorOf({}, { annotations: without })]));
    expect(await engines()).toBe(1);
    // The former ones stay for a minute, and lead to the same.
    const toModel = [{ port: 9000 }, { port: 9500 }, { targetPort: 9000 }, { targetPort: 9500 }];
    expect(await ports()).toMatchObject({ ports: toModel });
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    expect(await engines()).toBe(2);
    const toEngine = [{ port: 8000 }, { port: 5001 }, { targetPort: 8000 }, { targetPort: 5001 }];
    expect(await ports()).toMatchObject({ ports: toEngine });
  });
});

describe("what others change", () => {
  it("is put back where it is ours, and left alone where it is not", async () => {
    const target = sdep(namespace, "meddled");
    const child = deploymentAt(namespace, "meddled-main-0-model");
    await bringAbout(api, manifestOf(target, [predictorOf({}, { replicas: 1 })]));
    const image = [{ name: "model", image: "somebody/else:1" }];
    const theirs = { spec: { template: { spec: { containers: image } } } };
    await api.patch(child, theirs, { type: "strategic", manager: "kubectl-edit" });
    await api.until(child, (one) => imageOf(one) === "none/of-it:1");
    const claim = { apiVersion: "apps/v1", kind: "Deployment", ...theirs };
    const { namespace: _, name } = child;
    await api.apply(
      { ...claim, metadata: { name, namespace } },
      { manager: "somebody", force: true },
    );
    await api.until(child, (one) => imageOf(one) === "none/of-it:1");
    const scale = { spec: { replicas: 4 } };
    await api.patch(child, scale, { subresource: "scale", manager: "kubectl" });
    await api.until(child, (one) => numberAt(one, "spec", "replicas") === 1);
    const label = { metadata: { labels: { theirs: "yes" }, annotations: { theirs: "yes" } } };
    await api.patch(child, label, { manager: "kubectl-label" });
    await api.until(child, isRolledOut);
    // The status tells of the last pod that goes, and nothing is left to say.
    await api.until(
      target,
      (one) =>
        isSettled(one) &&
        numberAt(one, "status", "deploymentStatus", "meddled-main-0-model", "replicas") === 1,
    );
    await passed();
    const mark = cluster.audit.mark();
    await api.patch(target, { metadata: { annotations: { touched: "yes" } } });
    await passed();
    expect(wordsAt(await api.get(child), "metadata", "labels")).toMatchObject({ theirs: "yes" });
    expect(writesSince(mark, "meddled")).toEqual([]);
  });

  it("comes back when it is deleted", async () => {
    const target = sdep(namespace, "robbed");
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    for (const child of [
      ...[deploymentAt(namespace, "robbed-main-0-model"), serviceAt(namespace, "robbed-main")],
      ...[serviceAt(namespace, "robbed-main-model"), virtualServiceAt(namespace, "robbed")],
    ]) {
      const { metadata } = await api.get(child);
      await api.remove(child, { uid: metadata.uid ?? "" });
      await api.until(child, (one) => one.metadata.uid !== metadata.uid);
    }
    await api.until(target, isSettled);
  });
});

describe("deletion", () => {
  it("takes everything along", async () => {
    const target = sdep(namespace, "deleted");
    await bringAbout(api, manifestOf(target, [predictorOf()]));
    const children = [
      ...[deploymentAt(namespace, "deleted-main-0-model"), serviceAt(namespace, "deleted-main")],
      ...[serviceAt(namespace, "deleted-main-model"), virtualServiceAt(namespace, "deleted")],
    ];
    await api.remove(target);
    for (const child of children) await api.untilGone(child);
    await api.untilGone(target);
  });

  it("does not hold up one of the same name", async () => {
    const target = sdep(namespace, "again");
    const made = await bringAbout(api, manifestOf(target, [predictorOf()]));
    await api.remove(target, { propagation: "Background" });
    await api.untilGone(target);
    const next = await bringAbout(api, manifestOf(target, [predictorOf()]));
    expect(next.metadata.uid).not.toBe(made.metadata.uid);
    const owners = (one: KubernetesObject) => one.metadata.ownerReferences?.map(({ uid }) => uid);
    const child = await api.get(deploymentAt(namespace, "again-main-0-model"));
    expect(owners(child)).toEqual([next.metadata.uid]);
  });
});
