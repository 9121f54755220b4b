/** Whether MODULE names a stored model, and where its file is. */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { failure, type Result, success } from "../../../api/result.ts";
import { extensions } from "../locate.ts";
import { ModelFault } from "./fault.ts";
import { kindOf, sniffed } from "./kind.ts";

/**
 * The file of the model that `module` names, seen from `folder`: itself, or the one in a folder.
 * Undefined for what is no model: a file of code, or nothing that is there.
 */
export const findStoredModel = (module: string, folder: string): Result<string> | undefined => {
  const path = resolve(folder, module);
  const stats = module === "" ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) return inFolder(path);
  const extension = extname(path);
  if (extensions.includes(extension)) return undefined;
  return extension !== "" || looksLikeModel(path) ? success(path) : undefined;
};

/** Endings of files that may hold a model, and of those that people put there in its place. */
const endings = /\.(json|txt|onnx|ubj|bst|model|pkl|pickle|joblib|pmml|h5|keras|pt|pth|zip)$/i;

/** Files that lie beside models. */
const beside = /^(\.|readme|license|requirements|conda|metadata|settings|model-settings)/i;

/** The file `model.*`, else the only one that may be a model; undefined if there is none. */
const inFolder = (folder: string): Result<string> | undefined => {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && endings.test(entry.name) && !beside.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const named = files.filter((name) => /^model\.[^.]+$/i.test(name));
  const candidates = named.length > 0 ? named : files;
  const [only] = candidates;
  if (only === undefined) return undefined;
  if (candidates.length === 1) return success(join(folder, only));
  const message = `holds several models, ${candidates.join(", ")}: name the one to serve`;
  return failure([{ path: folder, message }]);
};

const looksLikeModel = (file: string): boolean => {
  try {
    kindOf(beginning(file));
    return true;
  } catch (thrown) {
    if (thrown instanceof ModelFault) return false;
    throw thrown;
  }
};

const beginning = (file: string): Uint8Array => {
  const handle = openSync(file, "r");
  try {
    const bytes = new Uint8Array(sniffed);
    return bytes.subarray(0, readSync(handle, bytes));
  } finally {
    closeSync(handle);
  }
};
