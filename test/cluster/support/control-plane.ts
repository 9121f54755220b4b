/** etcd, kube-apiserver and kube-controller-manager: real servers, on ports and data of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Installed } from "../environment/installed.ts";
import { auditPolicy } from "./audit.ts";
import { makeAuthority, makeServerPair, pairPaths, readPair } from "./certificates.ts";
import { type Cluster, openCluster, type Site } from "./cluster.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { freePorts } from "./ports.ts";

export type ControlPlane = Cluster & {
  readonly site: Site;
  readonly apiServer: ApiServer;
  /** Ends all of it and removes its data. */
  readonly stop: () => Promise<void>;
};

export type ApiServer = {
  readonly pid: () => number;
  /**
   * From when this resolves on, connections stay open and nothing is answered, as in a network that
   * swallows packets.
   */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** Ends it at once; its port refuses connections then. */
  readonly kill: () => Promise<void>;
  /** Starts it again after `kill`, on the same port; resolves when it is ready. */
  readonly start: () => Promise<void>;
};

const startLimitMs = 200_000;
const pollMs = 100;

const etcdCommand = (path: string, folder: string, [client, peer]: readonly string[]): string[] => [
  path,
  `--data-dir=${join(folder, "etcd")}`,
  `--listen-client-urls=${client}`,
  `--advertise-client-urls=${client}`,
  `--listen-peer-urls=${peer}`,
  `--initial-advertise-peer-urls=${peer}`,
  `--initial-cluster=default=${peer}`,
  "--unsafe-no-fsync", // its data does not outlive the run
];

const apiServerCommand = (
  path: string,
  folder: string,
  [etcd, port]: readonly string[],
): string[] => [
  path,
  `--etcd-servers=${etcd}`,
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  "--endpoint-reconciler-type=none", // loopback is no address for the Service "kubernetes"
  "--service-cluster-ip-range=10.96.0.0/16",
  "--allow-privileged=true",
  "--authorization-mode=RBAC",
  `--client-ca-file=${pairPaths(folder, "ca").certificate}`,
  `--tls-cert-file=${pairPaths(folder, "server").certificate}`,
  `--tls-private-key-file=${pairPaths(folder, "server").key}`,
  `--cert-dir=${folder}`,
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${pairPaths(folder, "server").certificate}`,
  `--service-account-signing-key-file=${pairPaths(folder, "server").key}`,
  `--audit-policy-file=${join(folder, "audit-policy.json")}`,
  `--audit-log-path=${join(folder, "audit.log")}`,
  "--audit-log-mode=blocking", // what has been answered is in the file
  "--audit-log-maxsize=100000",
];

/** The controllers that the operator's objects meet; none of them needs a node. */
const controllers = [
  ...["deployment-controller", "replicaset-controller", "garbage-collector-controller"],
  ...["namespace-controller", "serviceaccount-controller", "serviceaccount-token-controller"],
  ...["root-ca-certificate-publisher-controller", "endpoints-controller"],
  ...["endpointslice-controller", "horizontal-pod-autoscaler-controller", "disruption-controller"],
];

const controllerManagerCommand = (path: string, folder: string, kubeconfig: string): string[] => [
  path,
  `--kubeconfig=${kubeconfig}`,
  `--controllers=${controllers.join(",")}`,
  "--leader-elect=false",
  "--secure-port=0",
  "--use-service-account-credentials=true",
  `--service-account-private-key-file=${pairPaths(folder, "server").key}`,
  `--root-ca-file=${pairPaths(folder, "ca").certificate}`,
  "--horizontal-pod-autoscaler-sync-period=2s",
  "--kube-api-qps=500", // tests wait for it
  "--kube-api-burst=1000",
];

/** What a control plane does beside what every one does. Flags that come later win. */
export type Extras = {
  /** Of the API server, beside the loopback's: `IP:...` or `DNS:...`. */
  readonly names: readonly string[];
  /** Makes more in the folder that has the certificate authority, before anything starts. */
  readonly prepare: (folder: string) => Promise<void>;
  readonly apiServerFlags: (folder: string) => readonly string[];
  readonly managerFlags: readonly string[];
};

const noExtras: Extras = {
  names: [],
  prepare: async () => {},
  apiServerFlags: () => [],
  managerFlags: [],
};

/** Starts a control plane; all of it ends with this process, however that ends. */
export const startControlPlane = async (
  installed: Installed,
  extras: Extras = noExtras,
): Promise<ControlPlane> => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-cluster-"));
  const daemons: Daemon[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(daemons.map((daemon) => daemon.end()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await start(installed, folder, { daemons, end, extras });
  } catch (error) {
    await end();
    throw error;
  }
};

type Running = {
  readonly daemons: Daemon[];
  readonly end: () => Promise<void>;
  readonly extras: Extras;
};

const start = async (
  installed: Installed,
  folder: string,
  { daemons, end, extras }: Running,
): Promise<ControlPlane> => {
  const { binaries } = installed;
  const run = async (program: string, command: readonly string[]): Promise<Daemon> => {
    const owned = program === "etcd" ? { folder } : {};
    const daemon = await startDaemon({
      command,
      logPath: join(folder, `${program}.log`),
      ...owned,
    });
    daemons.push(daemon);
    return daemon;
  };
  const [port, ...etcdPorts] = await freePorts(3);
  const etcdUrls = etcdPorts.map((one) => `http://127.0.0.1:${one}`);
  const url = `https://127.0.0.1:${port}`;
  await makeAuthority(folder);
  await makeServerPair(folder, "server", extras.names);
  await extras.prepare(folder);
  writeFileSync(join(folder, "audit-policy.json"), JSON.stringify(auditPolicy));
  await run("etcd", etcdCommand(binaries.etcd, folder, etcdUrls));
  const startApi = async (): Promise<Daemon> => {
    const where = [etcdUrls[0] ?? "", String(port)];
    const command = apiServerCommand(binaries["kube-apiserver"], folder, where);
    const daemon = await run("kube-apiserver", [...command, ...extras.apiServerFlags(folder)]);
    await readiness(url, folder, daemon);
    return daemon;
  };
  let api = await startApi();
  const manager = { name: "system:kube-controller-manager" };
  const kubeconfig = await writeKubeconfig(folder, url, manager);
  const managerPath = binaries["kube-controller-manager"];
  const managerCommand = controllerManagerCommand(managerPath, folder, kubeconfig);
  await run("kube-controller-manager", [...managerCommand, ...extras.managerFlags]);
  await writeKubeconfig(folder, url, { name: "admin", groups: ["system:masters"] });
  const site: Site = { ...installed, url, folder };
  const apiServer: ApiServer = {
    pid: () => api.pid,
    pause: () => api.pause(),
    resume: () => api.signal("SIGCONT"),
    kill: () => api.end(),
    start: async () => {
      api = await startApi();
    },
  };
  const cluster = openCluster(site);
  const stop = async (): Promise<void> => {
    cluster.close();
    await end();
  };
  return { ...cluster, site, apiServer, stop };
};

/** Resolves when the API server says that it is ready. */
const readiness = async (url: string, folder: string, daemon: Daemon): Promise<void> => {
  const ca = readPair(pairPaths(folder, "ca")).certificate;
  let words: string | undefined;
  daemon.ended.then(
    (last) => {
      words = last;
    },
    () => {},
  );
  const late = Date.now() + startLimitMs;
  while (!(await answersReady(url, ca))) {
    if (words !== undefined) throw new Error(`kube-apiserver ended:\n${words}`);
    if (Date.now() > late) throw new Error(`kube-apiserver is not ready after ${startLimitMs} ms`);
    await setTimeout(pollMs);
  }
};

const answersReady = (url: string, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request(`${url}/readyz`, { ca, agent: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
