/** Debian's packages unpacked into a folder: nothing of the system changes, not even apt's lists. */
import { readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Env } from "./cache.ts";
import { must, run } from "./run.ts";

const downloadLimitMs = 5 * 60_000;
const checkLimitMs = 20_000;

export type Unpacked = {
  /** Of programs. */
  readonly bin: string;
  /** Where their libraries are that this machine does not have, for LD_LIBRARY_PATH. */
  readonly libraries: string;
};

/** What `unpackDebian` has put into that folder. */
export const unpackedIn = (folder: string): Unpacked => {
  const libraries = join(folder, "root", "usr", "lib");
  return {
    bin: join(folder, "root", "usr", "bin"),
    libraries: [libraries, ...foldersIn(libraries)].join(":"),
  };
};

/** Debian keeps libraries in a folder named by the architecture. */
const foldersIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).map((entry) => join(folder, entry));
  } catch {
    return [];
  }
};

/** There is an apt to get packages with. */
export const hasApt = async (env: Env): Promise<boolean> =>
  (await run(["apt-get", "--version"], env, checkLimitMs)).code === 0;

/** The packages and what they need that is not installed, without installing anything. */
export const unpackDebian = async (
  into: string,
  packages: readonly string[],
  env: Env,
): Promise<void> => {
  const lists = join(into, "lists");
  const archives = join(into, "archives");
  for (const folder of [lists, archives, join(into, "root")]) {
    await mkdir(join(folder, "partial"), { recursive: true });
  }
  const own = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${into}`,
    `Dir::Cache::archives=${archives}`,
    "Debug::NoLocking=1",
    "APT::Sandbox::User=", // who runs this may write there, and nobody else
  ].flatMap((option) => ["-o", option]);
  await must(["apt-get", "-q", ...own, "update"], env, downloadLimitMs);
  // What is named is downloaded even where it is installed.
  const wanted = ["--reinstall", "--download-only", "--no-install-recommends", "-y", ...packages];
  await must(["apt-get", "-q", ...own, "install", ...wanted], env, downloadLimitMs);
  for (const one of readdirSync(archives).filter((entry) => entry.endsWith(".deb"))) {
    await must(["dpkg", "-x", join(archives, one), join(into, "root")], env, checkLimitMs);
  }
  for (const folder of [lists, archives]) await rm(folder, { recursive: true });
};
