/** Files of this machine: a volume that is mounted, as a rule. */
import { createReadStream, type Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { Readable } from "node:stream";
import { FetchFault, systemCodeOf } from "./fault.ts";
import { tooMany } from "./keyed.ts";
import { stageName } from "./names.ts";
import type { Source, StoredFile } from "./source.ts";

export type Disk = {
  readonly path: string;
  readonly warn: (sentence: string) => void;
};

/**
 * A file, or all that a folder holds. A link is followed where it leads to a file or folder of the same
 * volume; links that lead nowhere or elsewhere, and what is no file, are left out, with a warning.
 */
export const makeDisk = (disk: Disk): Source => ({
  where: disk.path,
  list: async (maxFiles) => {
    const files: StoredFile[] = [];
    for await (const file of walk(disk)) {
      files.push(file);
      if (files.length > maxFiles) throw tooMany(disk.path, maxFiles);
    }
    return files;
  },
  open: async ({ key }, part) => {
    const stats = await stat(key).catch((error) => {
      throw diskFault(key, error);
    });
    const tag = tagOf(stats);
    const from =
      part !== undefined && part.tag === tag && part.bytes <= stats.size ? part.bytes : 0;
    const body =
      from < stats.size
        ? createReadStream(key, { start: from, end: stats.size - 1, highWaterMark: 1 << 20 })
        : Readable.from([]);
    return { body, from, size: stats.size, tag, digests: [] };
  },
  close: () => {},
});

const tagOf = ({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string =>
  `${ino}-${size}-${mtimeMs}`;

async function* walk(disk: Disk): AsyncGenerator<StoredFile> {
  const { path } = disk;
  const stats = await stat(path).catch((error) => {
    throw diskFault(path, error);
  });
  if (!stats.isDirectory()) {
    if (!stats.isFile()) throw new FetchFault("BAD_URI", `${path} is neither a file nor a folder`);
    yield { key: path, name: basename(path), size: stats.size, tag: tagOf(stats) };
    return;
  }
  const real = await realpath(path);
  yield* walkFolder("", { ...disk, volume: await volumeOf(real), above: [real] });
}

type Walk = Disk & {
  /** Links must not lead out of it. */
  readonly volume: string;
  /** The real paths of the folders above, for links that lead back. */
  readonly above: readonly string[];
};

/** The uppermost folder above on the same device: what is mounted. */
const volumeOf = async (path: string): Promise<string> => {
  const { dev } = await stat(path);
  let volume = path;
  for (let up = dirname(path); up !== dirname(up); up = dirname(up)) {
    if ((await stat(up)).dev !== dev) break;
    volume = up;
  }
  // on the disk of the system itself a model's links stay beside it
  return volume === path || (await stat("/")).dev === dev ? dirname(path) : volume;
};

async function* walkFolder(below: string, walk: Walk): AsyncGenerator<StoredFile> {
  const folder = join(walk.path, below);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw diskFault(folder, error);
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (below === "" && isOfTheDisk(entry)) continue;
    yield* entryOf(below === "" ? entry.name : `${below}/${entry.name}`, walk);
  }
}

/** What a file system or a fetch that was broken off puts there. */
const isOfTheDisk = ({ name }: Dirent): boolean => name === "lost+found" || name === stageName;

async function* entryOf(name: string, walk: Walk): AsyncGenerator<StoredFile> {
  const key = join(walk.path, name);
  const real = await realpath(key).catch(() => undefined);
  const stats = real === undefined ? undefined : await stat(real).catch(() => undefined);
  if (real === undefined || stats === undefined) {
    walk.warn(`${key} is left out: it leads nowhere, or may not be read`);
  } else if (!real.startsWith(walk.volume === sep ? sep : `${walk.volume}${sep}`)) {
    walk.warn(`${key} is left out: it leads out of ${walk.volume}`);
  } else if (stats.isDirectory()) {
    if (walk.above.includes(real)) walk.warn(`${key} is left out: it leads back to a folder above`);
    else yield* walkFolder(name, { ...walk, above: [...walk.above, real] });
  } else if (stats.isFile()) {
    yield { key, name, size: stats.size, tag: tagOf(stats) };
  } else {
    walk.warn(`${key} is left out: it is no file`);
  }
}

const diskFault = (path: string, error: unknown): FetchFault => {
  const code = systemCodeOf(error);
  const cause = { cause: error };
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new FetchFault(
      "NOT_FOUND",
      `${path} does not exist: check the path, and that the volume has it`,
      cause,
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    const message = `${path} may not be read: give user 8888, or the pod's runAsUser or fsGroup, the right to`;
    return new FetchFault("DENIED", message, cause);
  }
  return new FetchFault("DISK", `${path} cannot be read (${code})`, cause);
};
