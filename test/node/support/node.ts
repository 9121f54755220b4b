/** A node: containerd, kubelet, kube-proxy and scheduler beside a control plane, all of them real. */
import { join } from "node:path";
import { textAt } from "../../../operator/live.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { findInstalled } from "../../cluster/environment/installed.ts";
import { makeClientPair, pairPaths } from "../../cluster/support/certificates.ts";
import { type Cluster, openCluster, type Site } from "../../cluster/support/cluster.ts";
import { isTrue } from "../../cluster/support/conditions.ts";
import { type Extras, startControlPlane } from "../../cluster/support/control-plane.ts";
import { startDaemon } from "../../cluster/support/daemon.ts";
import type { Objects } from "../../cluster/support/follow.ts";
import { writeKubeconfig } from "../../cluster/support/kubeconfig.ts";
import type { Env } from "../../peers/environment/cache.ts";
import { findPackages, type Packages } from "../environment/packages.ts";
import { findNodePrograms } from "../environment/programs.ts";
import { startContainerd } from "./containerd.ts";
import type { Ingress } from "./ingress.ts";
import { type KubeletOptions, nodeName, startKubelet } from "./kubelet.ts";
import { kubernetesAddress, makeNetwork, nodeAddress } from "./network.ts";
import { startProxy } from "./proxy.ts";

/** All that is needed to use it from another process. */
export type NodeSite = Site & {
  /** Where all that the node writes is. */
  readonly home: string;
  /** The archive of all images. */
  readonly images: string;
  readonly ingress: Ingress;
  readonly socket: string;
  readonly packages: Packages;
  readonly kubelet: { readonly options: KubeletOptions; readonly pid: number };
};

export type Node = Cluster & {
  readonly site: NodeSite;
  /**
   * Ends the kubelet at once, and starts another; pods go on meanwhile. Resolves when the new one
   * has told of the node twice.
   */
  readonly restartKubelet: () => Promise<void>;
};

export const openNode = (site: NodeSite): Node => {
  let { pid } = site.kubelet;
  const cluster = openCluster(site);
  /** Source: Kubernetes documentation, "Leases": the kubelet renews that of its node every 10 s. */
  const beat = async (): Promise<void> => {
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: nodeName };
    const target = { ...lease, namespace: "kube-node-lease" };
    const renewed = (one: KubernetesObject): string => textAt(one, "spec", "renewTime");
    const last = renewed(await cluster.api.get(target));
    await cluster.api.until(target, (one) => renewed(one) !== last, readyLimitMs);
  };
  return {
    ...cluster,
    site,
    restartKubelet: async () => {
      process.kill(pid, "SIGKILL");
      pid = (await startKubelet(site.kubelet.options)).pid;
      await beat();
      await beat();
    },
  };
};

const readyLimitMs = 120_000;

const kubeletClient = "client-kubelet";

/** What a control plane with a node does beside what every one does. */
const extras: Extras = {
  names: [
    ...[nodeAddress, kubernetesAddress].map((address) => `IP:${address}`),
    ...["kubernetes", "kubernetes.default", "kubernetes.default.svc.cluster.local"].map(
      (name) => `DNS:${name}`,
    ),
  ],
  prepare: (folder) =>
    makeClientPair(folder, kubeletClient, { name: "apiserver", groups: ["system:masters"] }),
  apiServerFlags: (folder) => [
    "--bind-address=0.0.0.0",
    `--advertise-address=${nodeAddress}`,
    "--endpoint-reconciler-type=lease", // the Service kubernetes leads to it
    "--authorization-mode=Node",
    "--enable-admission-plugins=NodeRestriction",
    `--kubelet-client-certificate=${pairPaths(folder, kubeletClient).certificate}`,
    `--kubelet-client-key=${pairPaths(folder, kubeletClient).key}`,
    "--kubelet-preferred-address-types=InternalIP",
  ],
  managerFlags: ["--controllers=*"],
};

export type Place = {
  /** Where all that a node writes is. */
  readonly folder: string;
  /** Below which all pods are. */
  readonly cgroup: string;
};

export type Started = {
  readonly site: Omit<NodeSite, "images" | "ingress">;
  readonly stop: () => Promise<void>;
};

/** Starts it in the namespaces of this process, which are its own: see main.ts. */
export const startNode = async ({ folder, cgroup }: Place, env: Env): Promise<Started> => {
  const packages = findPackages(env);
  const programs = findNodePrograms(env);
  await makeNetwork(packages);
  const [plane, socket] = await Promise.all([
    startControlPlane(findInstalled(env), extras),
    startContainerd(folder, packages),
  ]);
  const { folder: planeFolder, url } = plane.site;
  const kubeconfig = (name: string, ...groups: readonly string[]): Promise<string> =>
    writeKubeconfig(planeFolder, url, { name, groups });
  const options: KubeletOptions = {
    ...{ folder, planeFolder, cgroup, packages, socket, path: programs.kubelet },
    kubeconfig: await kubeconfig(`system:node:${nodeName}`, "system:nodes"),
  };
  const { pid } = await startKubelet(options);
  await startDaemon({
    command: [
      programs["kube-scheduler"],
      `--kubeconfig=${await kubeconfig("system:kube-scheduler")}`,
      ...["--leader-elect=false", "--secure-port=0"],
    ],
    logPath: join(folder, "kube-scheduler.log"),
  });
  await startProxy({
    ...{ folder, packages, path: programs["kube-proxy"] },
    kubeconfig: await kubeconfig("system:kube-proxy"),
  });
  const isReady = (nodes: Objects): boolean => nodes.some((one) => isTrue(one, "Ready"));
  await plane.api.untilAll({ apiVersion: "v1", kind: "Node" }, isReady, readyLimitMs);
  return {
    site: { ...plane.site, home: folder, socket, packages, kubelet: { options, pid } },
    stop: plane.stop,
  };
};
