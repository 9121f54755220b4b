/** onnxruntime-node, from the registry of npm, as docs/models.md says to install it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "./cache.ts";
import { makeOnce } from "./once.ts";
import { must, run } from "./run.ts";

const version = "1.30.0";

const installLimitMs = 10 * 60_000;
const checkLimitMs = 20_000;

const name = keyed("onnxruntime", version, process.version);

/** The folder of packages in which it is once it is installed. */
export const onnxruntimePackages = (env: Env): string =>
  join(cacheFolder(env), name, "node_modules");

/** Installs it unless it is there and works. */
export const prepareOnnxruntime = (env: Env, say: (line: string) => void): Promise<string> =>
  makeOnce({
    folder: cacheFolder(env),
    name,
    say,
    works: async (path) => {
      const load = `require(${JSON.stringify(join(path, "node_modules/onnxruntime-node"))})`;
      return (await run([process.execPath, "-e", load], env, checkLimitMs)).code === 0;
    },
    make: async (into) => {
      say(`installing onnxruntime-node ${version}`);
      writeFileSync(join(into, "package.json"), '{"private": true}\n');
      // its script would fetch files for GPUs
      const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", into];
      await must(["npm", "install", ...flags, `onnxruntime-node@${version}`], env, installLimitMs);
      const manifest = join(into, "node_modules/onnxruntime-node/package.json");
      say(`onnxruntime-node ${JSON.parse(readFileSync(manifest, "utf8")).version} is there`);
    },
  });
