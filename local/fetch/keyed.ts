/** What a key means in a store of objects: one of them, or a folder of them. */
import { FetchFault } from "./fault.ts";
import type { StoredFile } from "./source.ts";

export type KeyedObject = Omit<StoredFile, "name">;

export type ObjectStore = {
  readonly where: string;
  /** @throws {FetchFault} NOT_FOUND if there is no object of that key. */
  readonly look: (key: string) => Promise<KeyedObject>;
  /** Objects whose keys begin so, and what to ask for the next ones with. */
  readonly page: (prefix: string, after: string | undefined) => Promise<Page>;
};

export type Page = {
  readonly objects: readonly KeyedObject[];
  readonly after: string | undefined;
};

/** The object of that key; if there is none, all whose keys begin with it as with a folder. */
export const listKeyed = async (
  key: string,
  maxFiles: number,
  store: ObjectStore,
): Promise<readonly StoredFile[]> => {
  if (key !== "" && !key.endsWith("/")) {
    const single = await store.look(key).catch((thrown) => {
      if (thrown instanceof FetchFault && thrown.code === "NOT_FOUND") return undefined;
      throw thrown;
    });
    if (single !== undefined) return [{ ...single, name: key.slice(key.lastIndexOf("/") + 1) }];
  }
  const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
  const files: StoredFile[] = [];
  let after: string | undefined;
  do {
    const page = await store.page(prefix, after);
    for (const object of page.objects) {
      if (object.key.endsWith("/")) continue; // consoles make objects of folders
      files.push({ ...object, name: object.key.slice(prefix.length) });
    }
    if (files.length > maxFiles) throw tooMany(store.where, maxFiles);
    after = page.after;
  } while (after !== undefined);
  return files;
};

export const tooMany = (where: string, maxFiles: number): FetchFault =>
  new FetchFault(
    "TOO_MANY",
    `${where} holds more than ${maxFiles} files: name the model's own folder, or raise ESPALIER_FETCH_MAX_FILES`,
  );
