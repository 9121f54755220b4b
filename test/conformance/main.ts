/**
 * Runs the conformance cases against our engine: every area that this version offers.
 * Further arguments go to the runner (`--only`, `--verbose`, ...). See README.md.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Cases that need what the engine does not offer yet; nothing else is left out. */
const notOffered = [
  /^grpc-(?:tensorflow|v2)-/, // protocols tensorflow and v2
  /^(?:tensorflow|v2)-rest-/,
];

const runner = (
  args: readonly string[],
  capture: boolean,
): Promise<{ code: number; text: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here("run.mjs"), ...args], {
      cwd: here("."),
      stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
    });
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve({ code: code ?? 1, text }));
  });

const listed = await runner(["--list"], true);
const ids = listed.text.split("\n").map((line) => line.split("\t", 1)[0] ?? "");
const offered = ids.filter((id) => id !== "" && !notOffered.some((pattern) => pattern.test(id)));
const given = process.argv.slice(2);
const { code } = await runner(
  [
    ...["--engine", `${here("../../bin/espalier")} engine`],
    ...["--annotations-env", "ESPALIER_PODINFO_ANNOTATIONS"],
    ...(given.length > 0 ? given : ["--quiet", "--only", offered.join(",")]),
  ],
  false,
);
process.exitCode = code;
