/**
 * The CustomResourceDefinition: the schema of `schema.ts`, printed as Kubernetes wants it.
 *
 * Kubernetes takes structural schemas only: no references, so the graph is unrolled; no patterns of
 * keys, so maps have `additionalProperties`. Of what is embedded from Kubernetes it says what must
 * be there and keeps the rest, whatever the version of the cluster.
 *
 * Source: operator contract, 1; deviation O1; design 5.1.1.
 */

import { dump } from "js-yaml";
import type { TSchema } from "typebox";
import { type KubernetesKind, kubernetesFields } from "./kubernetes/fields.ts";
import { embeds, group, kind, maxChildLevels, SeldonDeploymentSchema, versions } from "./schema.ts";

/** What a structural schema may say, as far as ours does. */
export type StructuralSchema = {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: StructuralSchema };
  readonly additionalProperties?: StructuralSchema;
  readonly maxItems?: number;
  readonly items?: StructuralSchema;
  readonly [extension: `x-kubernetes-${string}`]: unknown;
};

/** The parts of a JSON Schema that the schema of the deployment uses. */
type JsonSchema = Omit<StructuralSchema, "properties" | "items"> & {
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly patternProperties?: { readonly [pattern: string]: JsonSchema };
  readonly items?: JsonSchema;
  readonly $defs?: { readonly [name: string]: JsonSchema };
  readonly $ref?: string;
  readonly [embeds]?: KubernetesKind;
};

/** Where the printer is: the definitions that references name, and how often it followed one. */
type Place = {
  readonly definitions: { readonly [name: string]: JsonSchema };
  readonly level: number;
};

const plural = "seldondeployments";

/** The whole definition, ready for `kubectl apply`. */
export const crd = () => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    names: {
      kind,
      listKind: `${kind}List`,
      plural,
      singular: "seldondeployment",
      shortNames: ["sdep"],
    },
    scope: "Namespaced",
    versions: versions.map((name) => ({
      name,
      served: true,
      storage: name === "v1",
      subresources: {
        status: {},
        scale: {
          specReplicasPath: ".spec.replicas",
          statusReplicasPath: ".status.replicas",
          labelSelectorPath: ".status.selector",
        },
      },
      additionalPrinterColumns,
      schema: { openAPIV3Schema: openApiSchema() },
    })),
    conversion: { strategy: "None" },
  },
});

/** What `kubectl get sdep` shows beside the name. */
const additionalPrinterColumns = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "State", type: "string", jsonPath: ".status.state" },
  { name: "Replicas", type: "integer", jsonPath: ".status.replicas" },
  { name: "URL", type: "string", jsonPath: ".status.address.url" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** The definition as a file. */
export const crdYaml = (): string =>
  `# Made from api/schema.ts by "npm run crds"; change it there.\n${dump(crd(), {
    noRefs: true,
    lineWidth: -1,
  })}`;

/** The schema of one version; all have the same. */
export const openApiSchema = (): StructuralSchema => {
  // A typebox schema is a JSON Schema; its static type is opaque.
  const schema = print(SeldonDeploymentSchema as TSchema as JsonSchema, {
    definitions: {},
    level: 0,
  });
  // Kubernetes looks after kind and metadata itself. Nothing is required up here, as in v1: the
  // whole object changes with its status, so one stored without a spec could never be written again.
  const { required: _, properties, ...rest } = schema;
  return { ...rest, properties: { ...properties, metadata: { type: "object" } } };
};

const print = (schema: JsonSchema, place: Place): StructuralSchema => {
  const definitions = schema.$defs ?? place.definitions;
  const here = { ...place, definitions };
  if (schema.$ref !== undefined) return print(definitions[schema.$ref] ?? {}, here);
  const kubernetesKind = schema[embeds];
  if (kubernetesKind !== undefined) return { ...said(schema, place), ...skeleton(kubernetesKind) };
  const [values] = Object.values(schema.patternProperties ?? {});
  return {
    ...said(schema, place),
    ...(schema.properties && { properties: printAll(schema.properties, here) }),
    ...(values && { additionalProperties: print(values, here) }),
    ...(schema.items && printItems(schema.items, here)),
  };
};

const printAll = (properties: { readonly [name: string]: JsonSchema }, place: Place) =>
  Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, print(each, place)]));

/** Items that are references begin a new level of the graph; below the last level there are none. */
const printItems = (items: JsonSchema, place: Place): StructuralSchema => {
  if (items.$ref === undefined) return { items: print(items, place) };
  return place.level < maxChildLevels
    ? { items: print(items, { ...place, level: place.level + 1 }) }
    : { maxItems: 0, items: { type: "object" } };
};

/**
 * The keywords that are printed as they are. Bounds of numbers are not among them: v1 had none, and
 * what it stored must stay writable. What fields are for is said once, at the root of a graph.
 */
const said = (schema: JsonSchema, { level }: Place): StructuralSchema => {
  const { type, format, description, enum: words, maxLength, required, maxItems } = schema;
  return {
    ...(description !== undefined && level === 0 && { description }),
    ...(type !== undefined && { type }),
    ...(format !== undefined && { format }),
    ...(words !== undefined && { enum: words }),
    ...(maxLength !== undefined && { maxLength }),
    ...(required !== undefined && { required }),
    ...(maxItems !== undefined && { maxItems }),
    ...Object.fromEntries(
      Object.entries(schema).filter(([key]) => key.startsWith("x-kubernetes-")),
    ),
  };
};

/** Of an embedded kind: its required fields, those of what they hold, and room for all others. */
const skeleton = (kubernetesKind: KubernetesKind): StructuralSchema => {
  const required = Object.entries(kubernetesFields[kubernetesKind])
    .filter(([, word]) => word.endsWith("!"))
    .map(([name, word]) => [name, word.slice(0, -1)] as const);
  return {
    type: "object",
    ...(required.length > 0 && {
      required: required.map(([name]) => name),
      properties: Object.fromEntries(required.map(([name, word]) => [name, printWord(word)])),
    }),
    "x-kubernetes-preserve-unknown-fields": true,
  };
};

/** A word of the tables in `kubernetes/`. */
const printWord = (word: string): StructuralSchema => {
  if (word.endsWith("[]")) return { type: "array", items: printWord(word.slice(0, -2)) };
  if (word === "string") return { type: "string" };
  return skeleton(word as KubernetesKind); // what is required inside ours is text or another row
};
