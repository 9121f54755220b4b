/** Objects that v1 made are taken over in place. Source: operator contract, 15; design 5.2.2. */
import { describe, expect, it } from "@jest/globals";
import { listAt, numberAt, textAt, valueAt } from "../../operator/live.ts";
import { appliedAnnotation } from "../../operator/marks.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import {
  at,
  deploymentRef,
  destinations,
  makeWorld,
  manifest,
  predictor,
  settled,
} from "./world.ts";

const ref = deploymentRef("mymodel-default-0-model");

/** What v1 leaves behind: our objects without our marks, written by its manager. */
const ofV1 = async (change: (object: KubernetesObject) => KubernetesObject = (same) => same) => {
  const before = await settled(manifest(), { istioEnabled: true });
  const world = makeWorld({ istioEnabled: true });
  world.apply(manifest());
  const uid = world.cluster.get(at)?.metadata.uid ?? "";
  for (const object of before.cluster.all()) {
    if (object.kind === "SeldonDeployment") continue;
    const { uid: _, resourceVersion: __, managedFields: ___, ...metadata } = object.metadata;
    const { "espalier.io/deployment": ____, ...labels } = metadata.labels ?? {};
    const annotations = Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(([key]) => !key.startsWith("espalier.io/")),
    );
    const ownerReferences = metadata.ownerReferences?.map((owner) => ({ ...owner, uid }));
    world.cluster.put(
      change({
        ...object,
        metadata: {
          ...metadata,
          labels,
          annotations,
          ...(ownerReferences ? { ownerReferences } : {}),
        },
      }),
      "manager",
    );
  }
  return world;
};

const envOf = (object: unknown): readonly string[] =>
  listAt(listAt(object, "spec", "template", "spec", "containers")[0], "env").map((one) =>
    textAt(one, "name"),
  );

describe("adoption", () => {
  it("takes every object over in place, once", async () => {
    const world = await ofV1();
    const uids = world.cluster.all().map(({ metadata }) => metadata.uid);
    await world.pass();
    world.ready();
    expect((await world.settle()).code).toBe("SETTLED");
    expect(world.cluster.all().map(({ metadata }) => metadata.uid)).toEqual(uids);
    const adopted = world.cluster.requests.filter(({ verb }) => verb === "adopt");
    expect(adopted.map(({ ref: { kind } }) => kind).sort()).toEqual([
      ...["Deployment", "DestinationRule", "Service", "Service", "VirtualService"],
    ]);
    expect(destinations(world)).toEqual([["mymodel-default", 0]]);
  });

  it("takes away what v1 wrote and nobody wants", async () => {
    const extra = { name: "LEFT_OVER", value: "1" };
    const world = await ofV1((object) => {
      if (object.kind !== "Deployment") return object;
      const copy = JSON.parse(JSON.stringify(object));
      copy.spec.template.spec.containers[0].env.push(extra);
      return copy;
    });
    expect(envOf(world.cluster.get(ref))).toContain(extra.name);
    await world.pass();
    expect(envOf(world.cluster.get(ref))).not.toContain(extra.name);
  });

  it("keeps the number of pods that an autoscaler chose", async () => {
    const world = await ofV1((object) =>
      object.kind === "Deployment"
        ? { ...object, spec: { ...(object["spec"] as object), replicas: 7 } }
        : object,
    );
    world.apply(manifest([predictor("default", { replicas: undefined })]));
    await world.pass();
    expect(numberAt(world.cluster.get(ref), "spec", "replicas")).toBe(7);
  });

  it("takes over what has v1's labels and no owner", async () => {
    const world = await ofV1(({ metadata: { ownerReferences: _, ...metadata }, ...object }) =>
      object["kind"] === "Service" || object["kind"] === "Deployment"
        ? ({ ...object, metadata } as KubernetesObject)
        : ({ ...object, metadata: { ...metadata, ownerReferences: _ } } as KubernetesObject),
    );
    await world.pass();
    world.ready();
    expect((await world.settle()).code).toBe("SETTLED");
    expect(world.owned()).toHaveLength(5);
  });

  it("removes what v1 made and the manifest no longer asks for", async () => {
    const world = await ofV1();
    const uid = world.cluster.get(at)?.metadata.uid ?? "";
    world.cluster.put({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: {
        name: "mymodel-old-0-model",
        namespace: "ns1",
        labels: { "seldon-deployment-id": "mymodel" },
        ownerReferences: [
          { apiVersion: at.apiVersion, kind: at.kind, name: at.name, uid, controller: true },
        ],
      },
    });
    expect(world.owned()).toContain("PodDisruptionBudget mymodel-old-0-model");
    await world.pass();
    world.ready();
    await world.settle();
    expect(world.owned()).not.toContain("PodDisruptionBudget mymodel-old-0-model");
  });

  it("goes on with objects of a deployment that was made again", async () => {
    const world = await settled();
    const object = manifest();
    const live = world.cluster.get(ref);
    world.cluster.put({ ...object, metadata: { ...object.metadata, name: "other" } });
    const owner = {
      apiVersion: at.apiVersion,
      kind: at.kind,
      name: at.name,
      uid: "before",
      controller: true,
    };
    world.cluster.put({
      ...(live as KubernetesObject), // it is there
      metadata: { ...(live as KubernetesObject).metadata, ownerReferences: [owner] },
    });
    await world.settle();
    const now = world.cluster.get(ref);
    expect(now?.metadata.uid).toBe(live?.metadata.uid);
    expect(now?.metadata.ownerReferences?.map(({ uid }) => uid)).toContain(
      world.cluster.get(at)?.metadata.uid,
    );
    expect(valueAt(now, "metadata", "annotations", appliedAnnotation)).toBeDefined();
  });
});
