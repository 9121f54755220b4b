/** A Redis or Valkey server: one of this machine, or Debian's, unpacked in the cache. */
import { readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "../../peers/environment/cache.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must, run } from "../../peers/environment/run.ts";

/** How a server is started. */
export type ServerCommand = {
  readonly file: string;
  /** Where its libraries are that this machine does not have. */
  readonly libraries: string | undefined;
};

const downloadLimitMs = 5 * 60_000;
const checkLimitMs = 20_000;

const folderOf = (env: Env): string => cacheFolder(env, "redis");
const name = keyed("debian-redis-server");

/** The server that was found or installed; undefined if there is none. */
export const findServer = async (env: Env): Promise<ServerCommand | undefined> => {
  const { ESPALIER_REDIS_SERVER: own } = env;
  const known = own ? [own] : ["redis-server", "valkey-server"];
  const candidates = [
    ...known.map((file) => ({ file, libraries: undefined })),
    ...(own ? [] : [unpacked(join(folderOf(env), name))]),
  ];
  for (const command of candidates) if (await works(command, env)) return command;
  return undefined;
};

export const prepareServer = async (env: Env, say: (line: string) => void): Promise<string> => {
  const found = await findServer(env);
  if (found !== undefined) return found.file;
  const path = await makeOnce({
    folder: folderOf(env),
    name,
    say,
    works: (place) => works(unpacked(place), env),
    make: (into) => install(into, env, say),
  });
  return unpacked(path).file;
};

const works = async ({ file, libraries }: ServerCommand, env: Env): Promise<boolean> => {
  const surroundings = libraries === undefined ? env : { ...env, LD_LIBRARY_PATH: libraries };
  return (await run([file, "--version"], surroundings, checkLimitMs)).code === 0;
};

const unpacked = (folder: string): ServerCommand => {
  const libraries = join(folder, "root", "usr", "lib");
  return {
    file: join(folder, "root", "usr", "bin", "redis-server"),
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

/** The package and what it needs that is not installed, without installing anything. */
const install = async (into: string, env: Env, say: (line: string) => void): Promise<void> => {
  if ((await run(["apt-get", "--version"], env, checkLimitMs)).code !== 0) {
    throw new Error(
      "there is no redis-server, and no Debian to get it from: install Redis or Valkey, or name its server in ESPALIER_REDIS_SERVER",
    );
  }
  say("getting Debian's redis-server");
  const lists = join(into, "lists");
  const archives = join(into, "archives");
  const root = join(into, "root");
  for (const folder of [lists, archives, root]) {
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
  const wanted = ["--download-only", "--no-install-recommends", "-y", "redis-server"];
  await must(["apt-get", "-q", ...own, "install", ...wanted], env, downloadLimitMs);
  const packages = readdirSync(archives).filter((entry) => entry.endsWith(".deb"));
  for (const one of packages) {
    await must(["dpkg", "-x", join(archives, one), root], env, checkLimitMs);
  }
  for (const folder of [lists, archives]) await rm(folder, { recursive: true });
};
