/**
 * State as the text of a file: a line that says what it is, with the checksum of the line after it.
 *
 * Numbers are base64 of little-endian 64-bit floats: exact, and read at once however many.
 */
import { createHash } from "node:crypto";
import { floatsFrom, floatsInBytes } from "./floats.ts";
import type { Memory } from "./memories.ts";

export type StoredSums = {
  readonly node: string;
  readonly kind: string;
  readonly values: Float64Array;
};

export type Snapshot = {
  readonly sums: readonly StoredSums[];
  readonly memories: readonly Memory[];
};

export type ReadSnapshot =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly fault: string };

const format = "espalier-state";
const version = 1;

const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");

export const writeSnapshot = ({ sums, memories }: Snapshot): string => {
  const content = JSON.stringify({
    sums: sums.map(({ node, kind, values }) => ({
      node,
      kind,
      length: values.length,
      values: floatsInBytes(values).toString("base64"),
    })),
    memories: memories.map(({ node, id, value, until }) => [node, id, until, value]),
  });
  const head = JSON.stringify({ format, version, sha256: checksum(content) });
  return `${head}\n${content}\n`;
};

export const readSnapshot = (text: string): ReadSnapshot => {
  const [head = "", content = "", ...rest] = text.split("\n");
  const about = asRecord(parse(head));
  if (about?.["format"] !== format) return fault(`is no ${format}`);
  if (about["version"] !== version) {
    return fault(`has version ${JSON.stringify(about["version"])}; this engine reads ${version}`);
  }
  if (about["sha256"] !== checksum(content) || rest.join("") !== "") {
    return fault("is damaged: its checksum is another");
  }
  const { sums, memories } = asRecord(parse(content)) ?? {};
  const readSums = asList(sums)?.map(asSums);
  const readMemories = asList(memories)?.map(asMemory);
  if (!isWhole(readSums)) return fault("holds sums that are none");
  if (!isWhole(readMemories)) return fault("holds memories that are none");
  return { ok: true, snapshot: { sums: readSums, memories: readMemories } };
};

const fault = (why: string): ReadSnapshot => ({ ok: false, fault: why });

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Fields = { readonly [name: string]: unknown };

const asRecord = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields) // an object has fields
    : undefined;

const asList = (value: unknown): readonly unknown[] | undefined =>
  Array.isArray(value) ? value : undefined;

const isWhole = <T>(list: readonly (T | undefined)[] | undefined): list is readonly T[] =>
  list?.every((one) => one !== undefined) ?? false;

const asSums = (value: unknown): StoredSums | undefined => {
  const { node, kind, length, values } = asRecord(value) ?? {};
  if (typeof node !== "string" || typeof kind !== "string") return undefined;
  if (typeof length !== "number" || typeof values !== "string") return undefined;
  const read = floatsFrom(Buffer.from(values, "base64"));
  return read?.length === length ? { node, kind, values: read } : undefined;
};

const asMemory = (entry: unknown): Memory | undefined => {
  const [node, id, until, value] = asList(entry) ?? [];
  if (typeof node !== "string" || typeof id !== "string") return undefined;
  if (typeof until !== "number") return undefined;
  const numbers = asNumbers(value);
  return numbers && { node, id, value: numbers, until };
};

/** A list of finite numbers; undefined for anything else. */
export const asNumbers = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((one) => Number.isFinite(one)) ? value : undefined;
