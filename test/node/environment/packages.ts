/**
 * Debian's packages of what runs containers, unpacked into a folder of the cache: nothing of the
 * system changes, not even apt's lists.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "../../peers/environment/cache.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must, run } from "../../peers/environment/run.ts";

/** And the libraries that they need and a small system may lack. */
const packages = [
  ...["containerd", "runc", "containernetworking-plugins"],
  ...["iptables", "conntrack", "iproute2"],
  ...["libseccomp2", "libnftnl11", "libnfnetlink0", "libnetfilter-conntrack3", "libxtables12"],
  ...["libmnl0", "libip4tc2", "libip6tc2", "libbpf1", "libelf1", "libtirpc3", "libcap2"],
];

const limitMs = 10 * 60_000;

export type Packages = {
  /** Of programs, for PATH. */
  readonly bin: string;
  /** Plugins of the container network interface. */
  readonly cni: string;
  /** What the programs need in their environment. */
  readonly env: Readonly<Record<string, string>>;
};

const name = keyed("debian", ...packages);
const folderOf = (env: Env): string => cacheFolder(env, "node");

const packagesIn = (path: string): Packages => {
  const libraries = join(path, "root/usr/lib");
  const [machine = ""] = [process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu"];
  return {
    bin: join(path, "bin"),
    cni: join(libraries, "cni"),
    env: {
      PATH: `${join(path, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      LD_LIBRARY_PATH: `${join(libraries, machine)}:${join(path, "root/lib", machine)}`,
      XTABLES_LIBDIR: join(libraries, machine, "xtables"),
    },
  };
};

const programs: readonly (readonly string[])[] = [
  ...[["containerd"], ["runc"], ["ctr"], ["iptables"], ["conntrack"]].map((one) => [
    ...one,
    "--version",
  ]),
  ["ip", "-Version"],
];

const works = async (path: string): Promise<boolean> => {
  const { bin, env } = packagesIn(path);
  for (const [program = "", ...args] of programs) {
    const { code } = await run([join(bin, program), ...args], env, limitMs);
    if (code !== 0) return false;
  }
  return true;
};

/** Downloads and unpacks them unless they are there. */
export const preparePackages = async (env: Env, say: (line: string) => void): Promise<Packages> => {
  const path = await makeOnce({
    folder: folderOf(env),
    name,
    say,
    works,
    make: async (into) => {
      say(`downloading ${packages.length} packages of Debian`);
      const debs = await download(into, env);
      for (const deb of debs) await must(["dpkg", "-x", deb, join(into, "root")], env, limitMs);
      await link(into);
      for (const deb of debs) await rm(deb);
    },
  });
  return packagesIn(path);
};

const download = async (into: string, env: Env): Promise<readonly string[]> => {
  const debs = join(into, "debs");
  for (const folder of [debs, join(into, "lists/partial"), join(into, "archives/partial")]) {
    await mkdir(folder, { recursive: true });
  }
  const apt = [
    "apt-get",
    ...["-o", `Dir::State::lists=${join(into, "lists")}`],
    ...["-o", `Dir::Cache=${into}`, "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"],
  ];
  const { code, output } = await run([...apt, "update"], env, limitMs);
  if (code === 127) {
    throw new Error(
      "there is no apt-get: the node level needs the packages of Debian or Ubuntu; run it on one",
    );
  }
  if (code !== 0) throw new Error(`apt-get update ended with ${code}:\n${output.slice(-2000)}`);
  const script = 'cd "$0" && exec "$@"';
  await must(["/bin/sh", "-c", script, debs, ...apt, "download", ...packages], env, limitMs);
  await rm(join(into, "lists"), { recursive: true });
  return (await readdir(debs)).map((deb) => join(debs, deb));
};

/** All programs in one folder, iptables as the variant for nftables. */
const link = async (into: string): Promise<void> => {
  const bin = join(into, "bin");
  await mkdir(bin);
  for (const folder of ["bin", "sbin", "usr/bin", "usr/sbin"]) {
    const path = join(into, "root", folder);
    if (!existsSync(path)) continue;
    for (const program of await readdir(path)) {
      await symlink(join("../root", folder, program), join(bin, program)).catch(() => {}); // bin is usr/bin
    }
  }
  for (const family of ["iptables", "ip6tables"]) {
    for (const rest of ["", "-save", "-restore"]) {
      await symlink("xtables-nft-multi", join(bin, `${family}${rest}`));
    }
  }
};

/** @throws {Error} when they are not there. */
export const findPackages = (env: Env): Packages => {
  const path = join(folderOf(env), name);
  if (existsSync(path)) return packagesIn(path);
  throw new Error(`there is no ${path}: run node test/node/environment/main.ts`);
};
