/** The operator as a process against a real API server: issue "the operator", 3. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { group, kind } from "../../api/schema.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { samples } from "../crds/manifests.ts";
import type { Given } from "./support/api.ts";
import { writeVerbs } from "./support/audit.ts";
import type { Cluster } from "./support/cluster.ts";
import { isTrue } from "./support/conditions.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { sharedCluster } from "./support/shared.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const apiVersion = `${group}/v1`;

const isReady = (one: KubernetesObject): boolean => isTrue(one, "Ready");

/** `espalier operator`, looking at one namespace. */
const startProcess = async (cluster: Cluster, namespace: string): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    ["bin/main.ts", "operator", "--metrics-addr=127.0.0.1:0", `--namespace=${namespace}`, ""],
    {
      cwd: project,
      env: { PATH: "/usr/bin:/bin", KUBECONFIG: cluster.api.kubeconfig, POD_NAMESPACE: namespace },
      stdio: ["ignore", "inherit", "pipe"],
    },
  );
  const { stderr } = child;
  if (stderr === null) throw new Error("no log");
  stderr.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
    stderr.on("data", (text: string) => {
      if (text.includes('"working"')) resolve();
      for (const line of text.split("\n"))
        if (line !== "" && !/"level":"(?:info|debug)"/.test(line))
          process.stdout.write(`${line}\n`);
    });
  });
  return child;
};

describe("espalier operator", () => {
  let cluster: Cluster;
  let namespace: string;
  let child: ChildProcess;
  let kubelet: Kubelet;
  let barriers = 0;
  beforeAll(async () => {
    cluster = sharedCluster();
    await installCrd(cluster);
    namespace = await cluster.namespace();
    for (const name of ["model-reader"]) {
      await cluster.api.create({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name, namespace },
      });
    }
    kubelet = playKubelet(cluster.api, { namespace });
    child = await startProcess(cluster, namespace);
  });
  afterAll(async () => {
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    await kubelet.stop();
    cluster.close();
  });

  /** What was asked of the operator before has been done: it takes turns. */
  const passed = async (): Promise<void> => {
    barriers += 1;
    const name = `barrier-${barriers}`;
    const graph = { name: "average", implementation: "SIMPLE_MODEL" };
    const spec = { predictors: [{ name: "main", graph }] };
    await cluster.api.apply({ apiVersion, kind, metadata: { name, namespace }, spec });
    await cluster.api.until({ apiVersion, kind, namespace, name }, isReady);
  };

  it.each(samples.map(({ file, manifest }) => [file, manifest] as const))(
    "brings %s about, and then writes nothing",
    async (_file, manifest) => {
      const { api, audit } = cluster;
      const given: Given = { ...manifest, metadata: { ...manifest.metadata, namespace } };
      await api.apply(given);
      const target = { apiVersion, kind, namespace, name: given.metadata.name };
      await api.until(target, isReady);
      await passed();
      const mark = audit.mark();
      await api.patch(target, { metadata: { annotations: { touched: "yes" } } });
      await passed();
      const writes = audit
        .since(mark, { userAgent: "espalier-operator", verbs: writeVerbs, namespace })
        .filter(({ objectRef }) => objectRef?.name?.startsWith(target.name));
      expect(writes.map(({ verb, objectRef }) => [verb, objectRef])).toEqual([]);
      await api.remove(target);
      await api.untilGone(target);
    },
  );
});
