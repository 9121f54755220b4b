/**
 * The first step of `parse`: does every field exist, and does it hold what it may hold?
 *
 * The answer is a sound copy: plain objects of known types, in which a faulty value is replaced by
 * what was probably meant (`"3"` for `3`) or by an empty one, so that the checks behind can go on
 * and all faults of a manifest are reported together. A null is taken as "not given", as the API
 * server takes it.
 */

import { at, item } from "../path.ts";
import type { Issue } from "../result.ts";
import type { Node, ObjectNode } from "./node.ts";
import { isNothing, isPlain, kindOf } from "./plain.ts";
import { readScalar } from "./scalar.ts";
import { unknownField } from "./unknown-field.ts";

export type Findings = {
  /** Faults of shape. */
  readonly issues: Issue[];
  readonly warnings: Issue[];
  /** Fields that nobody knows: warnings, or faults when the user asked for strictness. */
  readonly unknown: Issue[];
};

/** Where the walk is: the path, and the object around. */
export type Place = { readonly path: string; readonly outer?: ObjectNode };

/** A sound copy of `value`; it must be known to be walkable. */
export const read = (value: unknown, node: Node, place: Place, found: Findings): unknown => {
  switch (node.is) {
    case "object":
      return readObject(value, node, place, found);
    case "map":
      return readMap(value, node.of, place, found);
    case "list":
      return readList(value, node.of, place, found);
    case "any":
      return copy(value, place.path, found);
    default: {
      const { sound, fault } = readScalar(value, node);
      if (fault !== undefined) found.issues.push({ path: place.path, message: fault });
      return sound;
    }
  }
};

const readObject = (value: unknown, node: ObjectNode, place: Place, found: Findings): object => {
  if (!isPlain(value)) {
    const message = `must be a mapping of fields, is ${kindOf(value)}; write "field: value" lines`;
    found.issues.push({ path: place.path, message });
    return empty(node) as object; // an object node's empty value is an object
  }
  const entries: (readonly [string, unknown])[] = [];
  for (const [key, held] of Object.entries(value)) {
    const path = at(place.path, key);
    const field = node.fields.get(key);
    if (field === undefined) {
      found.unknown.push({ path, message: unknownField(key, node, place.outer) });
      if (node.open && key !== "__proto__") entries.push([key, copy(held, path, found)]);
    } else if (isNothing(held)) {
      if (!field.required && key !== "creationTimestamp") found.warnings.push(nothing(path));
    } else {
      entries.push([key, read(held, field.node, { path, outer: node }, found)]);
    }
  }
  const given = Object.fromEntries(entries);
  return { ...given, ...missing(given, node, place, found) };
};

/** Empty values for the required fields that are not there. */
const missing = (given: object, node: ObjectNode, place: Place, found: Findings): object => {
  const absent = [...node.fields].filter(
    ([key, { required }]) => required && !Object.hasOwn(given, key),
  );
  for (const [key, field] of absent) {
    const message = `is required and missing; add it: ${wanted[field.node.is]}`;
    found.issues.push({ path: at(place.path, key), message });
  }
  return Object.fromEntries(absent.map(([key, field]) => [key, empty(field.node)]));
};

const readMap = (value: unknown, of: Node, place: Place, found: Findings): object => {
  if (!isPlain(value)) {
    const message = `must be a mapping, is ${kindOf(value)}; write "key: value" lines`;
    found.issues.push({ path: place.path, message });
    return {};
  }
  const entries: (readonly [string, unknown])[] = [];
  for (const [key, held] of Object.entries(value)) {
    const path = at(place.path, key);
    if (key === "__proto__") {
      found.unknown.push({ path, message: "is not a usable key; it is ignored: remove it" });
    } else {
      entries.push([key, read(held, of, { path }, found)]);
    }
  }
  return Object.fromEntries(entries);
};

const readList = (value: unknown, of: Node, place: Place, found: Findings): readonly unknown[] => {
  const outer = place.outer === undefined ? {} : { outer: place.outer };
  if (Array.isArray(value)) {
    return value.map((held, i) => read(held, of, { path: item(place.path, i), ...outer }, found));
  }
  const message = `must be a list, is ${kindOf(value)}; begin each item with "- "`;
  found.issues.push({ path: place.path, message });
  return isPlain(value) && of.is === "object"
    ? [read(value, of, { path: item(place.path, 0), ...outer }, found)]
    : [];
};

/** A copy of what we have no opinion about, as long as it is JSON. */
const copy = (value: unknown, path: string, found: Findings): unknown => {
  if (Array.isArray(value)) return value.map((held, i) => copy(held, item(path, i), found));
  if (isPlain(value)) {
    const entries = Object.entries(value).filter(([key]) => key !== "__proto__");
    return Object.fromEntries(
      entries.map(([key, held]) => [key, copy(held, at(path, key), found)]),
    );
  }
  if (isNothing(value)) return null;
  if (["string", "boolean"].includes(typeof value) || Number.isFinite(value)) return value;
  found.issues.push({ path, message: `is ${kindOf(value)}, which JSON cannot hold; remove it` });
  return null;
};

/** The smallest sound value. */
const empty = (node: Node): unknown => {
  switch (node.is) {
    case "object": {
      const required = [...node.fields].filter(([, field]) => field.required);
      return Object.fromEntries(required.map(([key, field]) => [key, empty(field.node)]));
    }
    case "map":
      return {};
    case "list":
      return [];
    default:
      return readScalar(undefined, node).sound;
  }
};

const nothing = (path: string): Issue => ({
  path,
  message: "is empty (null) and counts as not given; remove it or give it a value",
});

/** What to add where a required field is missing. */
const wanted: { readonly [Kind in Node["is"]]: string } = {
  object: "a mapping of fields",
  map: "a mapping",
  list: "a list",
  int: "a whole number",
  bool: "true or false",
  string: "a string",
  quantity: "a quantity",
  intOrString: "a number or a name",
  any: "a value",
};
