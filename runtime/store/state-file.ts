/** The file that holds a snapshot of the state: whole or not there, whenever a process dies. */
import { lstatSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readSnapshot, type Snapshot, writeSnapshot } from "../nodes/store/snapshot.ts";

export type StateFile = {
  readonly path: string;
  /** Makes the folder. @throws {Error} when it cannot be, or is not this user's although it must. */
  prepare(): void;
  /** Something has been written since it was last read or written here. */
  isChanged(): boolean;
  /**
   * What it holds; undefined if there is none. One that cannot be understood is kept aside under
   * another name, and told.
   *
   * @throws {Error} when there is one that cannot be read.
   */
  read(): Snapshot | undefined;
  write(snapshot: Snapshot): Promise<void>;
};

export type StateFileOptions = {
  readonly folder: string;
  /**
   * Above `folder`, and this user's alone: in a folder that everybody may write to, somebody else
   * may have been first. Undefined where the user named the folder.
   */
  readonly ownFolder: string | undefined;
  readonly onBroken: (fault: string, keptAs: string) => void;
};

export const openStateFile = ({ folder, ownFolder, onBroken }: StateFileOptions): StateFile => {
  const path = join(folder, "state.jsonl");
  let known: string | undefined;
  return {
    path,
    prepare: () => {
      if (ownFolder !== undefined) {
        mkdirSync(ownFolder, { recursive: true, mode: 0o700 });
        if (!isOwn(ownFolder)) throw new Error(`${ownFolder} is not this user's alone`);
      }
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    },
    isChanged: () => signatureOf(path) !== known,
    read: () => {
      known = signatureOf(path);
      if (known === undefined) return undefined;
      const read = readSnapshot(readFileSync(path, "utf8"));
      if (read.ok) return read.snapshot;
      const aside = `${path}.broken`;
      renameSync(path, aside);
      known = undefined;
      onBroken(read.fault, aside);
      return undefined;
    },
    write: async (snapshot) => {
      const temporary = `${path}.${process.pid}.new`;
      try {
        await writeDown(temporary, writeSnapshot(snapshot));
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      known = signatureOf(path);
      await settle(folder);
    },
  };
};

const isOwn = (folder: string): boolean => {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
};

/** Changes whenever a file is put in its place. */
const signatureOf = (path: string): string | undefined => {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.ino}:${found.mtimeNs}:${found.size}`;
};

const writeDown = async (path: string, text: string): Promise<void> => {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** The new name is on the disk as well. */
const settle = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
