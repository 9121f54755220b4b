/**
 * What the shape check knows about a place in a manifest: one small union, compiled once from the
 * schema and, below a pod spec, from the Kubernetes field tables.
 */

import type { TSchema } from "typebox";
import { type KubernetesKind, kubernetesFields } from "../kubernetes/fields.ts";
import { embeds } from "../schema.ts";

export type ObjectNode = {
  readonly is: "object";
  readonly fields: ReadonlyMap<string, Field>;
  /** Fields we do not know are Kubernetes' business: they are kept. */
  readonly open: boolean;
};

export type Scalar = "string" | "bool" | "quantity" | "intOrString" | "any";

export type Node =
  | ObjectNode
  | { readonly is: "map"; readonly of: Node }
  | { readonly is: "list"; readonly of: Node }
  | { readonly is: "int"; readonly minimum: number; readonly maximum: number }
  | { readonly is: Scalar };

export type Field = { readonly node: Node; readonly required: boolean };

/** The parts of a JSON Schema that the schema of the deployment uses. */
type JsonSchema = {
  readonly type?: string;
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly patternProperties?: { readonly [pattern: string]: JsonSchema };
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly format?: string;
  readonly $defs?: { readonly [name: string]: JsonSchema };
  readonly $ref?: string;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly [embeds]?: KubernetesKind;
};

export const compile = (schema: TSchema): Node =>
  // A typebox schema is a JSON Schema; its static type is opaque.
  compileSchema(schema as JsonSchema, new Map());

const compileSchema = (schema: JsonSchema, known: Map<string, Node>): Node => {
  const kind = schema[embeds];
  if (kind !== undefined) return kubernetesNode(kind);
  if (schema["x-kubernetes-int-or-string"]) return { is: "intOrString" };
  if (schema.$ref !== undefined) return compileReference(schema, schema.$ref, known);
  switch (schema.type) {
    case "object":
      return compileObject(schema, known, undefined);
    case "array":
      return { is: "list", of: compileSchema(schema.items ?? {}, known) };
    case "integer":
      return compileInteger(schema);
    case "string":
      return { is: "string" };
    case "boolean":
      return { is: "bool" };
    default:
      throw new Error(`the schema holds what the shape check does not know: ${schema.type}`);
  }
};

const compileReference = (schema: JsonSchema, name: string, known: Map<string, Node>): Node => {
  const compiled = known.get(name);
  if (compiled !== undefined) return compiled;
  return compileObject(schema.$defs?.[name] ?? {}, known, name);
};

/** `name` makes the node known before its fields are, so that it may hold itself. */
const compileObject = (
  schema: JsonSchema,
  known: Map<string, Node>,
  name: string | undefined,
): Node => {
  const [values] = Object.values(schema.patternProperties ?? {});
  if (values !== undefined) return { is: "map", of: compileSchema(values, known) };
  const fields = new Map<string, Field>();
  const node: Node = { is: "object", fields, open: false };
  if (name !== undefined) known.set(name, node);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(key) ?? false;
    fields.set(key, { node: compileSchema(property, known), required });
  }
  return node;
};

const compileInteger = ({ minimum, format }: JsonSchema): Node => {
  const widest = format === "int32" ? 2 ** 31 : Number.MAX_SAFE_INTEGER + 1;
  return { is: "int", minimum: minimum ?? -widest, maximum: widest - 1 };
};

const kubernetesNodes = new Map<KubernetesKind, Node>();

const kubernetesNode = (kind: KubernetesKind): Node => {
  const ready = kubernetesNodes.get(kind);
  if (ready !== undefined) return ready;
  const fields = new Map<string, Field>();
  const node: Node = { is: "object", fields, open: true };
  kubernetesNodes.set(kind, node);
  for (const [key, word] of Object.entries(kubernetesFields[kind])) {
    fields.set(key, { node: compileWord(word.replace(/!$/, "")), required: word.endsWith("!") });
  }
  return node;
};

const compileWord = (word: string): Node => {
  if (word.endsWith("[]")) return { is: "list", of: compileWord(word.slice(0, -2)) };
  if (word.endsWith("{}")) return { is: "map", of: compileWord(word.slice(0, -2)) };
  if (word === "int") return compileInteger({});
  if (isScalar(word)) return { is: word };
  return kubernetesNode(word as KubernetesKind); // what is left is a row; a test holds the tables to it
};

const scalars: readonly string[] = ["string", "bool", "quantity", "intOrString", "any"];
const isScalar = (word: string): word is Scalar => scalars.includes(word);
