/** Where what is installed for the peers stays, outside of the tree. */
import { createHash } from "node:crypto";
import { join } from "node:path";

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * A folder `peers` in `$ESPALIER_CACHE`, else in `espalier` in the user's cache folder.
 *
 * Source: XDG Base Directory Specification.
 */
export const cacheFolder = (env: Env): string => {
  const { ESPALIER_CACHE: own, XDG_CACHE_HOME: xdg, HOME: home } = env;
  if (own) return join(own, "peers");
  if (xdg) return join(xdg, "espalier", "peers");
  if (home) return join(home, ".cache", "espalier", "peers");
  throw new Error(
    "no place for the peers: set ESPALIER_CACHE to a folder they may be installed in",
  );
};

/** A name that changes with whatever an installation depends on. */
export const keyed = (name: string, ...depends: readonly string[]): string => {
  const hash = createHash("sha256");
  for (const one of [process.platform, process.arch, ...depends]) hash.update(`${one}\0`);
  return `${name}-${hash.digest("hex").slice(0, 12)}`;
};
