/** Field paths as a user would type them: `spec.predictors[0].annotations["seldon.io/svc-name"]`. */

/** The path of a field or a map entry. */
export const at = (path: string, key: string): string => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
};

/** The path of a list item. */
export const item = (path: string, index: number): string => `${path}[${index}]`;

/** A path and all it lies below, the whole document (an empty path) first. */
export const pathsAbove = (path: string): readonly string[] => {
  const ends = [...path.matchAll(/[.[]/g)].map(({ index }) => index);
  return ["", ...ends.map((end) => path.slice(0, end)), path];
};
