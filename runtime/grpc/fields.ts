import type { Fields } from "../http2/types.ts";

/** The first value of a field; undefined if it is absent. `name` is in lower case. */
export const fieldOf = (fields: Fields, name: string): string | undefined => {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
};

/** All values of a field, in their order. `name` is in lower case. */
export const valuesOf = (fields: Fields, name: string): readonly string[] => {
  const values: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i] === name) values.push(fields[i + 1] ?? "");
  }
  return values;
};

/** All but pseudo-fields, counted as HTTP/2 does. Source: RFC 9113, 6.5.2. */
export const metadataBytes = (fields: Fields): number => {
  let bytes = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    if (!name.startsWith(":")) bytes += name.length + (fields[i + 1] ?? "").length + 32;
  }
  return bytes;
};
