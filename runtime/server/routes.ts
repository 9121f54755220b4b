/** Which route a path belongs to: exact paths by a map, patterns with `{unit}` one by one. */
export type Found<Route> =
  | { readonly kind: "route"; readonly route: Route; readonly unit: string | undefined }
  /** The path is not clean; the client is sent to the clean one. */
  | { readonly kind: "moved"; readonly location: string }
  | { readonly kind: "none" };

export type Match<Route> = (target: string) => Found<Route>;

/** Routes by path; a path that ends in `/**` has everything below it. */
export const makeMatch = <Route>(routes: ReadonlyMap<string, Route>): Match<Route> => {
  const exact = new Map<string, Found<Route>>();
  const patterns: { readonly pattern: RegExp; readonly route: Route }[] = [];
  for (const [path, route] of routes) {
    if (/[{*]/.test(path)) patterns.push({ pattern: patternOf(path), route });
    else exact.set(path, { kind: "route", route, unit: undefined });
  }
  return (target) => {
    const path = pathOf(target);
    const found = exact.get(path);
    if (found !== undefined) return found;
    const clean = cleanPath(path);
    if (clean !== path)
      return { kind: "moved", location: clean + target.slice(pathLength(target)) };
    return (
      matchPattern(patterns, path) ??
      (decoded(path) === path ? none : (exact.get(decoded(path)) ?? none))
    );
  };
};

const none = { kind: "none" } as const;

const matchPattern = <Route>(
  patterns: readonly { readonly pattern: RegExp; readonly route: Route }[],
  path: string,
): Found<Route> | undefined => {
  const text = decoded(path);
  for (const { pattern, route } of patterns) {
    const match = pattern.exec(text);
    if (match !== null) return { kind: "route", route, unit: match.groups?.["unit"] };
  }
  return undefined;
};

const patternOf = (path: string): RegExp => {
  const escaped = path
    .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
    .replace("{unit}", "(?<unit>[^/]+)")
    .replace("/\\*\\*", "/.*");
  return new RegExp(`^${escaped}$`, "s");
};

const pathLength = (target: string): number => {
  const query = target.indexOf("?");
  return query < 0 ? target.length : query;
};

/** A target in absolute form (`http://host/path`) counts by its path. Source: RFC 9112, 3.2.2. */
const pathOf = (target: string): string => {
  const path = target.slice(0, pathLength(target));
  if (path.startsWith("/")) return path;
  return URL.canParse(path) ? new URL(path).pathname : path;
};

const decoded = (path: string): string => {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/** No double slashes, no `.` and `..` segments. Source: engine contract, 2.1. */
const cleanPath = (path: string): string => {
  if (!path.includes("//") && !path.includes("/.")) return path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const last = segments.at(-1);
  const slash = kept.length > 0 && (last === "" || last === "." || last === "..") ? "/" : "";
  return `/${kept.join("/")}${slash}`;
};
