/**
 * Writes reference.json anew: what other implementations say, in their own Python environment.
 *
 *     node test/regret/reference.ts
 */
import { join } from "node:path";
import { must } from "../peers/environment/run.ts";
import { prepareVenv } from "../peers/environment/venv.ts";

const bandits = { name: "bandits", modules: ["mabwiser", "SMPyBandits", "scipy"] } as const;
const limitMs = 60 * 60_000;

// biome-ignore lint/style/noProcessEnv: the door of this command
const env = process.env;
const say = (line: string): void => {
  process.stderr.write(`regret: ${line}\n`);
};

const venv = await prepareVenv(bandits, env, say);
const python = join(venv, "bin", "python");
say("asking the libraries, which takes a minute or two");
await must([python, join(import.meta.dirname, "reference.py")], env, limitMs);
