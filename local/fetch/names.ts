/** Names of files, as stores give them: none may lead out of the folder. */
import { FetchFault } from "./fault.ts";
import type { StoredFile } from "./source.ts";

/** Where files stay until all have come, in the folder itself: what is beside it may be another disk. */
export const stageName = ".espalier-fetch";

const longest = 4096;
const longestPart = 255;

/** Whether it is a path downwards, one part after the other, that a file system takes. */
export const isSafe = (name: string): boolean =>
  Buffer.byteLength(name) < longest &&
  name
    .split("/")
    .every(
      (part) =>
        part !== "" &&
        part !== "." &&
        part !== ".." &&
        !part.includes("\0") &&
        Buffer.byteLength(part) <= longestPart,
    ) &&
  name.split("/")[0] !== stageName;

/** @throws {FetchFault} BAD_NAME for a name that is unsafe, twice there, or a file and a folder. */
export const checkNames = (files: readonly StoredFile[], where: string): void => {
  const names = new Set<string>();
  for (const { key, name } of files) {
    if (!isSafe(name)) {
      const message = `${where}: the key "${key}" is no path for a file; rename it in the store`;
      throw new FetchFault("BAD_NAME", message);
    }
    if (names.has(name)) throw new FetchFault("BAD_NAME", `${where}: "${name}" is there twice`);
    names.add(name);
  }
  for (const name of names) {
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      const folder = name.slice(0, end);
      if (!names.has(folder)) continue;
      const message = `${where}: "${folder}" is a file, and a folder of "${name}"; rename one of them in the store`;
      throw new FetchFault("BAD_NAME", message);
    }
  }
};
