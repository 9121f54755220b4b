/**
 * Runs all conformance cases against our engine. Arguments go to the runner (`--only`,
 * `--verbose`, ...). See README.md.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const given = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [
    here("run.mjs"),
    ...["--engine", `${here("../../bin/espalier")} engine`],
    ...["--annotations-env", "ESPALIER_PODINFO_ANNOTATIONS"],
    ...(given.length > 0 ? given : ["--quiet"]),
  ],
  { cwd: here("."), stdio: ["ignore", "inherit", "inherit"] },
);
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
