/**
 * Which fields of an object somebody owns: trees as in `metadata.managedFields[].fieldsV1`, and
 * how objects are walked to make them. `memory.ts` merges by these trees, `adopt.ts` rewrites them.
 *
 * Source: Kubernetes, "Server-Side Apply" (field management); structured-merge-diff, fieldpath.
 */
import { isPlain } from "../../api/shape/plain.ts";

/**
 * `f:name` is a field, `k:{"name":"x"}` an item of a keyed list, `.` the field or item itself. A
 * tree without anything in it is a leaf.
 */
export type Fields = { readonly [element: string]: Fields };

const leaf: Fields = {};
export const itself = ".";

/** Where a value is: the kind of its object and the names of the fields that lead there. */
export type Place = { readonly kind: string; readonly path: readonly string[] };

const keysByField: Readonly<Record<string, readonly string[]>> = {
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  resourceClaims: ["name"],
  schedulingGates: ["name"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};

/** Kinds whose lists are keyed; those of custom resources are replaced as a whole. */
const keyedKinds: ReadonlySet<string> = new Set(["Deployment", "ReplicaSet", "Pod", "Service"]);

/** Maps that are replaced as a whole. Source: Kubernetes API, structType/mapType atomic. */
const atomic: ReadonlySet<string> = new Set([
  ...["selector", "nodeSelector", "labelSelector", "scaleTargetRef", "fieldRef"],
  ...["resourceFieldRef", "secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef"],
]);

const listKeys = ({ kind, path }: Place): readonly string[] | undefined => {
  const field = path.at(-1) ?? "";
  if (field === "ownerReferences") return keysByField[field];
  if (!keyedKinds.has(kind)) return undefined;
  if (field === "ports") return kind === "Service" ? portKeys.service : portKeys.container;
  return keysByField[field];
};

const portKeys = { service: ["port", "protocol"], container: ["containerPort", "protocol"] };

/** Source: Kubernetes API, defaults of list keys. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: "TCP" };

/** One step into a value. */
export type Step = {
  readonly element: string;
  readonly value: unknown;
  readonly place: Place;
};

const fieldSteps = (value: object, place: Place): readonly Step[] =>
  Object.entries(value)
    .filter(([, held]) => held !== undefined && held !== null)
    .map(([name, held]) => ({
      element: `f:${name}`,
      value: held,
      place: { kind: place.kind, path: [...place.path, name] },
    }));

const keyOfItem = (item: unknown, keys: readonly string[]): string | undefined => {
  if (!isPlain(item)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(item));
  const named = keys.map((key) => [key, fields.get(key) ?? keyDefaults[key]] as const);
  if (named.some(([, value]) => value === undefined)) return undefined;
  return `k:${JSON.stringify(Object.fromEntries(named))}`;
};

const itemSteps = (
  items: readonly unknown[],
  keys: readonly string[],
  place: Place,
): readonly Step[] | undefined => {
  const steps = items.map((value) => ({ element: keyOfItem(value, keys), value, place }));
  return steps.every((step): step is Step => step.element !== undefined) ? steps : undefined;
};

/** What is owned one by one inside of a value; undefined for a value that is owned as a whole. */
export const stepsOf = (value: unknown, place: Place): readonly Step[] | undefined => {
  if (Array.isArray(value)) {
    const keys = listKeys(place);
    return keys === undefined || value.length === 0 ? undefined : itemSteps(value, keys, place);
  }
  if (!isPlain(value) || atomic.has(place.path.at(-1) ?? "")) return undefined;
  const steps = fieldSteps(value, place);
  return steps.length === 0 ? undefined : steps;
};

export const isItem = (element: string): boolean => element.startsWith("k:");

/** The fields of a value of which `wanted` is true, leaf by leaf. */
export const fieldsWhere = (
  value: unknown,
  place: Place,
  wanted: (at: readonly string[]) => boolean,
): Fields => {
  const walk = (held: unknown, where: Place, at: readonly string[]): Fields | undefined => {
    const steps = stepsOf(held, where);
    if (steps === undefined) return wanted(at) ? leaf : undefined;
    const found = steps.flatMap(({ element, value: inner, place: inside }) => {
      const below = walk(inner, inside, [...at, element]);
      if (below === undefined) return [];
      return [[element, isItem(element) ? { [itself]: leaf, ...below } : below] as const];
    });
    return found.length === 0 ? undefined : Object.fromEntries(found);
  };
  return walk(value, place, []) ?? {};
};

/** Everything in either. */
export const union = (a: Fields, b: Fields): Fields => {
  const joined: Record<string, Fields> = { ...a };
  for (const [element, inner] of Object.entries(b)) {
    const known = joined[element];
    joined[element] = known === undefined ? inner : unionAt(known, inner);
  }
  return joined;
};

/** A leaf that gets something below it stays a member itself. */
const unionAt = (a: Fields, b: Fields): Fields => {
  if (isLeaf(a) && isLeaf(b)) return leaf;
  if (isLeaf(a)) return { [itself]: leaf, ...b };
  return isLeaf(b) ? { [itself]: leaf, ...a } : union(a, b);
};

const isLeaf = (fields: Fields): boolean => Object.keys(fields).length === 0;

const isMember = (fields: Fields | undefined): boolean =>
  fields !== undefined && (isLeaf(fields) || fields[itself] !== undefined);

/** Everything in `a` that is not in `b`. */
export const minus = (a: Fields, b: Fields): Fields => {
  const left: Record<string, Fields> = {};
  for (const [element, inner] of Object.entries(a)) {
    const other = b[element];
    if (element === itself || isLeaf(inner)) {
      if (!isMember(other)) left[element] = leaf;
      continue;
    }
    const rest = minus(inner, other === undefined ? {} : membersOf(other));
    if (!isLeaf(rest)) left[element] = rest;
  }
  return left;
};

/** A leaf says of itself what others say with `.`. */
const membersOf = (fields: Fields): Fields => (isLeaf(fields) ? { [itself]: leaf } : fields);

/** The fields below a path; undefined if none is. */
export const below = (fields: Fields, at: readonly string[]): Fields | undefined => {
  let found: Fields | undefined = fields;
  for (const element of at) found = found?.[element];
  return found;
};
