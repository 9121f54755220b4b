/** From the file of a user's class to the instance that is served. */
import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { failure, type Result, success } from "../../api/result.ts";
import { actions } from "./action.ts";
import type { Located } from "./locate.ts";
import type { Parameters } from "./parameters.ts";
import type { Model } from "./user.ts";

/** The methods that make an object a model: those that are called for a request. */
export const servedMethods: readonly (keyof Model)[] = [
  ...actions.flatMap((name) => [name, `${name}Raw`, `${name}Rest`, `${name}Grpc`] as const),
  "healthStatus",
  "healthStatusRaw",
  "inferRaw",
  "predictStream",
];

const otherMethods = [
  "load",
  "tags",
  "metrics",
  "classNames",
  "featureNames",
  "metadata",
] as const satisfies readonly (keyof Model)[];

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names that a class written for the Python wrapper has, and what they are called here. Source: engine contract, 11.4. */
const pythonNames: ReadonlyMap<string, string> = new Map([
  ...[...servedMethods, ...otherMethods].map((name): [string, string] => [snake(name), name]),
  ["init_metadata", "metadata"],
  ["initMetadata", "metadata"],
]);

type Exports = Readonly<Record<string, unknown>>;

/** Reads a module; a parameter, so that a test needs no file. */
export type Importer = (url: string) => Promise<Exports>;

const importModule: Importer = (url) => import(url);

/**
 * Imports the file, picks the class in it and makes its instance with the parameters.
 *
 * What is wrong with the user's file is an issue; its message has the line where Node tells it.
 */
export const loadModel = async (
  located: Located,
  parameters: Parameters,
  importer: Importer = importModule,
): Promise<Result<Model>> => {
  const { file } = located;
  const fail = (message: string): Result<never> => failure([{ path: file, message }]);
  let exports: Exports;
  try {
    exports = await importer(pathToFileURL(file).href);
  } catch (thrown) {
    return fail(`cannot be imported: ${importFault(thrown)}`);
  }
  const picked = pick(located, exports);
  if (!picked.ok) return picked;
  let model: unknown;
  try {
    model = await instantiate(picked.value, parameters);
  } catch (thrown) {
    return fail(`its constructor failed: ${faultOf(thrown)}`);
  }
  if (typeof model !== "object" || model === null) {
    return fail("its export is neither a class nor an object, and makes no object when called");
  }
  const warnings = misnamed(model).map((message) => ({ path: file, message }));
  if (!servedMethods.some((name) => has(model, name))) {
    const advice = warnings.length > 0 ? warnings.map(({ message }) => message).join("; ") : "";
    return fail(
      advice ||
        `its class has no method to serve: give it one of ${[...actions, "healthStatus"].join(", ")}`,
    );
  }
  return success(model, warnings); // an object with at least one of the methods
};

const has = (object: object, name: string): boolean =>
  typeof Reflect.get(object, name) === "function";

/** Methods that look like one of ours under another name: they would be ignored. */
const misnamed = (model: object): readonly string[] =>
  [...pythonNames]
    .filter(([name, ours]) => name !== ours && has(model, name) && !has(model, ours))
    .map(([name, ours]) => `method ${name} is not called: name it ${ours}`);

/** The export to serve: the one that is named, else default, else named as the file, else the only one. */
const pick = ({ file, className }: Located, exports: Exports): Result<unknown> => {
  if (className !== undefined) {
    if (Object.hasOwn(exports, className)) return success(exports[className]);
    return failure([
      { path: file, message: `has no export ${className}: it exports ${list(exports)}` },
    ]);
  }
  // of a CommonJS module `default` is all that it exports
  const fallback = exports["default"];
  if (isServable(fallback)) return success(fallback);
  if (servedMethods.some((name) => typeof exports[name] === "function")) return success(exports);
  const candidates = Object.entries(exports).filter(([, value]) => isServable(value));
  const name = plain(basename(file, extname(file)));
  const named = candidates.find(([key]) => plain(key) === name);
  const [only] = named === undefined && candidates.length === 1 ? candidates : [named];
  if (only !== undefined) return success(only[1]);
  return failure([
    {
      path: file,
      message:
        candidates.length === 0
          ? `exports no class: write "export class ${className ?? "Model"} { predict(X) { ... } }" (it exports ${list(exports)})`
          : `exports several classes, ${candidates.map(([key]) => key).join(", ")}: name one, as in ${basename(file)}:${candidates[0]?.[0]}`,
    },
  ]);
};

const isServable = (value: unknown): boolean =>
  typeof value === "function" ||
  (typeof value === "object" && value !== null && servedMethods.some((name) => has(value, name)));

const plain = (name: string): string => name.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();

const list = (exports: Exports): string =>
  Object.keys(exports).length === 0 ? "nothing" : Object.keys(exports).join(", ");

/** A class is constructed, an arrow or async function is called, an object is the instance. */
const instantiate = async (exported: unknown, parameters: Parameters): Promise<unknown> => {
  if (typeof exported !== "function") return exported;
  const constructable = typeof exported.prototype === "object" && exported.prototype !== null;
  return constructable
    ? Reflect.construct(exported, [parameters])
    : await Reflect.apply(exported, undefined, [parameters]);
};

const importFault = (thrown: unknown): string => {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  switch (code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `${faultOf(thrown)} (Node runs TypeScript by leaving its types out: write constants in place of enums, fields in place of parameter properties, modules in place of namespaces)`;
    case "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING":
      return "Node does not run TypeScript inside node_modules: move the file out of it, or compile it";
    case "ERR_MODULE_NOT_FOUND":
      return `${faultOf(thrown)} (imports name whole files, such as ./scaler.ts; packages have to be installed beside the file)`;
    default:
      return faultOf(thrown);
  }
};

/** A thrown value in one line, with the place in the user's file where it is known. */
export const faultOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const place = placeOf(thrown.stack ?? "");
  const text = `${thrown.name}: ${thrown.message}`;
  return place === undefined ? text : `${text} (${place})`;
};

/** The file and line of a syntax error, which a stack begins with, or of the innermost call in a file. */
const placeOf = (stack: string): string | undefined => {
  const [, scheme, path] =
    /^(file:\/\/)?(\/[^\n]+:\d+)\n/.exec(stack) ??
    /^ +at (?:[^\n]*\()?(file:\/\/)?(\/[^\n]+?:\d+):\d+\)?$/m.exec(stack) ??
    [];
  return scheme === undefined || path === undefined ? path : decodeURI(path);
};
