/**
 * What an API server does with a structural schema, short of CEL: whether the schema is one, and
 * what it says about a value.
 *
 * Source: Kubernetes, "Specifying a structural schema" of CustomResourceDefinitions.
 */
import type { StructuralSchema } from "../../api/crd.ts";
import { at, item } from "../../api/path.ts";

/** All keywords that a structural schema of ours may have. */
const keywords = [
  ...["type", "format", "description", "enum", "maxLength", "maxItems"],
  ...["required", "properties", "additionalProperties", "items"],
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-int-or-string",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
];
const types = ["object", "array", "string", "integer", "boolean"];

type Faults = readonly string[];

/** Why a schema is not structural, place by place. */
export const schemaFaults = (schema: StructuralSchema, path = ""): Faults => {
  const fault = (isFaulty: boolean, message: string): Faults =>
    isFaulty ? [`${path}: ${message}`] : [];
  const { type, properties, additionalProperties, items, required = [] } = schema;
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  return [
    ...Object.keys(schema).flatMap((key) => fault(!keywords.includes(key), `has ${key}`)),
    ...fault(isIntOrString ? type !== undefined : !types.includes(type ?? ""), `type ${type}`),
    ...fault(type === "array" && items === undefined, "is an array of nothing"),
    ...fault(type !== "array" && items !== undefined, "has items and is no array"),
    ...fault(type !== "object" && properties !== undefined, "has properties and is no object"),
    ...fault(
      properties !== undefined && additionalProperties !== undefined,
      "has properties and additionalProperties",
    ),
    ...required.flatMap((name) => fault(properties?.[name] === undefined, `requires ${name}`)),
    ...Object.entries(properties ?? {}).flatMap(([name, each]) =>
      schemaFaults(each, at(path, name)),
    ),
    ...(additionalProperties ? schemaFaults(additionalProperties, at(path, "*")) : []),
    ...(items ? schemaFaults(items, item(path, 0)) : []),
  ];
};

/** What an API server would say to a value, or prune from it. */
export const valueFaults = (schema: StructuralSchema, value: unknown, path = ""): Faults => {
  if (schema["x-kubernetes-int-or-string"] === true) {
    return Number.isInteger(value) || typeof value === "string" ? [] : [`${path}: type`];
  }
  if (typeOf(value) !== schema.type) return [`${path}: type`];
  if (Array.isArray(value)) return listFaults(schema, value, path);
  if (typeof value === "object") return objectFaults(schema, { ...value }, path);
  if (typeof value !== "string") return [];
  return [
    ...(schema.enum?.includes(value) === false ? [`${path}: enum`] : []),
    ...(value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)
      ? [`${path}: maxLength`]
      : []),
  ];
};

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return Number.isInteger(value) ? "integer" : typeof value;
};

const listFaults = (schema: StructuralSchema, list: readonly unknown[], path: string): Faults => [
  ...(list.length > (schema.maxItems ?? Number.POSITIVE_INFINITY) ? [`${path}: maxItems`] : []),
  ...list.flatMap((each, i) => valueFaults(schema.items ?? {}, each, item(path, i))),
];

const objectFaults = (
  { properties = {}, additionalProperties, required = [], ...schema }: StructuralSchema,
  object: { readonly [key: string]: unknown },
  path: string,
): Faults => [
  ...required
    .filter((name) => object[name] === undefined)
    .map((name) => `${at(path, name)}: required`),
  ...Object.entries(object).flatMap(([key, held]) => {
    if (path === "" && key === "metadata") return []; // which Kubernetes knows without a schema
    const known = properties[key] ?? additionalProperties;
    if (known !== undefined) return valueFaults(known, held, at(path, key));
    return schema["x-kubernetes-preserve-unknown-fields"] ? [] : [`${at(path, key)}: unknown`];
  }),
];
