import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
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
 * editors save) is still seen, and through symbolic links also where they lead. A folder stands
 * for the manifests in it.
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
        for (const [wanted, concerned] of names) {
          if (name === null || wanted === name || (wanted === any && isManifest(name))) {
            concerned.forEach(settle);
          }
        }
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
      const [folder, name] = isFolder(place) ? [place, any] : [dirname(place), basename(place)];
      const names = folders.get(folder) ?? new Map<string, Set<string>>();
      folders.set(folder, names);
      const concerned = names.get(name) ?? new Set<string>();
      names.set(name, concerned.add(file));
    }
  }
  return folders;
};

/** Stands for every manifest of a folder that was given as a whole. */
const any = "*";
const isManifest = (name: string): boolean => /\.(ya?ml|json)$/.test(name);

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet: its folder tells when it comes
  }
};
