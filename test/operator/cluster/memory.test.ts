import { describe, expect, it } from "@jest/globals";
import { type Memory, makeMemory } from "../../../operator/cluster/memory.ts";
import { refOf } from "../../../operator/render/object.ts";
import { describeCluster, type Stage } from "./contract.ts";
import { ownedBy, seldonDeployment, workload } from "./objects.ts";

const makeStage = async (): Promise<Stage> => {
  const changes = new Set<string>();
  const memory: Memory = makeMemory((namespace, name) => changes.add(`${namespace}/${name}`));
  memory.serve("Absent", false);
  return {
    cluster: memory,
    namespace: "ns1",
    changes,
    put: async (object, by) => memory.put(object, by),
    setStatus: async (ref, status) => {
      memory.setStatus(ref, status);
    },
    take: async (ref) => memory.take(ref),
    get: async (ref) => memory.get(ref),
    // Memory is never late.
    until: async (claim) => expect(await claim()).toBe(true),
    close: async () => {},
  };
};

describeCluster("makeMemory", makeStage);

describe("makeMemory", () => {
  const withChild = async () => {
    const changes: string[] = [];
    const memory = makeMemory((namespace, name) => changes.push(`${namespace}/${name}`));
    const owner = memory.put(seldonDeployment("ns1", "mymodel"));
    const child = await memory.apply(workload(ownedBy(owner, "child"), { replicas: 2 }));
    changes.length = 0;
    return { memory, owner, child, changes };
  };

  it("collects what a deleted owner has owned", async () => {
    const { memory, owner } = await withChild();
    memory.take(refOf(owner));
    expect(memory.all()).toEqual([]);
  });

  it("settles a Deployment as its controller would", async () => {
    const { memory, child, changes } = await withChild();
    expect(memory.settle(refOf(child))["status"]).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      availableReplicas: 2,
    });
    expect(memory.settle(refOf(child), 1)["status"]).toMatchObject({ unavailableReplicas: 1 });
    expect(changes).toContain("ns1/mymodel");
  });

  it("fails what is to fail, until it is not", async () => {
    const { memory, child } = await withChild();
    const end = memory.fail(
      ({ verb, ref }) => verb === "read" && ref.name === "child",
      "FORBIDDEN",
    );
    await expect(memory.read(refOf(child))).rejects.toMatchObject({ code: "FORBIDDEN" });
    end();
    expect(await memory.read(refOf(child))).toBe(child);
    expect(memory.requests.map(({ verb }) => verb)).toEqual(["apply", "read", "read"]);
  });

  it("creates nothing in a namespace that is being deleted", async () => {
    const { memory, owner, child } = await withChild();
    memory.put({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "ns1", deletionTimestamp: "2026-01-01T00:00:00Z" },
    });
    await expect(memory.apply(workload(ownedBy(owner, "new")))).rejects.toMatchObject({
      code: "NAMESPACE_TERMINATING",
    });
    expect((await memory.apply(workload(ownedBy(owner, "child")))).metadata.uid).toBe(
      child.metadata.uid,
    );
  });

  it("has every deployment looked at when a kind comes or goes, or a Namespace changes", async () => {
    const { memory, changes } = await withChild();
    memory.serve("ScaledObject", false);
    expect(memory.serves({ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" })).toBe(false);
    memory.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "ns1" } });
    expect(changes).toEqual(["ns1/mymodel", "ns1/mymodel"]);
    expect(memory.namespace("ns1")?.kind).toBe("Namespace");
  });

  it("keeps what it was told", () => {
    const memory = makeMemory();
    const about = memory.put(seldonDeployment("ns1", "mymodel"));
    const event = { about, type: "Normal", reason: "CreateService", message: "x" } as const;
    memory.tell(event);
    expect(memory.events).toEqual([event]);
  });
});
