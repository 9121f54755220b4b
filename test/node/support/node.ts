/** A node: containerd, kubelet, kube-proxy and scheduler beside a control plane, all of them real. */
import { join } from "node:path";
import { findInstalled } from "../../cluster/environment/installed.ts";
import { makeClientPair, pairPaths } from "../../cluster/support/certificates.ts";
import { isTrue } from "../../cluster/support/conditions.ts";
import {
  type ControlPlane,
  type Extras,
  startControlPlane,
} from "../../cluster/support/control-plane.ts";
import { type Daemon, startDaemon } from "../../cluster/support/daemon.ts";
import type { Objects } from "../../cluster/support/follow.ts";
import { writeKubeconfig } from "../../cluster/support/kubeconfig.ts";
import type { Env } from "../../peers/environment/cache.ts";
import { findPackages } from "../environment/packages.ts";
import { findNodePrograms } from "../environment/programs.ts";
import { type Containerd, startContainerd } from "./containerd.ts";
import { startKubelet } from "./kubelet.ts";
import { kubernetesAddress, makeNetwork, nodeAddress } from "./network.ts";
import { startProxy } from "./proxy.ts";

export type Node = ControlPlane & {
  readonly containerd: Containerd;
  /** Ends the kubelet at once; pods go on. */
  readonly killKubelet: () => Promise<void>;
  readonly startKubelet: () => Promise<void>;
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

/** Starts it in the namespaces of this process, which are its own: see main.ts. */
export const startNode = async ({ folder, cgroup }: Place, env: Env): Promise<Node> => {
  const packages = findPackages(env);
  const programs = findNodePrograms(env);
  await makeNetwork(packages);
  const [plane, containerd] = await Promise.all([
    startControlPlane(findInstalled(env), extras),
    startContainerd(folder, packages),
  ]);
  const { folder: planeFolder, url } = plane.site;
  const kubeconfig = (name: string, ...groups: readonly string[]): Promise<string> =>
    writeKubeconfig(planeFolder, url, { name, groups });
  const kubeletConfig = await kubeconfig("system:node:node1", "system:nodes");
  const startOurKubelet = (): Promise<Daemon> =>
    startKubelet({
      ...{ folder, planeFolder, cgroup, packages, path: programs.kubelet },
      ...{ kubeconfig: kubeletConfig, socket: containerd.socket },
    });
  let kubelet = await startOurKubelet();
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
    ...plane,
    containerd,
    killKubelet: () => kubelet.end(),
    startKubelet: async () => {
      kubelet = await startOurKubelet();
    },
  };
};
