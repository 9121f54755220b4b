/** Field paths as a user would type them: `spec.predictors[0].annotations["seldon.io/svc-name"]`. */

/** The path of a field or a map entry. */
export const at = (path: string, key: string): string => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
};

/** The path of a list item. */
export const item = (path: string, index: number): string => `${path}[${index}]`;

/** Whether `path` is `ancestor`, or lies below it. */
export const isWithin = (path: string, ancestor: string): boolean =>
  path.startsWith(ancestor) &&
  (path.length === ancestor.length ||
    ancestor === "" ||
    path[ancestor.length] === "." ||
    path[ancestor.length] === "[");
