/** Which route a request belongs to: exact paths by a map, patterns with `{unit}` one by one. */
import { escapePath } from "../protocol/path-segment.ts";

/** A path and the methods it takes; undefined takes any. `{unit}` stands for one segment or a part of it, `/**` at the end for everything below. */
export type Route = { readonly path: string; readonly methods: readonly string[] | undefined };

export type Found<Kind extends Route> =
  | {
      readonly is: "route";
      readonly route: Kind;
      readonly unit: string | undefined;
      /** The path without its escapes; each character is a byte. */
      readonly path: string;
      /** Methods of all routes that fit the path, in the order of the routes, repeated as they are: `GET,OPTIONS`. */
      readonly allow: string;
    }
  /** The path is not clean; the client is sent to the clean one. */
  | { readonly is: "moved"; readonly location: string }
  | { readonly is: "wrong-method" }
  /** The path has an escape that is none. */
  | { readonly is: "malformed" }
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
    if (!/[{*]/.test(path)) exact.set(path, remember(fits(compiled, path), path));
  }
  return (method, target) => {
    const written = pathOf(target);
    const known = exact.get(written);
    if (known !== undefined) return known(method);
    const path = unescaped(written);
    if (path === undefined) return { is: "malformed" };
    const clean = cleanPath(path);
    if (clean === path) return choose(fits(compiled, path), method, path);
    return { is: "moved", location: escapePath(clean) + target.slice(pathLength(target)) };
  };
};

const fits = <Kind>(compiled: readonly Compiled<Kind>[], path: string): readonly Fit<Kind>[] =>
  compiled.flatMap(({ route, pattern }) => {
    const match = pattern.exec(path);
    if (match === null) return [];
    const unit = match.groups?.["unit"];
    return [{ route, unit: unit && Buffer.from(unit, "latin1").toString() }];
  });

/** Chooses once for each method, of which there are few. */
const remember = <Kind extends Route>(
  found: readonly Fit<Kind>[],
  path: string,
): ((method: string) => Found<Kind>) => {
  const byMethod = new Map<string, Found<Kind>>();
  return (method) => {
    let known = byMethod.get(method);
    if (known === undefined) {
      known = choose(found, method, path);
      byMethod.set(method, known);
    }
    return known;
  };
};

const choose = <Kind extends Route>(
  found: readonly Fit<Kind>[],
  method: string,
  path: string,
): Found<Kind> => {
  if (found.length === 0) return { is: "unknown" };
  const fit = found.find(({ route }) => route.methods?.includes(method) ?? true);
  if (fit === undefined) return { is: "wrong-method" };
  return {
    is: "route",
    ...fit,
    path,
    allow: found.flatMap(({ route }) => route.methods ?? []).join(","),
  };
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
export const pathOf = (target: string): string => {
  const path = target.slice(0, pathLength(target));
  if (path.startsWith("/")) return path;
  return URL.canParse(path) ? new URL(path).pathname : path;
};

/** Undefined if something is no escape. */
const unescaped = (path: string): string | undefined => {
  if (!path.includes("%")) return path;
  if (/%(?![\da-f]{2})/i.test(path)) return undefined;
  return path.replace(/%(..)/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
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
  const slash = kept.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${kept.join("/")}${slash}`;
};
