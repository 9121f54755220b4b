/** Our proxies in Go (test/bench/go): what best practice in Go costs. Built where there is Go. */
import { existsSync, readFileSync } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, type Env, keyed } from "../peers/environment/cache.ts";
import { makeOnce } from "../peers/environment/once.ts";
import { must, run } from "../peers/environment/run.ts";
import type { Transport } from "./cases.ts";
import { nodePorts } from "./plans.ts";
import { freePort } from "./processes.ts";
import type { ReferenceName, Variant, VariantOptions } from "./variants.ts";

const sources = fileURLToPath(new URL("go/", import.meta.url));
const protos = fileURLToPath(new URL("../../runtime/protocol/proto/", import.meta.url));

const buildLimitMs = 10 * 60_000;
const checkLimitMs = 20_000;
/** Of the build, in the folder of the programs. */
const versionFile = "version";

/** A name that changes with all that the programs are made of. */
const builtName = async (): Promise<string> => {
  const found = await readdir(sources, { recursive: true });
  const files = found.filter((name) => /\.(go|mod|sum)$/.test(name)).map((name) => sources + name);
  const made = [...files.toSorted(), `${protos}seldon.proto`, `${protos}tensor.proto`];
  return keyed("go", ...(await Promise.all(made.map((file) => readFile(file, "utf8")))));
};

const works = async (folder: string): Promise<boolean> => existsSync(join(folder, versionFile));

/** Package pb is generated, so that the build is done on a copy of the sources. */
const build = async (into: string, env: Env): Promise<void> => {
  const copy = join(into, "sources");
  await cp(sources, copy, { recursive: true });
  const own = { ...env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOWORK: "off" };
  const go = (...args: readonly string[]): Promise<string> =>
    must(["nice", "go", "-C", copy, ...args], own, buildLimitMs);
  await go("run", "./generate", protos, join(copy, "pb"));
  await go("build", "-trimpath", "-o", into, "./rest", "./grpc");
  const version = (await go("version")).trim().replace("go version ", "");
  const grpc = (await go("list", "-m", "google.golang.org/grpc")).trim().split(" ").at(-1);
  await writeFile(join(into, versionFile), `${version}, grpc-go ${grpc}`);
};

export type GoProxies =
  | { readonly ok: true; readonly folder: string }
  | { readonly ok: false; readonly why: string };

/** Builds the programs unless they are in the cache. */
export const prepareGo = async (env: Env, say: (line: string) => void): Promise<GoProxies> => {
  try {
    const folder = cacheFolder(env, "bench");
    const name = await builtName();
    const isThere = await works(join(folder, name));
    if (!isThere && (await run(["go", "version"], env, checkLimitMs)).code !== 0) {
      return { ok: false, why: "Go is not installed" };
    }
    const make = async (into: string): Promise<void> => {
      say("building the proxies in Go");
      await build(into, env);
    };
    return { ok: true, folder: await makeOnce({ folder, name, say, works, make }) };
  } catch (error) {
    const lines = String(error).trimEnd().split("\n");
    return { ok: false, why: `they cannot be built: ${lines.at(-1)}` };
  }
};

/** One CPU is theirs, as it is of the others. */
const oneThread = { GOMAXPROCS: "1" };

type GoProxy = {
  readonly name: ReferenceName;
  readonly version: string;
  readonly transports: readonly Transport[];
  readonly program: (transport: Transport) => readonly string[];
};

const makeGo = ({ env }: VariantOptions, proxy: GoProxy): Variant => ({
  name: proxy.name,
  version: proxy.version,
  serves: ({ nodes, transport }) => nodes > 0 && proxy.transports.includes(transport),
  prepare: async (one, stub) => {
    const port = await freePort();
    const ports = [port, ...nodePorts(one, stub)].map(String);
    const command = [...proxy.program(one.transport), ...ports];
    return { port, launch: { name: proxy.name, command, env: { ...env, ...oneThread } } };
  },
});

/** The one for REST calls all nodes of a chain. */
export const makeGoProxies = (folder: string, options: VariantOptions): readonly Variant[] => {
  const built = readFileSync(join(folder, versionFile), "utf8");
  const grpc = join(folder, "grpc");
  return [
    makeGo(options, {
      name: "go",
      version: `go: net/http proxy that calls all nodes; grpc-go proxy that decodes and encodes (${built})`,
      transports: ["rest", "grpc"],
      program: (transport) => [transport === "rest" ? join(folder, "rest") : grpc],
    }),
    makeGo(options, {
      name: "go-bytes",
      version: "go-bytes: grpc-go proxy that passes messages on as bytes",
      transports: ["grpc"],
      program: () => [grpc, "-opaque"],
    }),
  ];
};
