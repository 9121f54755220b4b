/** What the other files of this folder rely on. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ApiError } from "./support/api-error.ts";
import { writeVerbs } from "./support/audit.ts";
import type { Cluster } from "./support/cluster.ts";
import { isTrue } from "./support/conditions.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { makeReady, playKubelet } from "./support/kubelet.ts";
import { untilAllowed } from "./support/operator-roles.ts";
import { sharedCluster, startOwn } from "./support/shared.ts";

const deploymentOf = (namespace: string, name: string, replicas: number) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "none/of-it:1" }] },
    },
  },
});

const configMapOf = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data: { word: "one" },
});

describe("the shared control plane", () => {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = sharedCluster();
  });
  afterAll(() => cluster.close());

  it("makes a Deployment available through the real controllers", async () => {
    const { api } = cluster;
    const namespace = await cluster.namespace();
    const deployment = await api.apply(deploymentOf(namespace, "one", 2));
    expect(isTrue(deployment, "Available")).toBe(false);
    expect(isTrue(await makeReady(api, namespace, "one"), "Available")).toBe(true);
  });

  it("leaves pods unready that the kubelet is told to", async () => {
    const { api } = cluster;
    const namespace = await cluster.namespace();
    let isWell = false;
    const kubelet = playKubelet(api, { namespace, isReady: () => isWell });
    try {
      const deployment = await api.apply(deploymentOf(namespace, "one", 1));
      const pods = { apiVersion: "v1", kind: "Pod", namespace };
      await api.untilAll(pods, ([pod]) => pod !== undefined && isTrue(pod, "Initialized"));
      expect(isTrue(await api.get({ ...deployment, namespace, name: "one" }), "Available")).toBe(
        false,
      );
      isWell = true;
      await kubelet.look();
      await api.until({ ...deployment, namespace, name: "one" }, (one) => isTrue(one, "Available"));
    } finally {
      await kubelet.stop();
    }
  });

  it("removes what a removed object owns", async () => {
    const { api } = cluster;
    const namespace = await cluster.namespace();
    const kubelet = playKubelet(api, { namespace });
    const { apiVersion, kind } = await api.apply(deploymentOf(namespace, "one", 2));
    const pods = { apiVersion: "v1", kind: "Pod", namespace };
    await api.untilAll(pods, (all) => all.length === 2 && all.every((pod) => isTrue(pod, "Ready")));
    await api.remove({ apiVersion, kind, namespace, name: "one" });
    await api.untilAll(pods, ({ length }) => length === 0);
    await kubelet.stop();
  });

  it("counts what a user asked for, and refuses what no role grants", async () => {
    const namespace = await cluster.namespace();
    const { api, audit } = cluster;
    await api.create(roleOf(namespace), {});
    await api.create(bindingOf(namespace, "writers"), {});
    await untilAllowed(api, {
      ...{ user: "a writer", groups: ["writers"] },
      resourceAttributes: { verb: "patch", resource: "configmaps", namespace },
    });
    const mark = audit.mark();
    const writer = await cluster.user({ name: "a writer", groups: ["writers"] });
    await writer.apply(configMapOf(namespace, "one"));
    await writer.apply(configMapOf(namespace, "two"));
    await writer.get({ ...configMapOf(namespace, "one"), namespace, name: "one" });
    const secret = { apiVersion: "v1", kind: "Secret", namespace, name: "one" };
    await expect(writer.get(secret)).rejects.toMatchObject({ status: 403, reason: "Forbidden" });
    expect(audit.counts(mark, { user: "a writer", namespace })).toEqual({
      "patch configmaps": 2,
      "get configmaps": 1,
      "get secrets": 1,
    });
    expect(audit.counts(mark, { user: "a writer", namespace, verbs: writeVerbs })).toEqual({
      "patch configmaps": 2,
    });
  });

  it("says why it refuses an object", async () => {
    const namespace = await cluster.namespace();
    const object = { ...configMapOf(namespace, "one"), data: { "a b": "c" } };
    const refused: ApiError = await cluster.api.create(object).then(
      () => expect("accepted").toBe("refused"),
      (error) => error,
    );
    expect(refused).toMatchObject({ status: 422, reason: "Invalid" });
    expect(refused.causes.map(({ field }) => field)).toEqual(["data[a b]"]);
  });

  it("answers kubectl", async () => {
    const namespace = await cluster.namespace();
    const input = JSON.stringify(configMapOf(namespace, "one"));
    const applied = await cluster.kubectl(["apply", "-f", "-"], { input });
    expect(applied).toEqual({ code: 0, stdout: "configmap/one created\n", stderr: "" });
    const missing = await cluster.kubectl(["get", "configmap", "two", "-n", namespace]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("NotFound") });
  });
});

const roleOf = (namespace: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "writer", namespace },
  rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch"] }],
});

const bindingOf = (namespace: string, group: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "writers", namespace },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "writer" },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
});

describe("add-ons", () => {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = sharedCluster();
  });
  afterAll(() => cluster.close());

  it.each([
    { addon: "gateway-api", apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" },
    { addon: "gateway-api", apiVersion: "gateway.networking.k8s.io/v1", kind: "GRPCRoute" },
    { addon: "istio", apiVersion: "networking.istio.io/v1alpha3", kind: "VirtualService" },
    { addon: "istio", apiVersion: "networking.istio.io/v1", kind: "DestinationRule" },
    { addon: "keda", apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" },
    { addon: "emissary", apiVersion: "getambassador.io/v2", kind: "Mapping" },
    { addon: "emissary", apiVersion: "getambassador.io/v2", kind: "TLSContext" },
  ] as const)("has $kind in $apiVersion", async ({ addon, apiVersion, kind }) => {
    await cluster.installAddon(addon);
    const namespace = await cluster.namespace();
    expect(await cluster.api.list({ apiVersion, kind, namespace })).toEqual([]);
  });

  it("refuses by their schemas", async () => {
    await cluster.installAddon("keda");
    const metadata = { namespace: await cluster.namespace(), name: "one" };
    const object = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata, spec: {} };
    await expect(cluster.api.create(object)).rejects.toMatchObject({
      status: 422,
      causes: expect.arrayContaining([
        expect.objectContaining({ field: "spec.triggers", reason: "FieldValueRequired" }),
      ]),
    });
  });
});

describe("a control plane of one's own", () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startOwn();
  });
  afterAll(() => plane.stop());

  const version = { method: "GET", path: "/version" } as const;

  it("serves an add-on until it is removed", async () => {
    const { api } = plane;
    const kind = { apiVersion: "getambassador.io/v2", kind: "Mapping" };
    await expect(api.list(kind)).rejects.toMatchObject({ status: 404 });
    await plane.installAddon("emissary");
    await api.list(kind);
    await plane.removeAddon("emissary");
    await expect(api.list(kind)).rejects.toMatchObject({ status: 404 });
  });

  it("answers nothing while it is paused, and all after that", async () => {
    await plane.apiServer.pause();
    const paused = plane.api.ask({ ...version, signal: AbortSignal.timeout(300) });
    const refused = await paused.catch((error: Error) => error.name);
    const asked = plane.api.ask(version);
    plane.apiServer.resume();
    expect(refused).toBe("AbortError");
    expect(await asked).toMatchObject({ status: 200, body: { gitVersion: expect.any(String) } });
  });

  it("keeps its objects when the API server is killed and comes back", async () => {
    const { api } = plane;
    const namespace = await plane.namespace();
    const one = await api.create(configMapOf(namespace, "one"));
    await plane.apiServer.kill();
    await expect(api.ask(version)).rejects.toMatchObject({ code: expect.any(String) });
    const seen = api.until({ ...one, namespace, name: "two" }, () => true);
    await plane.apiServer.start();
    await api.create(configMapOf(namespace, "two"));
    await seen;
    expect(await api.get({ ...one, namespace, name: "one" })).toEqual(one);
  });
});
