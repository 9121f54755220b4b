/** What of this machine makes a node impossible. */
import { existsSync, readFileSync } from "node:fs";

/** Source: capabilities(7). */
const capabilities = { NET_ADMIN: 12, SYS_ADMIN: 21, MKNOD: 27 } as const;

/** Source: the kubelet of Kubernetes 1.34, on cgroups of the first version. */
const controllers = ["cpu", "cpuacct", "cpuset", "memory", "pids", "devices"] as const;

const fileSystems = ["overlay", "tmpfs", "proc"] as const;

/** One sentence for each; empty where a node can run. */
export const obstacles = (): readonly string[] => [
  ...(process.platform === "linux" ? linuxObstacles() : ["a node needs Linux"]),
];

const linuxObstacles = (): readonly string[] => {
  const status = readFileSync("/proc/self/status", "utf8");
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? "0"}`);
  const missing = Object.entries(capabilities)
    .filter(([, bit]) => (effective & (1n << BigInt(bit))) === 0n)
    .map(([name]) => `CAP_${name}`);
  const known = readFileSync("/proc/filesystems", "utf8").split(/\s+/);
  return [
    ...(process.getuid?.() === 0 ? [] : ["a node needs root"]),
    ...(missing.length === 0 ? [] : [`a node needs ${missing.join(", ")}`]),
    ...fileSystems
      .filter((one) => !known.includes(one))
      .map((one) => `the kernel has no file system ${one}`),
    ...(hasCgroups() ? [] : ["no cgroups are mounted in /sys/fs/cgroup"]),
  ];
};

const hasCgroups = (): boolean =>
  existsSync("/sys/fs/cgroup/cgroup.controllers") ||
  controllers.every((one) => existsSync(`/sys/fs/cgroup/${one}`));
