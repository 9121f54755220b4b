/** grpcurl, built from its Go module where there is Go. */
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "./cache.ts";
import { makeOnce } from "./once.ts";
import { must, run } from "./run.ts";

const grpcurlModule = "github.com/fullstorydev/grpcurl/cmd/grpcurl";
const version = "v1.9.3";

const buildLimitMs = 15 * 60_000;
const checkLimitMs = 20_000;

/** Where the command is once it is built. */
export const grpcurlPath = (env: Env): string =>
  join(cacheFolder(env), keyed("grpcurl", version), "grpcurl");

/** Builds it unless it is there and works; undefined where there is no Go. */
export const prepareGrpcurl = async (
  env: Env,
  say: (line: string) => void,
): Promise<string | undefined> => {
  const command = grpcurlPath(env);
  const works = async (path: string): Promise<boolean> =>
    (await run([join(path, "grpcurl"), "-version"], env, checkLimitMs)).code === 0;
  const folder = await makeOnceIfGo(env, { works, say });
  return folder === undefined ? undefined : command;
};

type Making = {
  readonly works: (path: string) => Promise<boolean>;
  readonly say: (line: string) => void;
};

const makeOnceIfGo = async (env: Env, { works, say }: Making): Promise<string | undefined> => {
  const folder = cacheFolder(env);
  const name = keyed("grpcurl", version);
  const isThere = await works(join(folder, name));
  if (!isThere && (await run(["go", "version"], env, checkLimitMs)).code !== 0) return undefined;
  return makeOnce({
    folder,
    name,
    say,
    works,
    make: async (into) => {
      say(`building ${grpcurlModule}@${version}`);
      const built = { ...env, GOBIN: into, GOFLAGS: "-mod=mod" };
      await must(["go", "install", `${grpcurlModule}@${version}`], built, buildLimitMs);
    },
  });
};
