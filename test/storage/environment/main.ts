/**
 * Builds the servers of the tests of this folder, unless they are there:
 *
 *     node test/storage/environment/main.ts
 *
 * Prints what it does, and why it cannot; the exit code is 1 then.
 */
import { prepareGoProgram } from "../../peers/environment/go-program.ts";
import { gcsProgram, s3Program } from "./programs.ts";

const say = (line: string): void => {
  process.stdout.write(`storage: ${line}\n`);
};

try {
  for (const program of [s3Program, gcsProgram]) {
    // biome-ignore lint/style/noProcessEnv: the door of this command
    const path = await prepareGoProgram(program, process.env, say);
    if (path === undefined) throw new Error(`${program.name} is built by Go: install Go 1.24`);
    say(path);
  }
} catch (error) {
  process.stderr.write(`storage: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
