/** The port to Kubernetes on a real API server: design 5.2.1-3, 5.2.9. */
import { afterAll, beforeAll } from "@jest/globals";
import { makeKube } from "../../operator/cluster/kube.ts";
import { deploymentKind } from "../../operator/cluster/owner.ts";
import { makeChanges } from "../operator/cluster/changes.ts";
import { describeCluster, type Stage } from "../operator/cluster/contract.ts";
import type { Cluster as TestCluster } from "./support/cluster.ts";
import { installCrd } from "./support/crd.ts";
import { sharedCluster } from "./support/shared.ts";

const startMs = 30_000;

let world: TestCluster;

beforeAll(async () => {
  world = sharedCluster();
  await installCrd(world);
});
afterAll(() => world.close());

const makeStage = async (): Promise<Stage> => {
  const { api } = world;
  const namespace = await world.namespace();
  const { changes, changed, until } = makeChanges();
  const cluster = makeKube({
    kubeconfig: api.kubeconfig,
    namespace,
    identity: "tests",
    changed,
  });
  await cluster.start(startMs);
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
