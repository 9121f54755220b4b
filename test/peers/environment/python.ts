/** Finds a Python of the version that the peers run on. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "./cache.ts";
import { run } from "./run.ts";

/** The one on which both seldon-core 1.17.1 and the present MLServer run. */
export const pythonVersion = "3.11";

const probeLimitMs = 20_000;
/** Debian has `venv` without what fills it with pip: both have to be there. */
const probe = `
import sys, venv, ensurepip
print("%d.%d %s" % (*sys.version_info[:2], sys.executable))
`;

/** The executable of a Python 3.11 that can make environments. */
export const findPython = async (env: Env): Promise<string> => {
  const tried: string[] = [];
  for (const candidate of candidates(env)) {
    const { code, output } = await run([candidate, "-I", "-c", probe], env, probeLimitMs);
    const [version, ...executable] = output.trim().split(" ");
    if (code === 0 && version === pythonVersion) return executable.join(" ");
    const last = output.trim().split("\n").at(-1) ?? "";
    tried.push(`  ${candidate}: ${code === 0 ? `is Python ${version}` : last}`);
  }
  throw new Error(
    [
      `the peers need Python ${pythonVersion} with its modules venv and ensurepip; there is none:`,
      ...tried,
      `Install it (Debian, Ubuntu: python${pythonVersion} and python${pythonVersion}-venv; else`,
      `pyenv install ${pythonVersion}), or name one in ESPALIER_PYTHON.`,
    ].join("\n"),
  );
};

const candidates = (env: Env): readonly string[] => {
  if (env["ESPALIER_PYTHON"]) return [env["ESPALIER_PYTHON"]];
  return [`python${pythonVersion}`, "python3", "python", ...pyenvPythons(env)];
};

/** The newest first. Source: pyenv, "Locating Pyenv-provided Python installations". */
const pyenvPythons = (env: Env): readonly string[] => {
  const root = env["PYENV_ROOT"] || join(env["HOME"] ?? "/", ".pyenv");
  try {
    return readdirSync(join(root, "versions"))
      .filter((name) => name === pythonVersion || name.startsWith(`${pythonVersion}.`))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .map((name) => join(root, "versions", name, "bin", "python"));
  } catch {
    return []; // no pyenv
  }
};
