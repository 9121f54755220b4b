/** Telling apart what YAML and JSON can hold. */

export const isNothing = (value: unknown): value is null | undefined =>
  value === null || value === undefined;

/** Whether a value is a mapping: an object of no class. */
export const isPlain = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // of any realm
};

/** What a value is, in the words of somebody who writes YAML. */
export const kindOf = (value: unknown): string => {
  if (isNothing(value)) return "empty (null)";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return isPlain(value) ? "a mapping" : "not plain data";
  if (typeof value === "string") return `the string ${JSON.stringify(clip(value))}`;
  return typeof value === "number" || typeof value === "boolean"
    ? `the ${typeof value} ${value}`
    : `a ${typeof value}`;
};

const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
