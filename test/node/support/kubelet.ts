import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pairPaths } from "../../cluster/support/certificates.ts";
import { type Daemon, startDaemon } from "../../cluster/support/daemon.ts";
import type { Packages } from "../environment/packages.ts";
import { inEnv } from "./containerd.ts";
import { dnsAddress, nodeAddress } from "./network.ts";

export const nodeName = "node1";

export type KubeletOptions = {
  readonly folder: string;
  readonly path: string;
  /** Of the control plane, where the certificate authority is. */
  readonly planeFolder: string;
  readonly kubeconfig: string;
  readonly socket: string;
  /** Below which all pods are. */
  readonly cgroup: string;
  readonly packages: Packages;
};

/** Source: kubelet.config.k8s.io/v1beta1. */
const configOf = ({ folder, planeFolder, socket, cgroup }: KubeletOptions): object => ({
  kind: "KubeletConfiguration",
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  address: nodeAddress,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: pairPaths(planeFolder, "ca").certificate },
  },
  authorization: { mode: "Webhook" },
  cgroupDriver: "cgroupfs",
  cgroupRoot: `/${cgroup}`,
  cgroupsPerQOS: true,
  enforceNodeAllocatable: ["pods"],
  containerRuntimeEndpoint: `unix://${socket}`,
  clusterDNS: [dnsAddress],
  clusterDomain: "cluster.local",
  resolvConf: join(folder, "resolv.conf"),
  failSwapOn: false,
  oomScoreAdj: 0, // nobody may lower it here
  maxOpenFiles: 20_000,
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "1%",
    "imagefs.available": "1%",
  },
  imageGCHighThresholdPercent: 100, // images cannot be had again
  podLogsDir: join(folder, "pod-logs"),
  volumePluginDir: join(folder, "volume-plugins"),
  readOnlyPort: 0,
  healthzPort: 0,
});

export const startKubelet = async (options: KubeletOptions): Promise<Daemon> => {
  const { folder, path, kubeconfig, packages } = options;
  mkdirSync(join(folder, "volume-plugins"), { recursive: true });
  writeFileSync(join(folder, "resolv.conf"), "");
  const config = join(folder, "kubelet.json");
  writeFileSync(config, JSON.stringify(configOf(options)));
  return startDaemon({
    command: inEnv(
      packages,
      path,
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${join(folder, "kubelet")}`,
      `--cert-dir=${join(folder, "kubelet-certificates")}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ),
    logPath: join(folder, "kubelet.log"),
  });
};
