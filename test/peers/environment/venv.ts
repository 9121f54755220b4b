/** Python environments of pinned packages, made once in the cache. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, type Env, keyed } from "./cache.ts";
import { makeOnce } from "./once.ts";
import { findPython, pythonVersion } from "./python.ts";
import { must, run } from "./run.ts";

export type Venv = {
  readonly name: string;
  /** What has to be importable if it works. */
  readonly modules: readonly string[];
  /** The folder of its requirements; that of the peers if absent. */
  readonly folder?: string;
};

export const venvs = {
  seldonCore: { name: "seldon-core", modules: ["seldon_core.microservice"] },
  openInference: {
    name: "open-inference",
    modules: ["mlserver", "mlserver_sklearn", "tritonclient.http", "tritonclient.grpc"],
  },
  models: { name: "models", modules: ["xgboost", "lightgbm", "sklearn", "skl2onnx"] },
} as const satisfies Record<string, Venv>;

const installLimitMs = 15 * 60_000;
const checkLimitMs = 60_000;

const requirementsOf = ({ name, folder = join(import.meta.dirname, "..") }: Venv): string =>
  join(folder, `requirements-${name}.txt`);

/** Where the environment is once it is made. */
export const venvPath = (venv: Venv, env: Env): string => join(cacheFolder(env), keyOf(venv));

const keyOf = (venv: Venv): string =>
  keyed(venv.name, pythonVersion, readFileSync(requirementsOf(venv), "utf8"));

/** Installs it unless it is there and works. */
export const prepareVenv = (venv: Venv, env: Env, say: (line: string) => void): Promise<string> =>
  makeOnce({
    folder: cacheFolder(env),
    name: keyOf(venv),
    say,
    works: (path) => works(path, venv, env),
    make: async (into) => {
      const python = await findPython(env);
      say(`installing ${requirementsOf(venv)} with ${python}`);
      await must([python, "-I", "-m", "venv", into], env, checkLimitMs);
      await install(join(into, "bin", "python"), requirementsOf(venv), env);
    },
  });

/** What is listed is all there is: no dependency is chosen by the day on which this runs. */
const install = async (python: string, requirements: string, env: Env): Promise<void> => {
  const pip = [python, "-I", "-m", "pip"];
  const pinned = { ...env, PIP_CONSTRAINT: requirements }; // holds for what builds packages, too
  const flags = ["--no-deps", "--disable-pip-version-check", "--no-input", "--quiet"];
  await must([...pip, "install", ...flags, "--requirement", requirements], pinned, installLimitMs);
  await must([...pip, "check"], env, checkLimitMs);
};

const works = async (path: string, { modules }: Venv, env: Env): Promise<boolean> => {
  const python = join(path, "bin", "python");
  const code = `import sys, importlib.util as u
sys.exit(any(u.find_spec(name) is None for name in ${JSON.stringify(modules)}))`;
  return (await run([python, "-I", "-c", code], env, checkLimitMs)).code === 0;
};
