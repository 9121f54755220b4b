/** Which route a request belongs to: exact paths by a map, patterns with `{unit}` one by one. */

/** A path and the methods it takes; undefined takes any. `{unit}` stands for one segment or a part of it, `/**` at the end for everything below. */
export type Route = { readonly path: string; readonly methods: readonly string[] | undefined };

export type Found<Kind extends Route> =
  | {
      readonly is: "route";
      readonly route: Kind;
      readonly unit: string | undefined;
      /** Methods of all routes that fit the path, in the order of the routes, repeated as they are. */
      readonly allow: readonly string[];
    }
  /** The path is not clean; the client is sent to the clean one. */
  | { readonly is: "moved"; readonly location: string }
  | { readonly is: "wrong-method" }
  | { readonly is: "unknown" };

export type Match<Kind extends Route> = (method: string, target: string) => Found<Kind>;

type Compiled<Kind> = { readonly route: Kind; readonly pattern: RegExp };
type Fit<Kind> = { readonly route: Kind; readonly unit: string | undefined };

/** The first route that fits path and method wins. Source: engine contract, 2.1 and 2.5. */
export const makeMatch = <Kind extends Route>(routes: readonly Kind[]): Match<Kind> => {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  // Paths without a variable part are looked up; what fits them is the same every time.
  const exact = new Map<string, (method: string) => Found<Kind>>();
  for (const { path } of routes) {
    if (!/[{*]/.test(path)) exact.set(path, remember(fits(compiled, path)));
  }
  return (method, target) => {
    const path = pathOf(target);
    const known = exact.get(path);
    if (known !== undefined) return known(method);
    const clean = cleanPath(path);
    if (clean !== path) return { is: "moved", location: clean + target.slice(pathLength(target)) };
    return choose(fits(compiled, decoded(path)), method);
  };
};

const fits = <Kind>(compiled: readonly Compiled<Kind>[], path: string): readonly Fit<Kind>[] =>
  compiled.flatMap(({ route, pattern }) => {
    const match = pattern.exec(path);
    return match === null ? [] : [{ route, unit: match.groups?.["unit"] }];
  });

/** Chooses once for each method, of which there are few. */
const remember = <Kind extends Route>(
  found: readonly Fit<Kind>[],
): ((method: string) => Found<Kind>) => {
  const byMethod = new Map<string, Found<Kind>>();
  return (method) => {
    let known = byMethod.get(method);
    if (known === undefined) {
      known = choose(found, method);
      byMethod.set(method, known);
    }
    return known;
  };
};

const choose = <Kind extends Route>(found: readonly Fit<Kind>[], method: string): Found<Kind> => {
  if (found.length === 0) return { is: "unknown" };
  const fit = found.find(({ route }) => route.methods?.includes(method) ?? true);
  if (fit === undefined) return { is: "wrong-method" };
  return { is: "route", ...fit, allow: found.flatMap(({ route }) => route.methods ?? []) };
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
