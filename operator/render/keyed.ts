/** The items of a list whose key no earlier item has. */
export const firstOf = <T>(
  list: readonly T[],
  keyOf: (item: T) => string | number,
): readonly T[] => {
  const firsts = new Map(list.map((item, i) => [keyOf(item), i] as const).reverse());
  return list.filter((item, i) => firsts.get(keyOf(item)) === i);
};
