/** Programs that are built from their Go modules, and kept. */
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "./cache.ts";
import { makeOnce } from "./once.ts";
import { must, run } from "./run.ts";

export type GoProgram = {
  /** Of the cache: `peers`, `storage`. */
  readonly area: string;
  readonly name: string;
  /** The path of its main package. */
  readonly module: string;
  readonly version: string;
  /** What it is asked to see that it works, and the exit code that it answers with. */
  readonly probe: readonly string[];
  readonly probeCode: number;
};

const buildLimitMs = 15 * 60_000;
const checkLimitMs = 20_000;

/** Where the program is once it is built. */
export const goProgramPath = ({ area, name, version }: GoProgram, env: Env): string =>
  join(cacheFolder(env, area), keyed(name, version), name);

/** Builds it unless it is there and works; undefined where there is no Go. */
export const prepareGoProgram = async (
  program: GoProgram,
  env: Env,
  say: (line: string) => void,
): Promise<string | undefined> => {
  const { area, name, module, version, probe, probeCode } = program;
  const folder = cacheFolder(env, area);
  const entry = keyed(name, version);
  const works = async (path: string): Promise<boolean> =>
    (await run([join(path, name), ...probe], env, checkLimitMs)).code === probeCode;
  const isThere = await works(join(folder, entry));
  if (!isThere && (await run(["go", "version"], env, checkLimitMs)).code !== 0) return undefined;
  await makeOnce({
    ...{ folder, name: entry, say, works },
    make: async (into) => {
      say(`building ${module}@${version}`);
      const built = { ...env, GOBIN: into, GOFLAGS: "-mod=mod" };
      await must(["nice", "go", "install", `${module}@${version}`], built, buildLimitMs);
    },
  });
  return goProgramPath(program, env);
};
