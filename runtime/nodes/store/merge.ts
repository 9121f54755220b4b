/** What several engines have added, made one. */
import type { StoredSums } from "./snapshot.ts";
import type { SharedSums } from "./sums.ts";

/** Of one node: what the numbers mean, and this engine's copy of them. */
export type Owned = { readonly node: string; readonly kind: string; readonly sums: SharedSums };

export type Merged = {
  /** What shall be stored. */
  readonly sums: readonly StoredSums[];
  /** It has been. */
  settle(): void;
};

export const keyOf = (node: string, kind: string, length: number): string =>
  `${node}\0${kind}\0${length}`;

/**
 * Adds what this engine has to what is stored. What nobody here knows is kept as it is.
 *
 * @throws {Error} when a sum would be no finite number.
 */
export const merge = (stored: readonly StoredSums[], owned: Iterable<Owned>): Merged => {
  const sums = new Map(stored.map((one) => [keyOf(one.node, one.kind, one.values.length), one]));
  const settled: (() => void)[] = [];
  for (const { node, kind, sums: own } of owned) {
    const key = keyOf(node, kind, own.length);
    const values = addUp(sums.get(key)?.values ?? own.base, own);
    sums.set(key, { node, kind, values });
    settled.push(() => own.settle(values));
  }
  return {
    sums: [...sums.values()],
    settle: () => {
      for (const settle of settled) settle();
    },
  };
};

/** What is stored, or was when last seen, and what is on its way. */
const addUp = (common: Readonly<Float64Array>, own: SharedSums): Float64Array => {
  const values = Float64Array.from(common);
  const { places, amounts } = own.take() ?? { places: [], amounts: [] };
  places.forEach((place, i) => {
    values[place] = (values[place] ?? 0) + (amounts[i] ?? 0);
  });
  if (!values.every(Number.isFinite)) throw new Error("a sum has become too large to be stored");
  return values;
};
