/**
 * What every `Cluster` does, the one in memory and the one behind an API server, so that what is
 * tested against memory holds for the real one.
 */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Cluster } from "../../../operator/cluster/cluster.ts";
import { isApplied, ownsReplicas } from "../../../operator/cluster/marks.ts";
import { deploymentKind } from "../../../operator/cluster/owner.ts";
import { type KubernetesObject, type Ref, refOf } from "../../../operator/render/object.ts";
import {
  containerOf,
  envOf,
  ownedBy,
  seldonDeployment,
  service,
  specOf,
  workload,
} from "./objects.ts";

/** A cluster, and hands that do to it what others do. */
export type Stage = {
  readonly cluster: Cluster;
  /** A namespace of this test's own. */
  readonly namespace: string;
  /** Creates an object, or replaces labels, annotations, owners and content, as another manager. */
  put(object: KubernetesObject, by?: string): Promise<KubernetesObject>;
  setStatus(ref: Ref, status: object): Promise<void>;
  take(ref: Ref): Promise<void>;
  get(ref: Ref): Promise<KubernetesObject | undefined>;
  /** Resolves when the claim is true; it is looked at whenever the cluster tells of a change. */
  until(claim: () => boolean | Promise<boolean>): Promise<void>;
  /** `namespace/name` of every change told so far; emptied by the caller. */
  readonly changes: Set<string>;
  close(): Promise<void>;
};

const a = { name: "A", value: "1" };
const b = { name: "B", value: "2" };

/** As v1 wrote it: two ports of one number, a variable twice, its own memory in an annotation. */
const asFromV1 = (owner: KubernetesObject, name: string): KubernetesObject => {
  const metadata = ownedBy(owner, name);
  return workload(
    { ...metadata, annotations: { "seldon.io/last-applied": "UEsDBA==", theirs: "yes" } },
    {
      replicas: 7,
      env: [a, { name: "A", value: "again" }, b],
      ports: [
        { name: "http", containerPort: 8000, protocol: "TCP" },
        { name: "metrics", containerPort: 8000, protocol: "TCP" },
      ],
    },
  );
};

export const describeCluster = (name: string, makeStage: () => Promise<Stage>): void => {
  describe(name, () => {
    let stage: Stage;
    let cluster: Cluster;
    let owner: KubernetesObject;

    beforeEach(async () => {
      stage = await makeStage();
      cluster = stage.cluster;
      owner = await stage.put(seldonDeployment(stage.namespace, "mymodel"));
      await stage.until(() => cluster.deployment(stage.namespace, "mymodel") !== undefined);
    });
    afterEach(() => stage.close());

    const child = (): Ref => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: stage.namespace,
      name: "child",
    });
    const meta = () => ownedBy(owner, "child");
    const uid = (): string => owner.metadata.uid ?? "";

    describe("watching", () => {
      it("shows SeldonDeployments", () => {
        expect(cluster.deployment(stage.namespace, "mymodel")?.metadata.uid).toBe(uid());
        expect(cluster.deployments().map(({ metadata }) => metadata.uid)).toContain(uid());
        expect(cluster.deployment(stage.namespace, "other")).toBeUndefined();
      });

      it("tells of an edit", async () => {
        stage.changes.clear();
        await stage.put(seldonDeployment(stage.namespace, "mymodel", { edited: "yes" }));
        await stage.until(
          () => cluster.deployment(stage.namespace, "mymodel")?.metadata.generation === 2,
        );
        expect(stage.changes).toContain(`${stage.namespace}/mymodel`);
      });

      it("tells of the owner when somebody deletes what it owns", async () => {
        await cluster.apply(workload(meta()));
        stage.changes.clear();
        await stage.take(child());
        await stage.until(() => cluster.owned(uid()).length === 0);
        expect(stage.changes).toContain(`${stage.namespace}/mymodel`);
      });

      it("tells of the owner when what it owns reports", async () => {
        await cluster.apply(workload(meta()));
        stage.changes.clear();
        await stage.setStatus(child(), { observedGeneration: 1, replicas: 1, collisionCount: 7 });
        await stage.until(() => stage.changes.has(`${stage.namespace}/mymodel`));
        expect(cluster.owned(uid())[0]).toHaveProperty("status");
      });

      it("sees what another operator made for the owner", async () => {
        await stage.put(service(ownedBy(owner, "theirs")));
        await stage.until(() => cluster.owned(uid()).length === 1);
        expect(cluster.owned(uid())[0]).toMatchObject({ kind: "Service", apiVersion: "v1" });
      });

      it("forgets a SeldonDeployment that is deleted", async () => {
        await stage.take(refOf(owner));
        await stage.until(() => cluster.deployment(stage.namespace, "mymodel") === undefined);
      });
    });

    describe("apply", () => {
      it("creates, and shows what it wrote at once", async () => {
        const live = await cluster.apply(workload(meta(), { env: [a] }));
        expect(live.metadata).toMatchObject({ name: "child", generation: 1 });
        expect(cluster.owned(uid()).map(({ metadata }) => metadata.name)).toEqual(["child"]);
        expect(isApplied(cluster.owned(uid())[0] ?? live)).toBe(true);
      });

      it("lets the server default the number of replicas, and owns it only when named", async () => {
        const unnamed = await cluster.apply(workload(meta()));
        expect([specOf(unnamed).replicas, ownsReplicas(unnamed)]).toEqual([1, false]);
        const named = await cluster.apply(workload(meta(), { replicas: 3 }));
        expect([specOf(named).replicas, ownsReplicas(named)]).toEqual([3, true]);
      });

      it("changes nothing the second time", async () => {
        const first = await cluster.apply(service(meta())); // on which no controller reports
        const second = await cluster.apply(service(meta()));
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      it("counts generations of the spec alone", async () => {
        await cluster.apply(workload(meta()));
        const labelled = await cluster.apply(
          workload({ ...meta(), labels: { ...meta().labels, more: "yes" } }),
        );
        expect(labelled.metadata.generation).toBe(1);
        const edited = await cluster.apply(workload(meta(), { image: "model:2" }));
        expect(edited.metadata.generation).toBe(2);
        expect(edited.metadata.labels).not.toHaveProperty("more");
      });

      it("takes away what it no longer says, and keeps the order it is given", async () => {
        await cluster.apply(workload(meta(), { env: [a, b] }));
        const without = await cluster.apply(workload(meta(), { env: [b] }));
        expect(envOf(without)).toEqual(["B=2"]);
        const turned = await cluster.apply(
          workload(meta(), { env: [{ name: "C", value: "3" }, b, a] }),
        );
        expect(envOf(turned)).toEqual(["C=3", "B=2", "A=1"]);
      });

      it("keeps what others have added, and takes back what they have changed", async () => {
        const live = await cluster.apply(workload(meta(), { image: "model:1" }));
        expect(containerOf(live)?.image).toBe("model:1");
        const theirs = { ...meta(), labels: { ...meta().labels, team: "x" } };
        await stage.put(
          workload(theirs, { image: "model:9", env: [{ name: "THEIRS", value: "1" }] }),
        );
        const back = await cluster.apply(workload(meta(), { image: "model:1", env: [a] }));
        expect(containerOf(back)?.image).toBe("model:1");
        expect([...envOf(back)].sort()).toEqual(["A=1", "THEIRS=1"]);
        expect(back.metadata.labels).toHaveProperty("team", "x");
      });

      it("refuses a selector that has changed", async () => {
        await cluster.apply(workload(meta()));
        const other = workload({ ...meta(), name: "else" });
        await expect(cluster.apply({ ...other, metadata: meta() })).rejects.toMatchObject({
          code: "INVALID",
        });
      });

      it("says that a kind is not there", async () => {
        const absent = { apiVersion: "espalier.test/v1", kind: "Absent", metadata: meta() };
        expect(cluster.serves(absent)).toBe(false);
        await expect(cluster.apply(absent)).rejects.toMatchObject({ code: "NOT_FOUND" });
      });
    });

    describe("adopt", () => {
      const ours = (): KubernetesObject =>
        workload(meta(), {
          env: [a, b],
          ports: [
            { name: "http", containerPort: 8000, protocol: "TCP" },
            { name: "metrics", containerPort: 8002, protocol: "TCP" },
          ],
        });
      /** v1 has made it, and somebody has annotated it. */
      const shown = async (): Promise<KubernetesObject> => {
        const made = asFromV1(owner, "child");
        await stage.put(made);
        const annotations = { ...made.metadata.annotations, team: "x" };
        await stage.put({ ...made, metadata: { ...made.metadata, annotations } }, "kubectl");
        await stage.until(() => cluster.owned(uid()).length === 1);
        return cluster.owned(uid())[0] ?? owner;
      };

      it("puts our content in the place of theirs", async () => {
        const seen = await shown();
        expect(isApplied(seen)).toBe(false);
        const live = await cluster.adopt(seen, ours());
        expect(live.metadata.uid).toBe(seen.metadata.uid);
        expect(envOf(live)).toEqual(["A=1", "B=2"]);
        expect(containerOf(live)?.ports).toEqual([
          { name: "http", containerPort: 8000, protocol: "TCP" },
          { name: "metrics", containerPort: 8002, protocol: "TCP" },
        ]);
        expect(isApplied(live)).toBe(true);
      });

      it("keeps replicas and what others wrote beside us, and forgets v1's memory", async () => {
        const live = await cluster.adopt(await shown(), ours());
        expect([specOf(live).replicas, ownsReplicas(live)]).toEqual([7, false]);
        expect(Object.keys(live.metadata.annotations ?? {})).toContain("team");
        expect(Object.keys(live.metadata.annotations ?? {})).not.toContain("theirs");
        expect(Object.keys(live.metadata.annotations ?? {})).not.toContain(
          "seldon.io/last-applied",
        );
        const again = await cluster.apply(ours());
        expect(specOf(again).replicas).toBe(7);
        expect(again.metadata.generation).toBe(live.metadata.generation);
      });

      it("makes later removals remove", async () => {
        await cluster.adopt(await shown(), ours());
        const live = await cluster.apply(workload(meta(), { env: [b] }));
        expect(envOf(live)).toEqual(["B=2"]);
        expect(containerOf(live)?.ports ?? []).toEqual([]);
      });

      it("keeps the addresses of a Service", async () => {
        const theirs = await stage.put(
          service(meta(), [{ name: "old", port: 1, targetPort: 1, protocol: "TCP" }]),
        );
        await stage.until(() => cluster.owned(uid()).length === 1);
        const live = await cluster.adopt(cluster.owned(uid())[0] ?? theirs, service(meta()));
        expect(specOf(live).clusterIP).toBe(specOf(theirs).clusterIP);
        expect(live["spec"]).toMatchObject({ ports: [{ name: "http", port: 8000 }] });
      });

      it("is refused for an object that was made anew", async () => {
        const seen = await shown();
        await stage.take(child());
        await stage.until(async () => (await stage.get(child())) === undefined);
        await stage.put(asFromV1(owner, "child"));
        await expect(cluster.adopt(seen, ours())).rejects.toMatchObject({ code: "CONFLICT" });
      });
    });

    describe("handOverReplicas", () => {
      it("keeps the number when we stop applying it", async () => {
        const live = await cluster.apply(workload(meta(), { replicas: 10 }));
        await cluster.handOverReplicas(live);
        const after = await cluster.apply(workload(meta()));
        expect([specOf(after).replicas, ownsReplicas(after)]).toEqual([10, false]);
      });

      it("does not stand in the way of a number named later", async () => {
        const live = await cluster.apply(workload(meta(), { replicas: 10 }));
        await cluster.handOverReplicas(live);
        await cluster.apply(workload(meta()));
        const after = await cluster.apply(workload(meta(), { replicas: 2 }));
        expect([specOf(after).replicas, ownsReplicas(after)]).toEqual([2, true]);
      });
    });

    describe("read and list", () => {
      it("ask of what is live", async () => {
        expect(await cluster.read(child())).toBeUndefined();
        await stage.put(workload(meta()));
        expect((await cluster.read(child()))?.kind).toBe("Deployment");
        const { apiVersion, kind, namespace } = child();
        const found = await cluster.list(
          { apiVersion, kind, namespace },
          { "seldon-deployment-id": "mymodel" },
        );
        expect(found.map((one) => [one.apiVersion, one.kind, one.metadata.name])).toEqual([
          ["apps/v1", "Deployment", "child"],
        ]);
        expect(
          await cluster.list({ apiVersion, kind, namespace }, { "seldon-deployment-id": "no" }),
        ).toEqual([]);
      });
    });

    describe("remove", () => {
      it("deletes, and deletes again in peace", async () => {
        const live = await cluster.apply(service(meta()));
        await cluster.remove(live);
        await stage.until(() => cluster.owned(uid()).length === 0);
        await cluster.remove(live);
        expect(await cluster.read(refOf(live))).toBeUndefined();
      });

      it("spares an object that was made anew under the name", async () => {
        const live = await cluster.apply(service(meta()));
        await stage.take(refOf(live));
        await stage.until(async () => (await stage.get(refOf(live))) === undefined);
        await cluster.apply(service(meta()));
        await cluster.remove(live);
        expect(await cluster.read(refOf(live))).toBeDefined();
      });

      it("orphans dependents when told to", async () => {
        const live = await cluster.apply(workload(meta()));
        const { metadata, ...rest } = workload({ ...meta(), name: "replicas" });
        const reference = { ...refOf(live), uid: live.metadata.uid ?? "", controller: true };
        const { namespace: _, ...ownerReference } = reference;
        await stage.put({
          ...rest,
          kind: "ReplicaSet",
          metadata: { ...metadata, ownerReferences: [ownerReference] },
        });
        await cluster.remove(live, "orphan");
        await stage.until(async () => (await stage.get(refOf(live))) === undefined);
        const left = await stage.get({ ...child(), kind: "ReplicaSet", name: "replicas" });
        expect(left).toBeDefined();
        expect(left?.metadata.ownerReferences ?? []).toEqual([]);
      });
    });

    describe("report", () => {
      it("replaces the status alone", async () => {
        await cluster.report(owner, { state: "Creating", description: "not yet" });
        const seen = () => cluster.deployment(stage.namespace, "mymodel") ?? owner;
        expect(seen()["status"]).toEqual({ state: "Creating", description: "not yet" });
        await cluster.report(seen(), { state: "Available" });
        const live = await stage.get(refOf(owner));
        expect(live?.["status"]).toEqual({ state: "Available" });
        expect(live?.metadata.generation).toBe(1);
      });

      it("is refused for a spec that has changed meanwhile", async () => {
        await stage.put(seldonDeployment(stage.namespace, "mymodel", { edited: "yes" }));
        await expect(cluster.report(owner, { state: "Available" })).rejects.toMatchObject({
          code: "CONFLICT",
        });
      });

      it("says that the deployment is gone", async () => {
        await stage.take(refOf(owner));
        await expect(cluster.report(owner, { state: "Available" })).rejects.toMatchObject({
          code: "NOT_FOUND",
        });
      });
    });

    it("serves the kinds of Kubernetes itself", () => {
      expect(cluster.serves({ apiVersion: "apps/v1", kind: "Deployment" })).toBe(true);
      expect(cluster.serves(deploymentKind)).toBe(true);
    });
  });
};
