import { createHash } from "node:crypto";
import { isPlain } from "../api/shape/plain.ts";

/** A short digest of plain data: the same for the same content, whatever the order of its fields. */
export const digestOf = (value: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex")
    .slice(0, 16);

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlain(value)) return value ?? null;
  const entries = Object.entries(value).filter(([, held]) => held !== undefined && held !== null);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => [key, sorted(held)]),
  );
};
