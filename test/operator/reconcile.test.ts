import { describe, expect, it } from "@jest/globals";
import type { ClusterErrorCode } from "../../operator/cluster/cluster.ts";
import { numberAt, textAt, valueAt } from "../../operator/live.ts";
import { controllerIdLabel } from "../../operator/outcome.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import {
  component,
  countWrites,
  deploymentRef,
  destinations,
  makeWorld,
  manifest,
  predictor,
  settled,
} from "./world.ts";

const main = deploymentRef("mymodel-default-0-model");
const small = [
  "Deployment mymodel-default-0-model",
  "Service mymodel-default",
  "Service mymodel-default-model",
];

const routes = { istioEnabled: true };

describe("makeReconcile", () => {
  it("brings a deployment about, and then leaves it alone", async () => {
    const world = makeWorld();
    world.apply(manifest());
    expect(await world.pass()).toEqual({ code: "PROGRESSING", state: "Creating" });
    expect(world.owned()).toEqual(small);
    expect(world.condition("Ready")).toBe("Ready=False WorkloadsNotReady");
    expect(world.condition("Progressing")).toBe("Progressing=True RollingOut");
    const before = countWrites(world.cluster);
    await world.pass();
    expect(countWrites(world.cluster)).toBe(before);
    world.ready();
    expect(await world.settle()).toEqual({ code: "SETTLED", state: "Available" });
    expect(world.condition("Ready")).toBe("Ready=True Ready");
    expect(world.events.map(({ reason }) => reason)).toEqual([
      ...["CreateService", "CreateService", "CreateDeployment", "Updated", "Updated"],
    ]);
  });

  it("writes only what differs, and says what that is", async () => {
    const world = await settled();
    const from = world.writes.length;
    world.apply(
      manifest([
        predictor("default", {
          componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:2" }] } }],
        }),
      ]),
    );
    await world.settle();
    expect(world.writes.slice(from).map(({ verb, ref, why }) => [verb, ref.kind, why])).toEqual([
      ["Update", "Deployment", expect.stringMatching(/^spec\.template\..*differs$/)],
    ]);
  });

  it("takes away a field that is no longer wanted", async () => {
    const own = { annotations: { note: "a" } };
    const world = await settled(manifest([predictor("default", own)]));
    const noteOf = () =>
      valueAt(world.cluster.get(main), "spec", "template", "metadata", "annotations", "note");
    expect(noteOf()).toBe("a");
    world.apply(manifest());
    await world.settle();
    expect(noteOf()).toBeUndefined();
  });

  it.each(["Deployment", "Service"])("makes a %s again that somebody deleted", async (kind) => {
    const world = await settled();
    const name = kind === "Service" ? "mymodel-default" : main.name;
    world.cluster.take({ ...main, apiVersion: kind === "Service" ? "v1" : "apps/v1", kind, name });
    await world.settle();
    expect(world.owned()).toEqual(small);
  });

  it("puts back what somebody changed", async () => {
    const world = await settled();
    const live = world.cluster.get(main) as KubernetesObject; // it is there
    world.cluster.put({ ...live, spec: { ...(live["spec"] as object), replicas: 5 } });
    await world.settle();
    expect(numberAt(world.cluster.get(main), "spec", "replicas")).toBe(1);
  });

  it("leaves the replicas alone that nobody wrote", async () => {
    const world = await settled(manifest([predictor("default", { replicas: undefined })]));
    const live = world.cluster.get(main) as KubernetesObject; // it is there
    world.cluster.put({ ...live, spec: { ...(live["spec"] as object), replicas: 5 } });
    await world.settle();
    expect(numberAt(world.cluster.get(main), "spec", "replicas")).toBe(5);
  });

  it("keeps ten pods when an autoscaler takes over", async () => {
    const world = await settled(manifest([predictor("default", { replicas: 10 })]));
    const hpaSpec = { minReplicas: 1, maxReplicas: 20 };
    const scaled = predictor("default", {
      replicas: undefined,
      componentSpecs: [component("model", { hpaSpec })],
    });
    world.apply(manifest([scaled]));
    await world.settle();
    expect(world.owned()).toContain("HorizontalPodAutoscaler mymodel-default-0-model");
    expect(numberAt(world.cluster.get(main), "spec", "replicas")).toBe(10);
    world.apply(manifest());
    await world.pass();
    expect(world.owned()).toEqual(small);
    expect(numberAt(world.cluster.get(main), "spec", "replicas")).toBe(1);
  });
});

describe("makeReconcile, whose deployment it is", () => {
  const namespace = (labels: object, more: object = {}) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "ns1", labels: labels as Record<string, string>, ...more },
  });
  const labelled = (id: string): KubernetesObject => {
    const object = manifest();
    return { ...object, metadata: { ...object.metadata, labels: { [controllerIdLabel]: id } } };
  };

  it("has nothing to do for one that is not there", async () => {
    expect(await makeWorld().pass()).toEqual({ code: "GONE" });
  });

  it.each([
    { name: "label of another", object: labelled("a"), id: "", code: "FOREIGN" },
    { name: "no label, but an id", object: manifest(), id: "a", code: "FOREIGN" },
    { name: "its own label", object: labelled("a"), id: "a", code: "PROGRESSING" },
  ])("looks at $name", async ({ object, id, code }) => {
    const world = makeWorld();
    world.change({ controllerId: id });
    world.apply(object);
    expect((await world.pass()).code).toBe(code);
    expect(world.owned().length > 0).toBe(code === "PROGRESSING");
  });

  it.each([
    {
      name: "labelled with our id",
      space: namespace({ [controllerIdLabel]: "a" }),
      code: "FOREIGN",
    },
    {
      name: "being deleted",
      space: namespace({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      code: "TERMINATING",
    },
    { name: "of nobody", space: namespace({}), code: "PROGRESSING" },
  ])("looks at a namespace that is $name", async ({ space, code }) => {
    const world = makeWorld();
    world.cluster.put(space);
    world.apply(manifest());
    expect((await world.pass()).code).toBe(code);
  });

  it("waits for a namespace that it has to know, and does not know yet", async () => {
    const world = makeWorld();
    world.change({ isClusterWide: true });
    world.apply(manifest());
    expect(await world.pass()).toEqual({ code: "WAITING" });
    expect(world.owned()).toEqual([]);
    world.cluster.put(namespace({}));
    expect((await world.pass()).code).toBe("PROGRESSING");
  });

  it("leaves one alone that is being deleted", async () => {
    const world = await settled();
    const object = manifest();
    const deletionTimestamp = "2026-01-01T00:00:00Z";
    world.apply({ ...object, metadata: { ...object.metadata, deletionTimestamp } });
    world.cluster.take(main);
    expect(await world.pass()).toEqual({ code: "DELETING" });
    expect(world.owned()).not.toContain("Deployment mymodel-default-0-model");
  });
});

describe("makeReconcile, faults", () => {
  it("tells of all faults of a manifest once, and touches nothing", async () => {
    const world = await settled();
    world.apply(manifest([predictor("default", { traffic: 200, componentSpecs: [] })]));
    expect(await world.pass()).toEqual({ code: "REJECTED", state: "Failed" });
    expect(world.condition("Ready")).toBe("Ready=False InvalidSpec");
    expect(textAt(world.status(), "description")).toMatch(/spec\.predictors\[0\]/);
    expect(world.owned()).toEqual(small);
    const warned = () => world.events.filter(({ type }) => type === "Warning").length;
    expect(warned()).toBe(1);
    await world.settle();
    expect(warned()).toBe(1);
    world.apply(manifest());
    expect(await world.settle()).toEqual({ code: "SETTLED", state: "Available" });
  });

  it("says which field of a pod nobody knows, and serves all the same", async () => {
    const spec = { containers: [{ name: "model", image: "I:1", imagePulPolicy: "Always" }] };
    const world = await settled(manifest([predictor("default", { componentSpecs: [{ spec }] })]));
    expect(world.condition("SpecWarnings")).toBe("SpecWarnings=True FieldsIgnored");
    expect(JSON.stringify(world.status())).toContain("containers[0].imagePulPolicy");
    expect(world.condition("Ready")).toBe("Ready=True Ready");
  });

  it.each([
    { name: "Service of somebody", kind: "Service", apiVersion: "v1", as: "mymodel-default" },
    { name: "Deployment of somebody", kind: "Deployment", apiVersion: "apps/v1", as: main.name },
  ])("leaves a $name alone that has our name", async ({ kind, apiVersion, as }) => {
    const world = makeWorld();
    const theirs = {
      apiVersion,
      kind,
      metadata: { name: as, namespace: "ns1" },
      spec: { selector: { matchLabels: { a: "b" } } },
    };
    world.cluster.put(theirs);
    world.apply(manifest());
    expect(await world.pass()).toEqual({ code: "FAULTY", state: "Failed" });
    expect(world.condition("Ready")).toBe("Ready=False NameTaken");
    expect(world.owned()).toHaveLength(2);
    world.cluster.take({ apiVersion, kind, namespace: "ns1", name: as });
    await world.pass();
    expect(world.owned()).toEqual(small);
  });

  it.each<{ code: ClusterErrorCode; reason: string; outcome: string; state: string }>([
    { code: "FORBIDDEN", reason: "Forbidden", outcome: "FAULTY", state: "Failed" },
    { code: "INVALID", reason: "Refused", outcome: "FAULTY", state: "Failed" },
    { code: "UNAVAILABLE", reason: "Unavailable", outcome: "UNAVAILABLE", state: "Creating" },
  ])("says $reason when a Deployment's apply fails with $code", async (row) => {
    const world = makeWorld();
    world.apply(manifest());
    const mend = world.cluster.fail(
      ({ verb, ref }) => verb === "apply" && ref.kind === "Deployment",
      row.code,
    );
    expect(await world.pass()).toEqual({ code: row.outcome, state: row.state });
    expect(world.condition("Ready")).toBe(`Ready=False ${row.reason}`);
    mend();
    await world.pass();
    world.ready();
    expect(await world.settle()).toEqual({ code: "SETTLED", state: "Available" });
  });

  it.each<ClusterErrorCode>(["CONFLICT", "EXISTS", "NAMESPACE_TERMINATING"])(
    "throws %s, of which nobody has to know",
    async (code) => {
      const world = makeWorld();
      world.apply(manifest());
      world.cluster.fail(({ verb }) => verb === "apply", code);
      await expect(world.pass()).rejects.toMatchObject({ code });
      expect(world.status()).toBeUndefined();
    },
  );

  it("harms nothing else when one kind is forbidden", async () => {
    const pdbSpec = { minAvailable: 1 };
    const world = makeWorld(routes);
    world.cluster.fail(({ ref }) => ref.kind === "PodDisruptionBudget", "FORBIDDEN");
    world.apply(
      manifest([predictor("default", { componentSpecs: [component("model", { pdbSpec })] })]),
    );
    await world.pass();
    world.ready();
    expect((await world.settle()).code).toBe("FAULTY");
    expect(destinations(world)).toEqual([["mymodel-default", 0]]);
    expect(world.condition("PdbsReady")).toBe("PdbsReady=False PDBs not ready");
    expect(world.condition("DeploymentsReady")).toBe(
      "DeploymentsReady=True MinimumReplicasAvailable",
    );
  });

  it("says which kind is missing, until it is served", async () => {
    const world = makeWorld(routes);
    world.cluster.serve("VirtualService", false);
    world.apply(manifest());
    await world.pass();
    world.ready();
    await world.settle();
    expect(world.condition("Ready")).toBe("Ready=False KindMissing");
    expect(textAt(world.status(), "state")).toBe("Failed");
    world.cluster.serve("VirtualService", true);
    expect((await world.settle()).code).toBe("SETTLED");
  });

  it("needs the settings only where they count", async () => {
    const world = makeWorld();
    world.set({}, { fault: "ConfigMap seldon-system/seldon-config: no JSON", isSound: false });
    world.apply(manifest());
    expect((await world.pass()).code).toBe("PROGRESSING");
    const graph = { name: "model", implementation: "SKLEARN_SERVER", modelUri: "gs://a" };
    const server = manifest([predictor("default", { graph, componentSpecs: [] })]);
    world.apply(server);
    expect((await world.pass()).code).toBe("FAULTY");
    expect(world.condition("Ready")).toBe("Ready=False SettingsUnreadable");
    const own = { name: "model", implementation: "MY_SERVER", modelUri: "gs://a" };
    world.apply(manifest([predictor("default", { graph: own, componentSpecs: [] })]));
    expect((await world.pass()).code).toBe("FAULTY");
    expect(world.condition("Ready")).toBe("Ready=False SettingsUnreadable");
    world.set({}, { fault: undefined, isSound: true });
    expect((await world.pass()).code).toBe("REJECTED");
    world.apply(server);
    expect((await world.pass()).code).toBe("PROGRESSING");
    world.set({}, { fault: "ConfigMap seldon-system/seldon-config: no JSON", isSound: true });
    await world.pass();
    expect(world.condition("SettingsUpToDate")).toBe("SettingsUpToDate=False MalformedSettings");
  });

  it("says what to grant when secrets are out of reach", async () => {
    const world = makeWorld();
    world.cluster.fail(({ ref }) => ref.kind === "ServiceAccount", "FORBIDDEN");
    const graph = { name: "model", implementation: "SKLEARN_SERVER", modelUri: "gs://a" };
    world.apply(manifest([predictor("default", { graph, componentSpecs: [] })]));
    expect(await world.pass()).toEqual({ code: "FAULTY", state: "Failed" });
    expect(world.condition("Ready")).toBe("Ready=False Forbidden");
  });
});
