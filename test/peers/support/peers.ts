/** Where the installed peers are; `environment/main.ts` puts them there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { grpcurlPath } from "../environment/grpcurl.ts";
import { h2specPath } from "../environment/h2spec.ts";
import { type Venv, venvPath, venvs } from "../environment/venv.ts";

// biome-ignore lint/style/noProcessEnv: the door of these tests; what they start gets what it needs of it
const env = process.env;

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const pythonFolder = join(root, "test/peers/python");

const programs = (venv: Venv): string => {
  const bin = join(venvPath(venv, env), "bin");
  if (existsSync(bin)) return bin;
  throw new Error(`the peers are not installed: run node test/peers/environment/main.ts (${bin})`);
};

/** The folder of `seldon-core-microservice` and the Python that knows SeldonClient. */
export const seldonCore = (): string => programs(venvs.seldonCore);

/** The folder of `mlserver` and the Python that knows tritonclient. */
export const openInference = (): string => programs(venvs.openInference);

/** The command, or undefined where it could not be built for want of Go. */
const built = (path: string): string | undefined => (existsSync(path) ? path : undefined);
export const grpcurl = (): string | undefined => built(grpcurlPath(env));
export const h2spec = (): string | undefined => built(h2specPath(env));

/** What a process of a peer inherits of this machine. */
export const machineEnv = (bin: string): Readonly<Record<string, string>> => ({
  PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
  PYTHONDONTWRITEBYTECODE: "1", // nothing is written into the tree
  PYTHONUNBUFFERED: "1",
});
