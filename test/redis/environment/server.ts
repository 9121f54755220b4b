/** A Redis or Valkey server: one of this machine, or Debian's, unpacked in the cache. */
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "../../peers/environment/cache.ts";
import { hasApt, unpackDebian, unpackedIn } from "../../peers/environment/debian.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { run } from "../../peers/environment/run.ts";

/** How a server is started. */
export type ServerCommand = {
  readonly file: string;
  /** Where its libraries are that this machine does not have. */
  readonly libraries: string | undefined;
};

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
  const { bin, libraries } = unpackedIn(folder);
  return { file: join(bin, "redis-server"), libraries };
};

const install = async (into: string, env: Env, say: (line: string) => void): Promise<void> => {
  if (!(await hasApt(env))) {
    throw new Error(
      "there is no redis-server, and no Debian to get it from: install Redis or Valkey, or name its server in ESPALIER_REDIS_SERVER",
    );
  }
  say("getting Debian's redis-server");
  await unpackDebian(into, ["redis-server"], env);
};
