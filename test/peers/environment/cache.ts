/** Where what is installed for tests stays, outside of the tree. */
import { createHash } from "node:crypto";
import { join } from "node:path";

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * A folder of that name in `$ESPALIER_CACHE`, else in `espalier` in the user's cache folder.
 *
 * Source: XDG Base Directory Specification.
 */
export const cacheFolder = (env: Env, name = "peers"): string => {
  const { ESPALIER_CACHE: own, XDG_CACHE_HOME: xdg, HOME: home } = env;
  if (own) return join(own, name);
  if (xdg) return join(xdg, "espalier", name);
  if (home) return join(home, ".cache", "espalier", name);
  throw new Error(
    `no place for the ${name}: set ESPALIER_CACHE to a folder that may hold what tests install`,
  );
};

/** A name that changes with whatever an installation depends on. */
export const keyed = (name: string, ...depends: readonly string[]): string => {
  const hash = createHash("sha256");
  for (const one of [process.platform, process.arch, ...depends]) hash.update(`${one}\0`);
  return `${name}-${hash.digest("hex").slice(0, 12)}`;
};
