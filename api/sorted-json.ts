/** JSON as v1 writes what it has read: the keys of every object sorted. Source: engine contract, 6.9. */

/** The order of keys. */
export const byKey = (
  [one]: readonly [string, unknown],
  [other]: readonly [string, unknown],
): number => (one < other ? -1 : 1);

/** An object of members that are JSON. */
export const objectText = (members: readonly (readonly [name: string, json: string])[]): string =>
  `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;

/**
 * The value as JSON. It is put together by hand: an object of JavaScript has the keys that are whole
 * numbers first, in whatever order they come.
 *
 * @throws {RangeError} for a number that was too large to be read.
 */
export const sortedJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).sort(byKey);
    return objectText(members.map(([name, one]) => [name, sortedJson(one)]));
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError("a number is too large");
  }
  return JSON.stringify(value);
};
