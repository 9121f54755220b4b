import { lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { type LockTimes, withLock } from "./lock.ts";

export type Once = {
  readonly folder: string;
  /** What is wanted: `folder/name`. */
  readonly name: string;
  /** Makes it in an empty folder. */
  readonly make: (into: string) => Promise<void>;
  /** Whether what is there still works; it is made anew if not. */
  readonly works: (path: string) => Promise<boolean>;
  readonly say: (line: string) => void;
  readonly times?: LockTimes;
};

/**
 * Makes `folder/name` unless it is there, and answers its path. What is there is always whole.
 *
 * The name is a link, put in place when the work is done: a Python environment cannot be moved,
 * its scripts name the folder in which they were made.
 */
export const makeOnce = async (once: Once): Promise<string> => {
  const { folder, name, works, say, times } = once;
  const path = join(folder, name);
  if (await works(path)) return path;
  await mkdir(folder, { recursive: true });
  const onWait = (): void => say(`waiting for another run that makes ${path}`);
  const options = times === undefined ? { onWait } : { onWait, times };
  await withLock(
    `${path}.lock`,
    async () => {
      if (!(await works(path))) await replace(once, path);
    },
    options,
  );
  return path;
};

const replace = async ({ folder, name, make, works }: Once, path: string): Promise<void> => {
  await removeLeftovers(folder, name);
  const made = await mkdtemp(`${path}.`);
  try {
    await make(made);
    if (!(await works(made))) throw new Error(`${name} was installed, and does not work`);
    await linkTo(made, path);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  await removeLeftovers(folder, name);
};

/** Puts the link in place in one step: a rename replaces what is there. */
const linkTo = async (made: string, path: string): Promise<void> => {
  const link = `${made}.link`;
  await symlink(basename(made), link);
  if (await isFolder(path)) await rm(path, { recursive: true }); // someone else's idea of our name
  await rename(link, path);
};

const isFolder = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;

/** What runs that were broken off left behind, and what the link does not name any more. */
const removeLeftovers = async (folder: string, name: string): Promise<void> => {
  const current = await readlink(join(folder, name)).catch(() => undefined);
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.`) || entry === `${name}.lock` || entry === current) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
};
