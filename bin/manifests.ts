/** Reading the manifests that a command line names: files, folders, the standard input. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Document, isDeployment, maxTextBytes, readDocuments } from "../api/documents.ts";
import type { Issue } from "../api/result.ts";

export type Sources = {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly cwd: () => string;
};

/** What could be read, and why the rest could not. */
export type Input = { readonly documents: readonly Document[]; readonly issues: readonly Issue[] };

/** The documents of `input`: a file, a folder for all manifests in it, or `-`. */
export const readInput = async (input: string, sources: Sources): Promise<Input> => {
  if (input === "-") return readContent(await readAll(sources.stdin), "stdin");
  const path = resolve(sources.cwd(), input);
  try {
    return (await stat(path)).isDirectory()
      ? await readFolder(path, input)
      : await readOne(path, input);
  } catch (thrown) {
    return refuse(input, unreadable(thrown));
  }
};

const readOne = async (path: string, source: string): Promise<Input> => {
  const { size } = await stat(path);
  // A file that is far too large is not read at all; the text of the refusal is in one place.
  return readContent(
    size > maxTextBytes ? new Uint8Array(maxTextBytes + 1) : await readFile(path),
    source,
  );
};

const readContent = (content: Uint8Array, source: string): Input => {
  const result = readDocuments(content, source);
  if (!result.ok) return { documents: [], issues: result.issues };
  return result.value.length === 0
    ? refuse(source, "holds no document; write a SeldonDeployment")
    : { documents: result.value, issues: [] };
};

/** What lies in a folder beside deployments is passed over in silence: nobody named it. */
const readFolder = async (path: string, source: string): Promise<Input> => {
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) {
    return refuse(source, "holds no *.yaml, *.yml or *.json file; name the manifest");
  }
  const documents: Document[] = [];
  const issues: Issue[] = [];
  for (const name of names) {
    const input = await readOne(join(path, name), join(source, name));
    documents.push(...input.documents.filter(isDeployment));
    issues.push(...input.issues);
  }
  return { documents, issues };
};

/** Stops reading once there is more than any manifest holds. */
const readAll = async (stream: Sources["stdin"]): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    chunks.push(buffer);
    bytes += buffer.length;
    if (bytes > maxTextBytes) break;
  }
  return Buffer.concat(chunks);
};

const refuse = (path: string, message: string): Input => ({
  documents: [],
  issues: [{ path, message }],
});

const unreadable = (thrown: unknown): string => {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown }; // any value may be asked
  if (code === "ENOENT") return "does not exist; check the name";
  if (code === "EACCES" || code === "EPERM") return "may not be read; check its permissions";
  return `cannot be read: ${String(message ?? thrown)}`;
};
