import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../../cluster/support/daemon.ts";
import type { Packages } from "../environment/packages.ts";
import { inEnv } from "./containerd.ts";
import { nodeName } from "./kubelet.ts";
import { podRange } from "./network.ts";

export type ProxyOptions = {
  readonly folder: string;
  readonly path: string;
  readonly kubeconfig: string;
  readonly packages: Packages;
};

/** Source: kubeproxy.config.k8s.io/v1alpha1. */
const configOf = ({ kubeconfig }: ProxyOptions): object => ({
  kind: "KubeProxyConfiguration",
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  clientConnection: { kubeconfig },
  mode: "iptables",
  clusterCIDR: podRange,
  hostnameOverride: nodeName,
  oomScoreAdj: 0, // nobody may lower it here
  // sizes of the whole machine's tables cannot be written in a network namespace
  conntrack: {
    ...{ maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  },
});

export const startProxy = (options: ProxyOptions): Promise<Daemon> => {
  const { folder, path, packages } = options;
  const config = join(folder, "kube-proxy.json");
  writeFileSync(config, JSON.stringify(configOf(options)));
  return startDaemon({
    command: inEnv(packages, path, `--config=${config}`),
    logPath: join(folder, "kube-proxy.log"),
  });
};
