/**
 * Where files stay until all have come: a hidden folder in the one that is fetched into. What a
 * process that was killed leaves there is continued by the next one.
 */
import { createHash } from "node:crypto";
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Digest } from "./digest.ts";
import { stageName } from "./names.ts";

/** What is known of a file that is on its way. */
export type Record = {
  readonly tag: string | undefined;
  readonly size: number | undefined;
  readonly digests: readonly Digest[];
  /** Whether all of it is there, and was checked. */
  readonly isWhole: boolean;
};

export type Stage = {
  /** What is there of a file, and how much. */
  readonly find: (name: string) => Promise<(Record & { readonly bytes: number }) | undefined>;
  readonly note: (name: string, record: Record) => Promise<void>;
  /** To write behind what is there. */
  readonly append: (name: string) => Promise<FileHandle>;
  readonly path: (name: string) => string;
  readonly forget: (name: string) => Promise<void>;
  /** Removes itself, unless something has come that can be continued. */
  readonly leave: () => Promise<void>;
  /** Puts all files where they belong, and removes itself. Answers their paths. */
  readonly release: (names: readonly string[]) => Promise<readonly string[]>;
};

/** `origin` says what is fetched: what is there of anything else is removed. */
export const openStage = async (folder: string, origin: string): Promise<Stage> => {
  const home = join(folder, stageName);
  const originFile = join(home, "origin");
  await mkdir(folder, { recursive: true });
  if ((await readFile(originFile, "utf8").catch(() => "")) !== origin) {
    await rm(home, { recursive: true, force: true });
    await mkdir(home);
    await writeFile(originFile, origin);
  }
  const base = (name: string): string =>
    join(home, createHash("sha256").update(name).digest("hex").slice(0, 32));
  const path = (name: string): string => `${base(name)}.part`;
  const recordPath = (name: string): string => `${base(name)}.json`;
  const forget = async (name: string): Promise<void> => {
    await rm(recordPath(name), { force: true });
    await rm(path(name), { force: true });
  };
  return {
    path,
    forget,
    find: async (name) => {
      const [text, stats] = await Promise.all([
        readFile(recordPath(name), "utf8").catch(() => undefined),
        stat(path(name)).catch(() => undefined),
      ]);
      const record = text === undefined ? undefined : read(text);
      return record === undefined || stats === undefined
        ? undefined
        : { ...record, bytes: stats.size };
    },
    note: async (name, record) => {
      const fresh = `${recordPath(name)}.new`;
      await writeFile(fresh, JSON.stringify(record));
      await rename(fresh, recordPath(name));
    },
    append: (name) => open(path(name), "a"),
    leave: async () => {
      const names = await readdir(home).catch(() => []);
      const sizes = names
        .filter((name) => name.endsWith(".part"))
        .map((name) => sizeOf(join(home, name)));
      if ((await Promise.all(sizes)).every((size) => size === 0)) {
        await rm(home, { recursive: true, force: true });
      }
    },
    release: async (names) => {
      const paths: string[] = [];
      for (const name of names) {
        const target = join(folder, name);
        await mkdir(dirname(target), { recursive: true });
        await rename(path(name), target);
        paths.push(target);
      }
      await rm(home, { recursive: true });
      return paths;
    },
  };
};

const sizeOf = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.size ?? 0;

/** A record that was being written when the process was killed is none. */
const read = (text: string): Record | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
