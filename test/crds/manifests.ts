/** The manifests beside the CRD, and those that v1 stored. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDocuments } from "../../api/documents.ts";

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly spec: { readonly [field: string]: unknown };
  readonly status?: { readonly [field: string]: unknown };
};

/** A document, and the file that it is in: a name to tell test cases by. */
export type Sample = { readonly file: string; readonly manifest: Manifest };

const readFolder = (relative: string): readonly Sample[] => {
  const folder = fileURLToPath(new URL(relative, import.meta.url));
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.flatMap((file) => {
    const read = readDocuments(readFileSync(join(folder, file)), file);
    if (!read.ok) throw new Error(`${file}: ${JSON.stringify(read.issues)}`);
    return read.value.map(({ value }) => ({ file, manifest: value as Manifest })); // tests hold them to it
  });
};

export const samplesFolder = fileURLToPath(new URL("../../crds/samples/", import.meta.url));
export const samples = readFolder("../../crds/samples/");
/** What v1 took and stored, and what no longer means anything. */
export const oddities = readFolder("odd/");
