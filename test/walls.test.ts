/** The walls between the rooms. Source: design, section 1. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = [
  "api",
  "bin",
  "crds",
  "examples",
  "host",
  "image",
  "local",
  "operator",
  "runtime",
  "test",
];

/**
 * What the files of a room may import of ours, the most particular room first: folders, or files
 * without `.ts`. A room may always import itself.
 */
const allowed: readonly { readonly room: string; readonly imports: readonly string[] }[] = [
  { room: "api", imports: [] },
  { room: "host", imports: [] },
  { room: "crds", imports: ["api"] },
  { room: "image", imports: ["api"] },
  { room: "operator/render", imports: ["api"] },
  { room: "operator", imports: ["api", "host"] },
  // Errors carry payloads and statuses; a call carries a scope; what came of a step is told. All plain.
  {
    room: "runtime/engine",
    imports: ["api", "runtime/done", "runtime/errors", "runtime/payload", "runtime/scope"],
  },
  { room: "runtime/nodes", imports: ["api", "runtime/errors"] },
  {
    room: "runtime/component",
    imports: [
      ...["api", "host", "runtime/protocol", "runtime/nodes", "runtime/server", "runtime/errors"],
      // What a server is given: bounds, what ends a request, and names of headers and statuses.
      ...["runtime/limits", "runtime/scope", "runtime/headers", "runtime/grpc-status"],
    ],
  },
  { room: "runtime", imports: ["api", "host"] },
  {
    room: "local",
    imports: [
      ...["api", "operator/render", "host", "runtime/server", "runtime/client"],
      // What these two are given, and names of statuses.
      ...["runtime/errors", "runtime/limits", "runtime/deadlines", "runtime/scope"],
      "runtime/grpc-status",
    ],
  },
  { room: "examples", imports: ["runtime/component"] },
  { room: "bin", imports: rooms.filter((room) => room !== "test" && room !== "image") },
  { room: "test", imports: rooms },
];

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => !file.includes("/node_modules/"));

const isThere = (folder: string): boolean =>
  readdirSync(root, { withFileTypes: true }).some(
    (entry) => entry.isDirectory() && entry.name === folder,
  );

const files = rooms.filter(isThere).flatMap(filesBelow);

type Import = {
  readonly file: string;
  readonly line: number;
  /** A path from the root for a file of ours, else the package. */
  readonly from: string;
  readonly typeOnly: boolean;
};

const statement =
  /(?:^|\n)[ \t]*(?:(?:import|export)\s+(type\s+)?(?:[\w*$\s{},]*?\sfrom\s+)?["']([^"'\n]+)["']|[^\n]*?\bimport\(\s*["']([^"'\n]+)["']\s*\))/g;

/** The import statements of a TypeScript text, static and dynamic. */
const importsOf = (file: string, text: string): readonly Import[] =>
  [...text.matchAll(statement)].map((found) => {
    const [whole, type, fixed, dynamic] = found;
    const from = fixed ?? dynamic ?? "";
    const at = found.index + whole.length;
    return {
      file,
      line: text.slice(0, at).split("\n").length,
      from: from.startsWith(".")
        ? normalize(join(dirname(file), from))
            .split(sep)
            .join("/")
        : from,
      typeOnly: type !== undefined,
    };
  });

const self = relative(root, fileURLToPath(import.meta.url))
  .split(sep)
  .join("/"); // quotes imports
const imports = files
  .filter((file) => file !== self)
  .flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));

const isIn = (path: string, place: string): boolean =>
  path === `${place}.ts` || path.startsWith(`${place}/`);

const isOurs = ({ from }: Import): boolean => rooms.some((room) => isIn(from, room));

const roomOf = (file: string) => allowed.find(({ room }) => isIn(file, room));

const place = ({ file, line, from }: Import): string => `${file}:${line} imports ${from}`;

describe("importsOf", () => {
  it("finds every kind of import with its line", () => {
    const text = [
      'import a from "../x.ts";',
      'import type { B } from "./y.ts";',
      "import {",
      "  c,",
      "  type D,",
      '} from "pkg";',
      'import "side-effect";',
      'export { e } from "./z.ts";',
      'const f = await import("../lazy.ts");',
      "  load: () => import('./up.ts'),",
      'const g = "import x from ./no.ts";',
      '// import { h } from "./comment.ts";',
    ].join("\n");
    expect(importsOf("room/file.ts", text)).toEqual([
      { file: "room/file.ts", line: 1, from: "x.ts", typeOnly: false },
      { file: "room/file.ts", line: 2, from: "room/y.ts", typeOnly: true },
      { file: "room/file.ts", line: 6, from: "pkg", typeOnly: false },
      { file: "room/file.ts", line: 7, from: "side-effect", typeOnly: false },
      { file: "room/file.ts", line: 8, from: "room/z.ts", typeOnly: false },
      { file: "room/file.ts", line: 9, from: "lazy.ts", typeOnly: false },
      { file: "room/file.ts", line: 10, from: "room/up.ts", typeOnly: false },
    ]);
  });
});

describe("the rooms", () => {
  it("are found", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.filter(isOurs).length).toBeGreaterThan(300);
  });

  it("import only what the table of the design allows", () => {
    const over = imports.filter(isOurs).filter(({ file, from }) => {
      const room = roomOf(file);
      if (room === undefined) return true;
      return !isIn(from, room.room) && !room.imports.some((one) => isIn(from, one));
    });
    expect(over.map(place)).toEqual([]);
  });

  it("import no tests", () => {
    const tested = imports.filter(({ file, from }) => isIn(from, "test") && !isIn(file, "test"));
    expect(tested.map(place)).toEqual([]);
  });
});

describe("packages", () => {
  const of = (name: string) =>
    imports.filter(({ from }) => from === name || from.startsWith(`${name}/`));
  const outside = (name: string, ...places: readonly string[]): readonly string[] =>
    of(name)
      .filter(({ file }) => !places.some((one) => isIn(file, one)) && !isIn(file, "test"))
      .map(place);

  it("leave Kubernetes to the operator, and its client to one file", () => {
    expect(outside("@kubernetes/client-node", "operator")).toEqual([]);
    const values = of("@kubernetes/client-node")
      .filter(({ file, typeOnly }) => !typeOnly && !isIn(file, "test"))
      .filter(({ file }) => file !== "operator/cluster/kube.ts");
    expect(values.map(place)).toEqual([]);
  });

  it("leave the pure rooms without sockets, files, clocks of others, and processes", () => {
    const pure = ["api", "operator/render", "runtime/engine", "runtime/nodes"];
    const effects =
      /^(?:node:)?(?:net|tls|http|https|http2|dgram|dns|fs|fs\/promises|child_process|worker_threads|cluster|timers|timers\/promises|express|pino|prom-client|@grpc\/grpc-js)$/;
    const impure = imports.filter(
      ({ file, from }) => pure.some((room) => isIn(file, room)) && effects.test(from),
    );
    expect(impure.map(place)).toEqual([]);
  });

  it("keep express off the data path", () => {
    expect(outside("express", "host", "local", "operator")).toEqual([]);
  });

  it("name the modules of Node.js as such", () => {
    const bare = imports.filter(({ from }) =>
      /^(?:fs|net|http|path|os|url|util|stream)$/.test(from),
    );
    expect(bare.map(place)).toEqual([]);
  });
});

describe("files", () => {
  const linesOf = (file: string): number =>
    readFileSync(join(root, file), "utf8").split("\n").length;

  it("have no more than 400 lines", () => {
    const long = files.filter((file) => !isIn(file, "test") && linesOf(file) > 401);
    expect(long.map((file) => `${file}: ${linesOf(file)} lines`)).toEqual([]);
  });

  it("are called neither utils nor index", () => {
    expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|index)\.ts$/.test(file))).toEqual([]);
  });
});
