/** Quantities of Kubernetes as exact numbers. Source: Kubernetes API, resource.Quantity. */

const shape =
  /^(?<sign>[+-]?)(?<whole>\d*)\.?(?<fraction>\d*)(?<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;

const decimal: { readonly [suffix: string]: number } = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binary: readonly string[] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** A quantity times ten to the power of `places`, which is enough for every fraction. */
const places = 40;
/** No quantity has a power beyond; a larger one would only cost memory. */
const mostPower = 30;

const exact = (value: string | number): bigint | undefined => {
  const { sign, whole = "", fraction = "", suffix = "" } = shape.exec(String(value))?.groups ?? {};
  if (sign === undefined || `${whole}${fraction}` === "") return undefined;
  const power = /^[eE].+/.test(suffix) ? Number(suffix.slice(1)) : (decimal[suffix] ?? 0);
  const scale = places + power - fraction.length;
  if (Math.abs(power) > mostPower || scale < 0) return undefined;
  const factor = 1024n ** BigInt(binary.indexOf(suffix) + 1);
  const amount = BigInt(`${whole}${fraction}`) * factor * 10n ** BigInt(scale);
  return sign === "-" ? -amount : amount;
};

const isText = (value: unknown): value is string | number =>
  typeof value === "string" || typeof value === "number";

/** Whether two values are the same quantity: `0.5` and `500m`, `1024Mi` and `1Gi`. */
export const isSameQuantity = (one: unknown, other: unknown): boolean => {
  if (!isText(one) || !isText(other)) return false;
  const amount = exact(one);
  return amount !== undefined && amount === exact(other);
};
