/** Where the programs of these tests are, and how they get there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "../../peers/environment/cache.ts";
import { hasApt, unpackDebian, unpackedIn } from "../../peers/environment/debian.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must, run } from "../../peers/environment/run.ts";
import { prepareVenv, type Venv, venvPath } from "../../peers/environment/venv.ts";

const here = join(import.meta.dirname, "..");
const goFolder = join(here, "go");

const venv: Venv = {
  name: "interop",
  modules: ["grpc", "requests", "httpx"],
  folder: here,
};

const packages = ["curl", "nghttp2-client", "apache2-utils", "wrk"];
/** Each of them says its version so. */
const tools: readonly (readonly [file: string, ...args: string[]])[] = [
  ["curl", "--version"],
  ["nghttp", "--version"],
  ["h2load", "--version"],
  ["ab", "-V"],
];

const checkLimitMs = 20_000;
const buildLimitMs = 15 * 60_000;

const debianName = keyed("debian", ...packages);

/** The program is another one whenever its source or what it is built of changes. */
const goName = (): string => {
  const files = readdirSync(goFolder).sort();
  return keyed(
    "go",
    ...files.flatMap((file) => [file, readFileSync(join(goFolder, file), "utf8")]),
  );
};

export type Programs = {
  /** Of curl, nghttp, h2load, ab and wrk. */
  readonly tools: string;
  /** What those need in their environment. */
  readonly toolsEnv: Readonly<Record<string, string>>;
  /** Our program in Go. */
  readonly go: string;
  /** Of a Python with what is in the requirements. */
  readonly python: string;
};

export const programsOf = (env: Env): Programs => {
  const folder = cacheFolder(env, "interop");
  const { bin, libraries } = unpackedIn(join(folder, debianName));
  return {
    tools: bin,
    toolsEnv: { LD_LIBRARY_PATH: libraries, PATH: "/usr/bin:/bin" },
    go: join(folder, goName(), "peer"),
    python: join(venvPath(venv, env), "bin"),
  };
};

type Say = (line: string) => void;

/** Debian's tools; as they are there, so they are in CI. */
const prepareTools = (env: Env, say: Say): Promise<string> =>
  makeOnce({
    folder: cacheFolder(env, "interop"),
    name: debianName,
    say,
    works: async (path) => {
      const { bin, libraries } = unpackedIn(path);
      const surroundings = { ...env, LD_LIBRARY_PATH: libraries };
      for (const [file, ...args] of tools) {
        const command = [join(bin, file), ...args];
        if ((await run(command, surroundings, checkLimitMs)).code !== 0) return false;
      }
      return true;
    },
    make: async (into) => {
      if (!(await hasApt(env))) {
        throw new Error("there is no apt-get: these tests run on Debian or Ubuntu");
      }
      say(`getting Debian's ${packages.join(", ")}`);
      await unpackDebian(into, packages, env);
    },
  });

const prepareGo = (env: Env, say: Say): Promise<string> =>
  makeOnce({
    folder: cacheFolder(env, "interop"),
    name: goName(),
    say,
    works: async (path) =>
      (await run([join(path, "peer"), "version"], env, checkLimitMs)).code === 0,
    make: async (into) => {
      if ((await run(["go", "version"], env, checkLimitMs)).code !== 0) {
        throw new Error("there is no Go to build test/interop/go with: install Go 1.21 or later");
      }
      say("building test/interop/go");
      await must(
        ["nice", "go", "build", "-C", goFolder, "-trimpath", "-o", join(into, "peer"), "."],
        { ...env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
        buildLimitMs,
      );
    },
  });

/** What is installed, by name. */
export const installations: Readonly<Record<string, (env: Env, say: Say) => Promise<string>>> = {
  tools: prepareTools,
  go: prepareGo,
  python: (env, say) => prepareVenv(venv, env, say),
};
