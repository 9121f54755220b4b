import { type FSWatcher, realpathSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Clock } from "./clock.ts";

export type WatchOptions = {
  readonly clock: Clock;
  /** Hears which files were written, replaced or removed; paths as they were given. */
  readonly onChange: (files: readonly string[]) => void;
  /** Hears that a folder can no longer be watched. */
  readonly onTrouble: (folder: string, error: Error) => void;
};

/** Editors write in several steps; a pause this long means that they are done. */
const quietMs = 100;

/**
 * Watches files through their folders, so that a file which is replaced by renaming (as most
 * editors save) is still seen, and through symbolic links also where they lead.
 *
 * Answers how to stop.
 */
export const watchFiles = (files: readonly string[], options: WatchOptions): (() => void) => {
  const changed = new Set<string>();
  let cancel = (): void => {};
  const settle = (file: string): void => {
    changed.add(file);
    cancel();
    cancel = options.clock.after(quietMs, () => {
      const all = [...changed];
      changed.clear();
      options.onChange(all);
    });
  };

  const watchers: FSWatcher[] = [];
  for (const [folder, names] of foldersOf(files)) {
    const trouble = (error: Error): void => options.onTrouble(folder, error);
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null) for (const of of names.values()) of.forEach(settle);
        else names.get(name)?.forEach(settle);
      });
      watcher.on("error", trouble);
      watchers.push(watcher);
    } catch (error) {
      trouble(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return () => {
    cancel();
    for (const watcher of watchers) watcher.close();
  };
};

type Folders = Map<string, Map<string, Set<string>>>;

/** By folder and name within it: the given files that such a change concerns. */
const foldersOf = (files: readonly string[]): Folders => {
  const folders: Folders = new Map();
  for (const file of files) {
    const path = resolve(file);
    for (const place of new Set([path, realPath(path)])) {
      const names = folders.get(dirname(place)) ?? new Map<string, Set<string>>();
      folders.set(dirname(place), names);
      const concerned = names.get(basename(place)) ?? new Set<string>();
      names.set(basename(place), concerned.add(file));
    }
  }
  return folders;
};

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet: its folder tells when it comes
  }
};
