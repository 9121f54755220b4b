/** The packages that the product runs with, and of each what it runs with. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export type Package = {
  /** Its folder, as the lockfile names it: `node_modules/a/node_modules/b`. */
  readonly path: string;
  /** `b@1.0.0` */
  readonly id: string;
};

type Entry = {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
  readonly optional?: boolean;
};

const modules = "node_modules/";

/** No development dependencies, no types. */
export const productionPackages = (project: string): readonly Package[] => {
  const lock: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(
    readFileSync(join(project, "package-lock.json"), "utf8"),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional, peer }]) => path !== "" && !dev && !devOptional && !peer)
    .filter(([path]) => !path.includes(`${modules}@types/`))
    .filter(([path, { optional }]) => isInstalled(join(project, path), optional ?? false))
    .map(([path, { version }]) => ({
      path,
      id: `${path.slice(path.lastIndexOf(modules) + modules.length)}@${version}`,
    }));
};

const isInstalled = (folder: string, isOptional: boolean): boolean => {
  if (existsSync(folder)) return true;
  if (isOptional) return false;
  throw new Error(`there is no ${folder}: run npm ci first`);
};

const needless =
  /\.(d\.[mc]?ts|ts|[mc]?js\.map|map|md|markdown|flow|tsbuildinfo|bare|c|h|cc|gyp|yml)$/;
const licence = /licen[cs]e|notice|copying|authors/i;

/** Whether a file of a package is of use to one who runs it: not for people, nor for compilers. */
export const isOfUse = (path: string): boolean =>
  !needless.test(path) || licence.test(basename(path));
