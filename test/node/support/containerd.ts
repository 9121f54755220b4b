/** containerd: what runs containers, and keeps images. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Daemon, startDaemon } from "../../cluster/support/daemon.ts";
import { must, run } from "../../peers/environment/run.ts";
import type { Packages } from "../environment/packages.ts";
import { bridge, nodePodRange } from "./network.ts";

export const pauseImage = "localhost/pause:1";

const readyLimitMs = 30_000;
const loadLimitMs = 300_000;
const pollMs = 50;

/** The words of env(1) that give a program its environment. */
export const inEnv = ({ env }: Packages, ...command: readonly string[]): readonly string[] => [
  "env",
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ...command,
];

/** Source: containerd 1.6, "CRI Plugin Config Guide". */
const configOf = (folder: string, { bin, cni }: Packages): string => `version = 2
root = "${join(folder, "containerd")}"
state = "${join(folder, "containerd-state")}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "${join(folder, "containerd.sock")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # nobody may lower a score of the OOM killer here: without it, no sandbox starts
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cni}"
    conf_dir = "${join(folder, "cni")}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${join(bin, "runc")}"
        SystemdCgroup = false
`;

/** Source: CNI plugins 1.1, "bridge", "host-local", "portmap". */
const networkOf = (folder: string): object => ({
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      ...{ type: "bridge", bridge, isGateway: true, hairpinMode: true },
      ipam: {
        ...{ type: "host-local", dataDir: join(folder, "addresses") },
        ranges: [[{ subnet: nodePodRange }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

/** Answers the path of its socket, once it answers. */
export const startContainerd = async (folder: string, packages: Packages): Promise<string> => {
  mkdirSync(join(folder, "cni"));
  writeFileSync(join(folder, "cni/10-pods.conflist"), JSON.stringify(networkOf(folder)));
  const config = join(folder, "containerd.toml");
  writeFileSync(config, configOf(folder, packages));
  const daemon = await startDaemon({
    command: inEnv(packages, "containerd", "--config", config),
    logPath: join(folder, "containerd.log"),
  });
  const socket = join(folder, "containerd.sock");
  await answers([...client(packages, socket), "version"], packages, daemon);
  return socket;
};

const client = ({ bin }: Packages, socket: string): readonly string[] => [
  ...[join(bin, "ctr"), "--address", socket],
];

/** Takes all images of an archive in. */
export const loadImages = async (
  packages: Packages,
  socket: string,
  archive: string,
): Promise<void> => {
  const command = ["--namespace", "k8s.io", "images", "import", archive];
  await must([...client(packages, socket), ...command], packages.env, loadLimitMs);
};

const answers = async (
  command: readonly string[],
  { env }: Packages,
  daemon: Daemon,
): Promise<void> => {
  let words: string | undefined;
  daemon.ended.then(
    (last) => {
      words = last;
    },
    () => {},
  );
  const late = Date.now() + readyLimitMs;
  while ((await run(command, env, readyLimitMs)).code !== 0) {
    if (words !== undefined) throw new Error(`containerd ended:\n${words}`);
    if (Date.now() > late) throw new Error(`containerd is silent after ${readyLimitMs} ms`);
    await setTimeout(pollMs);
  }
};
