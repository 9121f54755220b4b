/** h2spec, the conformance tests of HTTP/2, built from its Go module where there is Go. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, type Env, keyed } from "./cache.ts";
import { makeOnce } from "./once.ts";
import { must, run } from "./run.ts";

/** The folder of the go.mod that pins all it is made of. */
const moduleFolder = fileURLToPath(new URL("../h2spec/", import.meta.url));
const commandPackage = "github.com/summerwind/h2spec/cmd/h2spec";

const buildLimitMs = 15 * 60_000;
const checkLimitMs = 20_000;

const name = (): string => keyed("h2spec", readFileSync(join(moduleFolder, "go.mod"), "utf8"));

/** Where the command is once it is built. */
export const h2specPath = (env: Env): string => join(cacheFolder(env), name(), "h2spec");

const works = async (path: string, env: Env): Promise<boolean> =>
  (await run([join(path, "h2spec"), "--version"], env, checkLimitMs)).code === 0;

/** Builds it unless it is there and works; undefined where there is no Go. */
export const prepareH2spec = async (
  env: Env,
  say: (line: string) => void,
): Promise<string | undefined> => {
  const folder = cacheFolder(env);
  const isThere = await works(join(folder, name()), env);
  if (!isThere && (await run(["go", "version"], env, checkLimitMs)).code !== 0) return undefined;
  await makeOnce({
    folder,
    name: name(),
    say,
    works: (path) => works(path, env),
    make: async (into) => {
      say(`building ${commandPackage}`);
      await must(
        ["nice", "go", "build", "-C", moduleFolder, "-o", join(into, "h2spec"), commandPackage],
        { ...env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
        buildLimitMs,
      );
    },
  });
  return h2specPath(env);
};
