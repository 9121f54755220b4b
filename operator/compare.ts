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

/** The path of the first desired field that is not live; undefined: all are. */
export const differsAt = (desired: unknown, live: unknown): string | undefined =>
  compare(desired, live, { path: "", field: "", isQuantity: false });

const compare = (desired: unknown, live: unknown, place: Place): string | undefined => {
  if (isEmpty(desired) && isEmpty(live)) return undefined;
  if (Array.isArray(desired)) {
    return Array.isArray(live) ? compareLists(desired, live, place) : place.path;
  }
  if (isPlain(desired)) {
    return isPlain(live) ? compareFields(desired, live, place) : place.path;
  }
  if (desired === live) return undefined;
  return place.isQuantity && isSameQuantity(desired, live) ? undefined : place.path;
};

/** What a server may leave out, and means the same by. */
const isEmpty = (value: unknown): boolean =>
  isNothing(value) ||
  value === "" ||
  value === 0 ||
  value === false ||
  (Array.isArray(value)
    ? value.length === 0
    : isPlain(value) && Object.values(value).every(isEmpty));

const compareFields = (desired: object, live: object, place: Place): string | undefined => {
  const held = new Map<string, unknown>(Object.entries(live));
  for (const [field, value] of Object.entries(desired)) {
    if (isNothing(value)) continue;
    const isQuantity =
      place.isQuantity ||
      quantityFields.has(field) ||
      (field === "value" && quantityOwners.has(place.field));
    const found = compare(value, held.get(field), {
      path: at(place.path, field),
      field,
      isQuantity,
    });
    if (found !== undefined) return found;
  }
  return undefined;
};

const compareLists = (
  desired: readonly unknown[],
  live: readonly unknown[],
  place: Place,
): string | undefined => {
  const keys = keysOf(place.field, desired);
  if (keys === undefined && desired.length !== live.length) return place.path;
  const liveByKey = new Map(live.map((one) => [keys && identity(one, keys), one]));
  for (const [index, one] of desired.entries()) {
    const other = keys === undefined ? live[index] : liveByKey.get(identity(one, keys));
    const path = item(place.path, index);
    if (other === undefined) return path;
    const found = compare(one, other, { ...place, path });
    if (found !== undefined) return found;
  }
  return undefined;
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
