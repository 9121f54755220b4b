/**
 * From the text of a file to the documents in it, YAML or JSON. Nothing is judged here but the
 * text; whether a document is a SeldonDeployment is for the caller to ask and `parse` to say.
 */

import type { YAMLException } from "js-yaml";
import { isMeantForUs } from "./checks/identity.ts";
import { item } from "./path.ts";
import { failure, type Issue, type Result, success } from "./result.ts";
import { isPlain } from "./shape/plain.ts";
import { readYaml } from "./yaml.ts";

export type Document = {
  readonly value: unknown;
  /** Where it was read: a file name, or what the caller called it. */
  readonly source: string;
  /** Which one of its source it is: empty when it is the only one. */
  readonly place: string;
};

/** Larger than anything a cluster stores; Source: etcd's limit of 1.5 MB a request. */
export const maxTextBytes = 10 * 1024 * 1024;

/** The documents of a text, lists unpacked and empty ones left out. Issues have `source:line:column` for a path. */
export const readDocuments = (
  content: string | Uint8Array,
  source: string,
): Result<readonly Document[]> => {
  const text = decode(content);
  if (typeof text !== "string") return failure([{ path: source, message: text.fault }]);
  const values = readValues(text, source);
  if (!values.ok) return values;
  const given = values.value.filter((value) => value !== null && value !== undefined);
  return success(
    given.flatMap((value, i) =>
      unpack({ value, source, place: given.length > 1 ? `document ${i + 1}` : "" }),
    ),
  );
};

/** Whether a document is a SeldonDeployment, or was meant to be one. */
export const isDeployment = ({ value }: Document): boolean => isPlain(value) && isMeantForUs(value);

/** A document with a namespace, unless it has one or has no place for it. */
export const withNamespace = (value: unknown, namespace: string): unknown => {
  const { metadata } = isPlain(value) ? (value as { metadata?: unknown }) : {}; // may have any field
  if (!isPlain(metadata) || ("namespace" in metadata && metadata.namespace)) return value;
  return { ...(value as object), metadata: { ...metadata, namespace } }; // it holds metadata
};

const decode = (content: string | Uint8Array): string | { readonly fault: string } => {
  if (content.length > maxTextBytes) {
    const fault = `is larger than ${maxTextBytes / 1024 / 1024} MB; is it a manifest?`;
    return { fault };
  }
  try {
    const text = typeof content === "string" ? content : decodeBytes(content);
    return text.includes("\0") ? { fault: binary } : text.replace(/^\uFEFF/, "");
  } catch {
    return { fault: binary };
  }
};

const binary = "is not text; give a YAML or JSON manifest in UTF-8";

/** UTF-8, or UTF-16 when a byte order mark says so, as some Windows shells write it. */
const decodeBytes = (bytes: Uint8Array): string => {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8", { fatal: true }).decode(bytes);
};

const readValues = (text: string, source: string): Result<readonly unknown[]> => {
  try {
    return success(readYaml(text));
  } catch (error) {
    const json = readJson(text); // what JSON allows and YAML does not, such as very long keys
    return json === undefined ? failure([asIssue(error, text, source)]) : success([json]);
  }
};

const readJson = (text: string): unknown => {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const asIssue = (error: unknown, text: string, source: string): Issue => {
  const { mark, reason } = error as Partial<YAMLException>; // js-yaml throws nothing else
  if (mark === undefined) return { path: source, message: reason ?? String(error) };
  const line = mark.buffer.split("\n", mark.line + 1).at(-1) ?? "";
  const path = `${source}:${mark.line + 1}:${mark.column + 1}`;
  return { path, message: `${reason}; ${mend(reason ?? "", line, text)}` };
};

/** How to mend what js-yaml found, by its own words and the line it points to. */
const mend = (reason: string, line: string, text: string): string => {
  if (text.includes("{{") && text.includes("}}")) {
    return "it looks like a template: render it first (helm template)";
  }
  if (/^ *\t/.test(line) || /\btab/i.test(reason)) return "indent with spaces, not tabs";
  const known = mends.find(([word]) => reason.includes(word));
  return known?.[1] ?? "check the indentation, quotes and brackets here and just above";
};

const mends: readonly (readonly [string, string])[] = [
  ["duplicated mapping key", "remove one of the two"],
  ["alias", "check the anchors (&) and aliases (*)"],
  ["merge keys", "write the fields out instead of merging them (<<)"],
  ["maxDepth", "write a flatter manifest"],
  ["tag", "remove the tag (!)"],
  ["complex keys", "a key must be plain text: put it in quotes"],
  ["document separator", "begin each further document with ---, and check the indentation"],
];

/** `List` and `SeldonDeploymentList` hold documents; those of the latter need not say what they are. */
const unpack = (document: Document): readonly Document[] => {
  const { value, place } = document;
  if (!isPlain(value)) return [document];
  const { kind, apiVersion, items } = value as { [key: string]: unknown }; // a plain object has string keys
  if ((kind !== "List" && kind !== "SeldonDeploymentList") || !Array.isArray(items)) {
    return [document];
  }
  const inherited = kind === "List" ? {} : { apiVersion, kind: "SeldonDeployment" };
  return items.map((held: unknown, i) => ({
    ...document,
    value: isPlain(held) ? { ...inherited, ...held } : held,
    place: item(place === "" ? "items" : `${place}, items`, i),
  }));
};
