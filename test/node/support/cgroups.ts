/** The cgroups below which all pods are. Source: cgroups(7). */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const root = "/sys/fs/cgroup";

/** The hierarchies: one of the second version, or several of the first. */
const hierarchies = (): readonly string[] =>
  existsSync(join(root, "cgroup.controllers"))
    ? [root]
    : readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(root, name))
        .filter((folder) => existsSync(join(folder, "cgroup.procs")));

/** Makes one in each hierarchy. */
export const makeCgroups = (name: string): void => {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, name);
    mkdirSync(folder, { recursive: true });
    // A cpuset that names no processor takes no process in.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const parent = join(hierarchy, file);
      if (existsSync(parent)) writeFileSync(join(folder, file), readFileSync(parent));
    }
  }
};

/** How much of a busy machine a node gets: as much as eight other processes. The usual is 1024. */
const cpuShares = "8192";

/**
 * A file that takes a process in, for the programs of the node that are in no pod; undefined where
 * the kernel's cgroups are of the second version, in which pods and programs are not weighed
 * together.
 */
export const weighCgroup = (name: string): string | undefined => {
  const folder = join(root, "cpu", name);
  if (!existsSync(folder)) return undefined;
  writeFileSync(join(folder, "cpu.shares"), cpuShares);
  mkdirSync(join(folder, "programs"), { recursive: true });
  writeFileSync(join(folder, "programs/cpu.shares"), cpuShares);
  return join(folder, "programs/cgroup.procs");
};

/** Those of that name, in all hierarchies. */
export const cgroupsNamed = (isNamed: (name: string) => boolean): readonly string[] =>
  hierarchies().flatMap((hierarchy) =>
    readdirSync(hierarchy, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isNamed(entry.name))
      .map((entry) => join(hierarchy, entry.name)),
  );

const removeLimitMs = 10_000;
const pollMs = 50;

/** Removes them with all below; a process that is dying keeps its own for a moment. */
export const removeCgroups = async (folders: readonly string[]): Promise<void> => {
  const late = Date.now() + removeLimitMs;
  for (const folder of folders) {
    while (!removed(folder)) {
      if (Date.now() > late) throw new Error(`${folder} is still in use`);
      await setTimeout(pollMs);
    }
  }
};

const removed = (folder: string): boolean => {
  try {
    for (const below of readdirSync(folder, { withFileTypes: true })) {
      if (below.isDirectory() && !removed(join(folder, below.name))) return false;
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // as: what node:fs throws
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw error;
  }
};
