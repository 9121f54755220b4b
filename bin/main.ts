/** The command line: argv in, an exit code out. Each command is one file, imported only when it is asked for. */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

type Command = {
  readonly summary: string;
  readonly load: () => Promise<{
    readonly main: (argv: readonly string[]) => Promise<number>;
  }>;
};

const commands: Readonly<Record<string, Command>> = {
  up: {
    summary: "run SeldonDeployments on this machine: no cluster, no Docker",
    load: () => import("./up.ts"),
  },
  validate: {
    summary: "print every fault of a manifest with its field path",
    load: () => import("./validate.ts"),
  },
  render: {
    summary: "print the Kubernetes objects that the operator would apply",
    load: () => import("./render.ts"),
  },
  migrate: {
    summary: "print what changes when a cluster is taken over from Seldon Core 1.17",
    load: () => import("./migrate.ts"),
  },
  operator: {
    summary: "the control-plane process that brings about SeldonDeployments in a cluster",
    load: () => import("./operator.ts"),
  },
  engine: {
    summary: "the data-plane process that routes requests through one predictor's graph",
    load: () => import("./engine.ts"),
  },
  serve: {
    summary: "serve a TypeScript or JavaScript class, or a stored model, as a container",
    load: () => import("./serve.ts"),
  },
  fetch: {
    summary: "fetch a stored model into a folder: from a volume, http(s), S3, Google Cloud Storage",
    load: () => import("./fetch.ts"),
  },
};

const version = (): string => {
  const root = import.meta.url.includes("/dist/") ? "../../package.json" : "../package.json";
  const manifest: { version?: string } = JSON.parse(
    readFileSync(new URL(root, import.meta.url), "utf8"),
  );
  return manifest.version ?? "unknown";
};

const usage = (): string => {
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(10)}${summary}`,
  );
  return `usage: espalier <command> [arguments]

${rows.join("\n")}

"espalier <command> --help" tells more about one of them.
`;
};

const run = async (argv: readonly string[]): Promise<number> => {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v" || name === "version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`espalier: there is no command "${name}"\n\n${usage()}`);
    return 2;
  }
  const { main } = await command.load();
  return main(rest);
};

/**
 * Compiled code is kept for the next start, which then takes a third of the time and less memory.
 * It is kept with the user's own files: what others may write must not be run. Where there is no
 * such place nothing is kept.
 */
const cacheFolder = (): string =>
  join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "espalier", "compiled");

enableCompileCache(process.env["NODE_COMPILE_CACHE"] || cacheFolder());
process.exitCode = await run(process.argv.slice(2));
