/** Freezes a tree of plain values, all the way down. */
export const freeze = <T>(value: T): T => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const held of Object.values(value)) freeze(held);
  return value;
};
