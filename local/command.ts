/** What a container's command becomes on this machine. */
import { accessSync, constants, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Container } from "../api/types.ts";
import { expand } from "./expand.ts";
import { commandFor, type ImageCommand } from "./images.ts";

export type Command = { readonly file: string; readonly args: readonly string[] };

/**
 * The command of a container: the mapped one in a shell, followed by the container's `args` as they
 * would follow its image's entrypoint, else its own. Undefined when it has neither.
 */
export const commandOf = (
  container: Container,
  mappings: readonly ImageCommand[],
  variables: ReadonlyMap<string, string>,
): Command | undefined => {
  const args = (container.args ?? []).map((text) => expand(text, variables));
  const mapped = commandFor(container, mappings);
  if (mapped !== undefined) {
    return { file: "/bin/sh", args: ["-c", `${mapped} "$@"`, container.name, ...args] };
  }
  const [file, ...first] = (container.command ?? []).map((text) => expand(text, variables));
  return file === undefined ? undefined : { file, args: [...first, ...args] };
};

/** The folder a container works in: its `workingDir` if there is one here, else the manifest's. */
export const folderOf = (container: Container, manifestFolder: string): string => {
  const wanted = resolve(manifestFolder, container.workingDir ?? ".");
  return isFolder(wanted) ? wanted : manifestFolder;
};

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Whether `file` can be run: by its path from `folder`, or by its name on `path`. */
export const isRunnable = (file: string, folder: string, path: string): boolean => {
  const places = file.includes("/")
    ? [resolve(folder, file)]
    : path.split(":").map((place) => join(place === "" ? folder : place, file));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return !isFolder(place);
    } catch {
      return false;
    }
  });
};
