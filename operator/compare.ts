/**
 * Whether what we want is there already: every desired field equals the live one, whatever else the
 * live object has. What a server writes otherwise than it was sent counts as equal: quantities,
 * empty fields that it leaves out, the order of lists with keys.
 *
 * Source: design 5.2.4.
 */
import { at, item } from "../api/path.ts";
import { isNothing, isPlain } from "../api/shape/plain.ts";
import { isSameQuantity } from "./quantity.ts";

/** The keys of lists that a server merges item by item. Source: Kubernetes API, list-map keys. */
const listKeys: { readonly [field: string]: readonly (readonly string[])[] } = {
  containers: [["name"]],
  initContainers: [["name"]],
  volumes: [["name"]],
  env: [["name"]],
  imagePullSecrets: [["name"]],
  volumeMounts: [["mountPath"]],
  volumeDevices: [["devicePath"]],
  hostAliases: [["ip"]],
  topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
  ownerReferences: [["uid"]],
  ports: [
    ["containerPort", "protocol"],
    ["port", "protocol"],
  ],
};

const quantityFields = new Set(["requests", "limits", "sizeLimit", "averageValue", "divisor"]);
/** `target.value` of a HorizontalPodAutoscaler's metric. */
const quantityOwners = new Set(["target"]);

type Place = {
  readonly path: string;
  /** The name of the field. */
  readonly field: string;
  readonly isQuantity: boolean;
};

/** What has been found, and how much of it is wanted. */
type Search = {
  readonly found: string[];
  readonly most: number;
  /** Items of lists with keys are called by them, `[model]`, and not by their place, `[0]`. */
  readonly byKey: boolean;
};

/** The path of the first desired field that is not live; undefined: all are. */
export const differsAt = (desired: unknown, live: unknown): string | undefined => {
  const search: Search = { found: [], most: 1, byKey: false };
  compare(desired, live, { path: "", field: "", isQuantity: false }, search);
  return search.found[0];
};

const mostPaths = 200;

/** The paths of all desired fields that are not live, with the keys of items in them. */
export const differencesOf = (desired: unknown, live: unknown): readonly string[] => {
  const search: Search = { found: [], most: mostPaths, byKey: true };
  compare(desired, live, { path: "", field: "", isQuantity: false }, search);
  return search.found;
};

const compare = (desired: unknown, live: unknown, place: Place, search: Search): void => {
  if (isEmpty(desired) && isEmpty(live)) return;
  if (Array.isArray(desired)) {
    if (Array.isArray(live)) compareLists(desired, live, place, search);
    else search.found.push(place.path);
  } else if (isPlain(desired)) {
    if (isPlain(live)) compareFields(desired, live, place, search);
    else search.found.push(place.path);
  } else if (desired !== live && !(place.isQuantity && isSameQuantity(desired, live))) {
    search.found.push(place.path);
  }
};

const isEnough = ({ found, most }: Search): boolean => found.length >= most;

/** What a server may leave out, and means the same by. */
const isEmpty = (value: unknown): boolean =>
  isNothing(value) ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value)
    ? value.length === 0
    : isPlain(value) && Object.values(value).every(isEmpty));

const compareFields = (desired: object, live: object, place: Place, search: Search): void => {
  const held = new Map<string, unknown>(Object.entries(live));
  for (const [field, value] of Object.entries(desired)) {
    if (isEnough(search)) return;
    if (isNothing(value)) continue;
    const isQuantity =
      place.isQuantity ||
      quantityFields.has(field) ||
      (field === "value" && quantityOwners.has(place.field));
    const inside = { path: at(place.path, field), field, isQuantity };
    compare(value, held.get(field), inside, search);
  }
};

const compareLists = (
  desired: readonly unknown[],
  live: readonly unknown[],
  place: Place,
  search: Search,
): void => {
  const keys = keysOf(place.field, desired);
  if (keys === undefined && desired.length !== live.length) {
    search.found.push(place.path);
    return;
  }
  const liveByKey = new Map(live.map((one) => [keys && identity(one, keys), one]));
  for (const [index, one] of desired.entries()) {
    if (isEnough(search)) return;
    const key = keys === undefined ? undefined : identity(one, keys);
    const other = key === undefined ? live[index] : liveByKey.get(key);
    const isCalled = search.byKey && key !== undefined;
    const path = isCalled ? `${place.path}[${key}]` : item(place.path, index);
    if (other === undefined) search.found.push(path);
    else compare(one, other, { ...place, path }, search);
  }
};

/** The fields that tell the items of a list apart; undefined where their order does. */
const keysOf = (field: string, items: readonly unknown[]): readonly string[] | undefined =>
  Object.hasOwn(listKeys, field)
    ? listKeys[field]?.find(([first = ""]) => items.every((one) => isPlain(one) && first in one))
    : undefined;

/** A port without a protocol is one of TCP. */
const identity = (one: unknown, keys: readonly string[]): string => {
  const held = new Map<string, unknown>(isPlain(one) ? Object.entries(one) : []);
  return keys.map((key) => held.get(key) ?? (key === "protocol" ? "TCP" : "")).join("/");
};
