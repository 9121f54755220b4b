/** Namespaces for a node, and a machine that is afterwards as it was. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Env } from "../../peers/environment/cache.ts";
import { cgroupsNamed, makeCgroups, removeCgroups, weighCgroup } from "./cgroups.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const prefix = "espalier-node-";

/** Tells those within where they are. */
export const placeVariable = "ESPALIER_TEST_NODE_FOLDER";

/**
 * What the kubelet would write into the kernel it finds written, in files that are mounted over the
 * kernel's. Source: Kubernetes 1.34, pkg/kubelet/cm, "setupKernelTunables".
 */
const tunables = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
} as const;

/** The first process: it mounts what is to be written to over what is to stay, and buries orphans. */
const first = `
set -e
if [ -n "$PROCESSES" ]; then echo 0 >"$PROCESSES"; fi
mount -t tmpfs tmpfs /run
mkdir "$FOLDER/upper" "$FOLDER/work"
mount -t overlay overlay -o "lowerdir=/var,upperdir=$FOLDER/upper,workdir=$FOLDER/work" /var
${Object.entries(tunables)
  .map(([name, value]) => {
    const file = `"$FOLDER/${name.replaceAll("/", "-")}"`;
    return `echo ${value} >${file}\nmount --bind ${file} /proc/sys/${name}`;
  })
  .join("\n")}
set +e
"$@" &
wait $!
`;

/** Runs Jest within; resolves with the exit code when nothing is left. */
export const enclose = async (args: readonly string[], env: Env): Promise<number> => {
  await removeOrphans();
  const before = kernelState();
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  mkdirSync(join(folder, "logs"));
  makeCgroups(basename(folder));
  const processes = weighCgroup(basename(folder));
  let code = 1;
  try {
    code = await run(folder, args, { ...env, PROCESSES: processes });
  } finally {
    await removeCgroups(cgroupsNamed((name) => name === basename(folder)));
    if (env["ESPALIER_KEEP_NODE"]) say(`its files are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  const changed = differences(before, kernelState());
  for (const one of changed) process.stderr.write(`node: left behind: ${one}\n`);
  if (changed.length === 0) say("nothing is left: no process, mount, cgroup, namespace or setting");
  return changed.length === 0 ? code : 1;
};

const say = (line: string): void => {
  process.stdout.write(`node: ${line}\n`);
};

const run = async (folder: string, args: readonly string[], env: Env): Promise<number> => {
  const jest = [process.execPath, "node_modules/jest/bin/jest.js"];
  const child = spawn(
    "setpriv", // it ends with us, however we end, and all within ends with it
    [
      ...["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork"],
      ...["--kill-child", "--mount-proc", "/bin/sh", "-c", first, "node"],
      ...[...jest, "--config", "test/node/jest.config.js", ...args],
    ],
    {
      cwd: root,
      env: {
        ...env,
        FOLDER: folder,
        TMPDIR: folder, // what is killed there does not tidy up
        [placeVariable]: folder,
        NODE_OPTIONS: "--experimental-vm-modules",
      },
      stdio: ["ignore", "inherit", "inherit"],
      detached: true, // Ctrl-C reaches us alone
    },
  );
  const stop = (): void => {
    child.kill("SIGKILL");
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const [code] = (await once(child, "close")) as [number | null]; // as: node:child_process
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  return code ?? 1;
};

/** What runs that were killed have left: the id of each is in its name. */
const removeOrphans = async (): Promise<void> => {
  const isOrphan = (name: string): boolean => {
    const [, pid] = /^espalier-node-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  };
  await removeCgroups(cgroupsNamed(isOrphan));
  for (const name of readdirSync(tmpdir()).filter(isOrphan)) {
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
};

type KernelState = Readonly<Record<string, string>>;

/** All that a node could change beyond its namespaces. */
const kernelState = (): KernelState => ({
  ...Object.fromEntries(
    [...Object.keys(tunables), "net/ipv4/ip_forward"].map((name) => [
      `setting ${name}`,
      readFileSync(`/proc/sys/${name}`, "utf8").trim(),
    ]),
  ),
  ...Object.fromEntries(
    readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => [`mount ${line}`, "mounted"]),
  ),
  ...Object.fromEntries(
    readdirSync("/sys/class/net").map((name) => [`network interface ${name}`, "there"]),
  ),
});

const differences = (before: KernelState, after: KernelState): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: was ${before[name] ?? "not there"}, is ${after[name] ?? "gone"}`);
